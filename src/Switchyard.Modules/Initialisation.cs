using Switchyard.Tensors;

namespace Switchyard.Modules;

/// <summary>What follows a layer, as far as it changes the spread of its numbers.</summary>
public enum Nonlinearity
{
    /// <summary>Nothing.</summary>
    Linear,

    /// <summary>The logistic function.</summary>
    Sigmoid,

    /// <summary>The hyperbolic tangent.</summary>
    Tanh,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>Relu with a slope below 0.</summary>
    LeakyRelu,

    /// <summary>The scaled exponential linear unit.</summary>
    Selu,
}

/// <summary>
/// How far initial weights spread. A layer starts as <see cref="Tensor.Normal"/> with a deviation, or as
/// <see cref="Tensor.Uniform"/> within plus or minus the <see cref="UniformBound"/> of it.
/// </summary>
public static class Initialisation
{
    /// <summary>How many numbers each output is made of, and how many each input goes to.</summary>
    /// <param name="weight">[out, in] or [out, in, kernel...]</param>
    /// <exception cref="ArgumentException">There are fewer than two axes.</exception>
    public static (int In, int Out) Fans(Shape weight)
    {
        if (weight.Rank < 2) throw new ArgumentException($"a weight of shape {weight} has no fans: it needs [out, in, ...]");
        long kernel = weight.Product(2, weight.Rank);
        return checked(((int)(weight[1] * kernel), (int)(weight[0] * kernel)));
    }

    /// <summary>gain·√(2/(in + out)): keeps the spread of numbers and of gradients between them (Glorot and Bengio 2010).</summary>
    /// <param name="weight">[out, in] or [out, in, kernel...]</param>
    /// <param name="gain">See <see cref="Gain"/>.</param>
    public static double XavierDeviation(Shape weight, double gain = 1)
    {
        (int fanIn, int fanOut) = Fans(weight);
        return gain * Math.Sqrt(2.0 / ((long)fanIn + fanOut));
    }

    /// <summary>gain/√fan: keeps the spread of numbers, by the fan in, or of gradients, by the fan out (He et al. 2015).</summary>
    /// <param name="fan">One of <see cref="Fans"/>.</param>
    /// <param name="gain">See <see cref="Gain"/>.</param>
    public static double KaimingDeviation(int fan, double gain = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(fan);
        return gain / Math.Sqrt(fan);
    }

    /// <summary>The bound of the uniform distribution that has a deviation: √3 times as much.</summary>
    public static double UniformBound(double deviation) => deviation * Math.Sqrt(3);

    /// <summary>1/√fan: the bound of weights and biases that PyTorch's linear, convolutional and recurrent layers start from.</summary>
    /// <param name="fanIn">Numbers per output: the input width, times the kernel, over the groups; the hidden width of a recurrent layer.</param>
    public static double DefaultBound(int fanIn) => KaimingDeviation(fanIn);

    /// <summary>By how much a nonlinearity shrinks the spread, to be made up for.</summary>
    /// <param name="nonlinearity">What follows the layer.</param>
    /// <param name="slope">The slope below 0, for <see cref="Nonlinearity.LeakyRelu"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such nonlinearity.</exception>
    public static double Gain(Nonlinearity nonlinearity, double slope = 0.01) => nonlinearity switch
    {
        Nonlinearity.Linear or Nonlinearity.Sigmoid => 1,
        Nonlinearity.Tanh => 5.0 / 3,
        Nonlinearity.Relu => Math.Sqrt(2),
        Nonlinearity.LeakyRelu => Math.Sqrt(2 / (1 + slope * slope)),
        Nonlinearity.Selu => 0.75,
        _ => throw new ArgumentOutOfRangeException(nameof(nonlinearity), nonlinearity, "no such nonlinearity"),
    };

    /// <summary>The mean and deviation of a normal distribution cut off at absolute bounds, as <see cref="Tensor.TruncatedNormal"/> draws it.</summary>
    /// <param name="mean">The mean before truncation.</param>
    /// <param name="deviation">The standard deviation before truncation.</param>
    /// <param name="low">The least number.</param>
    /// <param name="high">The largest number.</param>
    public static (double Mean, double Deviation) TruncatedNormalMoments(double mean, double deviation, double low, double high)
    {
        double a = (low - mean) / deviation, b = (high - mean) / deviation;
        double share = Distribution(b) - Distribution(a);
        double shift = (Density(a) - Density(b)) / share;
        double variance = 1 + (a * Density(a) - b * Density(b)) / share - shift * shift;
        return (mean + deviation * shift, deviation * Math.Sqrt(variance));
    }

    private static double Density(double x) => Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);

    private static double Distribution(double x)
    {
        using Tensor argument = Tensor.Scalar(x / Math.Sqrt(2), ElementType.Float64);
        using Tensor erf = argument.Erf();
        return 0.5 * (1 + erf.ToDouble());
    }
}

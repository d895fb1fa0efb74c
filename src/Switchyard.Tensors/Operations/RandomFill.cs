using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

public sealed partial class Tensor
{
    // Below this share, drawing until a number fits takes too long.
    private const double LeastShare = 1e-3;

    /// <summary>Random numbers of which all from <paramref name="low"/> to <paramref name="high"/> (not included) are equally likely.</summary>
    /// <param name="shape">The shape.</param>
    /// <param name="low">The lower bound.</param>
    /// <param name="high">The upper bound.</param>
    /// <param name="random">The stream; the same for any number of threads.</param>
    /// <param name="type">Float32 or Float64.</param>
    /// <exception cref="ArgumentException">The bounds are in the wrong order or not finite.</exception>
    public static Tensor Uniform(Shape shape, double low, double high, Philox random, ElementType type = ElementType.Float32)
    {
        if (!(low <= high) || !double.IsFinite(high - low)) throw new ArgumentException($"no uniform distribution lies between {low} and {high}");
        return Random<UniformDistribution>(shape, new DistributionShape(low, high), random, type);
    }

    /// <summary>Random numbers of the normal distribution.</summary>
    /// <param name="shape">The shape.</param>
    /// <param name="mean">The mean.</param>
    /// <param name="deviation">The standard deviation, 0 or more.</param>
    /// <param name="random">The stream; the same for any number of threads.</param>
    /// <param name="type">Float32 or Float64.</param>
    /// <exception cref="ArgumentOutOfRangeException">The deviation is negative.</exception>
    public static Tensor Normal(Shape shape, double mean, double deviation, Philox random, ElementType type = ElementType.Float32)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(deviation);
        return Random<NormalDistribution>(shape, new DistributionShape(0, 0, mean, deviation), random, type);
    }

    /// <summary>Random numbers of the normal distribution, drawn again until they lie between two bounds.</summary>
    /// <param name="shape">The shape.</param>
    /// <param name="mean">The mean before truncation.</param>
    /// <param name="deviation">The standard deviation before truncation, positive.</param>
    /// <param name="low">The least number, an absolute value.</param>
    /// <param name="high">The largest number, an absolute value.</param>
    /// <param name="random">The stream; the same for any number of threads.</param>
    /// <param name="type">Float32 or Float64.</param>
    /// <exception cref="ArgumentException">Less than a thousandth of the distribution lies between the bounds.</exception>
    public static Tensor TruncatedNormal(Shape shape, double mean, double deviation, double low, double high, Philox random, ElementType type = ElementType.Float32)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(deviation);
        double share = NormalDistributionFunction.Of((high - mean) / deviation) - NormalDistributionFunction.Of((low - mean) / deviation);
        if (!(share >= LeastShare)) throw new ArgumentException($"a share of {share:g2} of the normal distribution ({mean}, {deviation}) lies between {low} and {high}: at least {LeastShare} must");
        return Random<TruncatedNormalDistribution>(shape, new DistributionShape(low, high, mean, deviation), random, type);
    }

    private static Tensor Random<TDistribution>(Shape shape, DistributionShape distribution, Philox random, ElementType type)
        where TDistribution : struct, IDistribution
    {
        ArgumentNullException.ThrowIfNull(random);
        if (!type.IsComputed()) throw new ArgumentException($"random numbers are Float32 or Float64, not {type}: convert them");
        Tensor y = Empty(shape, type);
        RandomNumbers.Fill<TDistribution>(y, distribution, random);
        return y;
    }
}

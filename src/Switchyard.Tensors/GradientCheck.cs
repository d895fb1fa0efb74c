namespace Switchyard.Tensors;

/// <summary>What a gradient check found: the element of an input where the gradient and the differences agree least.</summary>
/// <param name="Error">The largest difference, relative to the largest derivative of its input (or to 1e-3, if that is more).</param>
/// <param name="Input">Which input it is in.</param>
/// <param name="Position">Which element, counted in row-major order.</param>
/// <param name="Gradient">What the gradient says.</param>
/// <param name="Difference">What differences say.</param>
public sealed record GradientCheckResult(double Error, int Input, long Position, double Gradient, double Difference)
{
    /// <summary>One line that says all of it.</summary>
    public override string ToString() => $"relative error {Error:g3} at element {Position} of input {Input}: the gradient is {Gradient:g9}, differences give {Difference:g9}";
}

/// <summary>
/// Compares gradients with differences, in Float64: f(x + h) - f(x - h) at two distances, extrapolated to fourth
/// order. For functions without a kink close to the inputs.
/// </summary>
public static class GradientCheck
{
    private const double Step = 1e-3;
    private const double SmallestScale = 1e-3;

    /// <summary>Checks the gradient of a function with respect to all its inputs.</summary>
    /// <param name="function">Makes a result of any shape from the inputs; it must give the same each time. Its weighted sum is differentiated.</param>
    /// <param name="inputs">Float64 tensors; they are left as they were.</param>
    /// <exception cref="ArgumentException">An input is not Float64.</exception>
    public static GradientCheckResult First(Func<Tensor[], Tensor> function, params Tensor[] inputs)
    {
        ArgumentNullException.ThrowIfNull(function);
        Check(inputs);
        return Compare(leaves => Weighted([function(leaves)], seed: 1), inputs);
    }

    /// <summary>Checks the gradient of the gradient: that of a weighted sum of all first derivatives.</summary>
    /// <inheritdoc cref="First"/>
    public static GradientCheckResult Second(Func<Tensor[], Tensor> function, params Tensor[] inputs)
    {
        ArgumentNullException.ThrowIfNull(function);
        Check(inputs);
        return Compare(leaves => Weighted(Gradients.Of(Weighted([function(leaves)], seed: 1), leaves, createGraph: true), seed: 2), inputs);
    }

    /// <summary>Checks the gradient, and the gradient of the gradient.</summary>
    /// <param name="function">Makes a result of any shape from the inputs; it must give the same each time.</param>
    /// <param name="tolerance">The largest relative error that is let pass.</param>
    /// <param name="inputs">Float64 tensors; they are left as they were.</param>
    /// <exception cref="InvalidOperationException">An error is larger.</exception>
    public static void Require(Func<Tensor[], Tensor> function, double tolerance, params Tensor[] inputs)
        => Judge(First(function, inputs), Second(function, inputs), tolerance);

    /// <summary>Checks the gradient, and the gradient of the gradient, of a function that reads its leaves itself: a module and its parameters.</summary>
    /// <param name="function">Makes a result of any shape; it must give the same each time.</param>
    /// <param name="tolerance">The largest relative error that is let pass.</param>
    /// <param name="leaves">Float64 tensors that require a gradient; they are changed for the while.</param>
    /// <exception cref="ArgumentException">A leaf is not Float64.</exception>
    /// <exception cref="InvalidOperationException">An error is larger.</exception>
    public static void RequireOfLeaves(Func<Tensor> function, double tolerance, params Tensor[] leaves)
    {
        ArgumentNullException.ThrowIfNull(function);
        Check(leaves);
        using TensorScope scope = new();
        GradientCheckResult first = CompareLeaves(_ => Weighted([function()], seed: 1), leaves);
        GradientCheckResult second = CompareLeaves(_ => Weighted(Gradients.Of(Weighted([function()], seed: 1), leaves, createGraph: true), seed: 2), leaves);
        Judge(first, second, tolerance);
    }

    private static void Judge(GradientCheckResult first, GradientCheckResult second, double tolerance)
    {
        if (!(first.Error <= tolerance)) throw new InvalidOperationException($"the gradient is wrong: {first}");
        if (!(second.Error <= tolerance)) throw new InvalidOperationException($"the gradient of the gradient is wrong: {second}");
    }

    private static GradientCheckResult Compare(Func<Tensor[], Tensor> scalar, Tensor[] inputs)
    {
        using TensorScope scope = new();
        Tensor[] leaves = Array.ConvertAll(inputs, static input => input.Clone());
        foreach (Tensor leaf in leaves) leaf.RequiresGradient = true;
        return CompareLeaves(scalar, leaves);
    }

    private static GradientCheckResult CompareLeaves(Func<Tensor[], Tensor> scalar, Tensor[] leaves)
    {
        Tensor value = scalar(leaves);
        // A sum that does not depend on the inputs, such as a gradient that is constant, has derivatives of zero.
        Tensor[] Of(bool createGraph) => value.RequiresGradient ? Gradients.Of(value, leaves, createGraph: createGraph) : Array.ConvertAll(leaves, static leaf => Tensor.Zeros(leaf.Shape, leaf.Type));
        Tensor[] gradients = Of(createGraph: false), differentiable = Of(createGraph: true); // the two may take different paths

        GradientCheckResult worst = new(0, 0, 0, 0, 0);
        for (int input = 0; input < leaves.Length; input++)
        {
            double[] differences = Differences(scalar, leaves, input);
            double scale = SmallestScale;
            foreach (double difference in differences) scale = Math.Max(scale, Math.Abs(difference));
            foreach (double[] gradient in (double[][])[gradients[input].ToArray<double>(), differentiable[input].ToArray<double>()])
            {
                for (int i = 0; i < gradient.Length; i++)
                {
                    double error = Math.Abs(gradient[i] - differences[i]) / scale;
                    if (!(error <= worst.Error)) worst = new(error, input, i, gradient[i], differences[i]);
                }
            }
        }
        return worst;
    }

    private static double[] Differences(Func<Tensor[], Tensor> scalar, Tensor[] leaves, int input)
    {
        double[] differences = new double[leaves[input].Elements];
        for (int i = 0; i < differences.Length; i++)
        {
            double near = Difference(scalar, leaves, input, i, Step), far = Difference(scalar, leaves, input, i, 2 * Step);
            differences[i] = (4 * near - far) / 3;
        }
        return differences;
    }

    private static double Difference(Func<Tensor[], Tensor> scalar, Tensor[] leaves, int input, int position, double step)
    {
        double before = leaves[input].AsReadOnlySpan<double>()[position];
        double above = At(before + step), below = At(before - step);
        leaves[input].AsSpan<double>()[position] = before;
        return (above - below) / (2 * step);

        double At(double x)
        {
            using TensorScope scope = new();
            leaves[input].AsSpan<double>()[position] = x;
            return scalar(leaves).ToDouble();
        }
    }

    // Weights of the size of 1 that no symmetry of a function can hide behind.
    private static Tensor Weighted(Tensor[] tensors, ulong seed)
    {
        Philox random = new(seed);
        Tensor sum = Tensor.Scalar(0, ElementType.Float64);
        foreach (Tensor tensor in tensors) sum += (tensor * Tensor.Uniform(tensor.Shape, 0.5, 1.5, random, ElementType.Float64)).Sum();
        return sum;
    }

    private static void Check(Tensor[] inputs)
    {
        foreach (Tensor input in inputs)
            if (input.Type != ElementType.Float64) throw new ArgumentException($"{input} is too coarse for differences: give Float64");
    }
}

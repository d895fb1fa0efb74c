using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors;

/// <summary>
/// Compares gradients with differences in Float64: those of the first-order rules, those of the differentiable
/// ones, and the gradients of gradients.
/// </summary>
internal static class OperationCheck
{
    private const double Step = 1e-3;
    private const double Tolerance = 1e-6;

    /// <param name="function">Of the inputs; any shape.</param>
    /// <param name="inputs">Float64. They are made leaves.</param>
    public static void Of(Func<Tensor[], Tensor> function, params Tensor[] inputs)
    {
        using TensorScope scope = new();
        foreach (Tensor input in inputs) input.RequiresGradient = true;
        Tensor upstream = Random(inputs.Length + 17, function(inputs).Shape);
        Tensor[] directions = [.. inputs.Select((input, i) => Random(i + 31, input.Shape))];

        Tensor[] fused = Gradients.Of(function(inputs), inputs, upstream);
        Tensor[] composed = Gradients.Of(function(inputs), inputs, upstream, createGraph: true);
        Tensor along = Tensor.Scalar(0, ElementType.Float64);
        for (int i = 0; i < inputs.Length; i++) along += (composed[i] * directions[i]).Sum();
        Tensor[] products = along.RequiresGradient ? Gradients.Of(along, inputs) : [.. inputs.Select(input => Tensor.Zeros(input.Shape, input.Type))];

        for (int i = 0; i < inputs.Length; i++)
        {
            double[] slopes = Differences(inputs[i], () => Value((function(inputs) * upstream).Sum()));
            AssertClose($"gradient of input {i}", slopes, fused[i].ToArray<double>());
            AssertClose($"differentiable gradient of input {i}", slopes, composed[i].ToArray<double>());
            double[] curvatures = Differences(inputs[i], () => Along(Gradients.Of(function(inputs), inputs, upstream), directions));
            AssertClose($"second-order product of input {i}", curvatures, products[i].ToArray<double>());
        }
    }

    /// <summary>Normal numbers in Float64, the same for the same seed.</summary>
    public static Tensor Random(int seed, Shape shape)
    {
        Philox random = new((ulong)seed);
        double[] numbers = new double[shape.Elements];
        for (int i = 0; i < numbers.Length; i++) numbers[i] = random.NextNormal();
        return Tensor.From(numbers, shape);
    }

    private static double Along(Tensor[] gradients, Tensor[] directions)
        => gradients.Zip(directions, (gradient, direction) => Value((gradient * direction).Sum())).Sum();

    private static double Value(Tensor number) => number.ToDouble();

    // Fourth-order central differences: the error is of the order of Step⁴.
    private static double[] Differences(Tensor input, Func<double> value)
    {
        double[] slopes = new double[input.Elements];
        for (int i = 0; i < slopes.Length; i++)
        {
            double at = input.AsReadOnlySpan<double>()[i];
            slopes[i] = (8 * (At(at + Step) - At(at - Step)) - (At(at + 2 * Step) - At(at - 2 * Step))) / (12 * Step);
            Set(at);

            double At(double x)
            {
                Set(x);
                using TensorScope scope = new();
                return value();
            }

            void Set(double x) => input.AsSpan<double>()[i] = x;
        }
        return slopes;
    }

    private static void AssertClose(string what, double[] expected, double[] actual)
    {
        double scale = expected.Select(Math.Abs).DefaultIfEmpty(0).Max() + 1;
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= Tolerance * scale, $"{what}, element {i}: {actual[i]:R}, by differences {expected[i]:R}");
    }
}

using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors;

/// <summary>Checks the two ways in which a fused operation makes its gradients.</summary>
internal static class FusedGradients
{
    /// <summary>
    /// The first-order kernel and the gradient of the gradient agree with differences, and the differentiable
    /// composition gives the same gradient as the kernel.
    /// </summary>
    public static void Check(Func<Tensor[], Tensor> function, params Tensor[] inputs)
    {
        using TensorScope scope = new();
        GradientCheck.Require(function, 1e-6, inputs);
        foreach (Tensor input in inputs) input.RequiresGradient = true;
        Tensor upstream = Random(17, function(inputs).Shape);
        Tensor[] fused = Gradients.Of(function(inputs), inputs, upstream), composed = Gradients.Of(function(inputs), inputs, upstream, createGraph: true);
        for (int i = 0; i < inputs.Length; i++)
            foreach ((double a, double b) in fused[i].ToArray<double>().Zip(composed[i].ToArray<double>())) Assert.Equal(a, b, 1e-10);
    }

    /// <summary>Normal numbers in Float64, the same for the same seed.</summary>
    public static Tensor Random(int seed, Shape shape)
    {
        Philox random = new((ulong)seed);
        double[] numbers = new double[shape.Elements];
        for (int i = 0; i < numbers.Length; i++) numbers[i] = random.NextNormal();
        return Tensor.From(numbers, shape);
    }
}

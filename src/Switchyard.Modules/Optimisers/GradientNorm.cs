using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Switchyard.Modules.Optimisers;

/// <summary>
/// How large all gradients are together, and by what to shrink them (Pascanu et al., "On the difficulty of training
/// recurrent neural networks", ICML 2013, algorithm 1).
/// </summary>
public static class GradientNorm
{
    // What PyTorch adds to the norm, so that a clipped norm is a little below its limit.
    private const double Margin = 1e-6;

    /// <summary>The Euclidean norm over all entries of the gradients of some parameters. Sums are in float64, in a fixed order.</summary>
    /// <returns>The norm; NaN or infinite where an entry is. Parameters without a gradient count as zeros.</returns>
    public static double Euclidean(IReadOnlyList<(string Name, Tensor Tensor)> parameters)
        => Math.Sqrt(SquaredNorm.Of(Of(parameters)));

    /// <summary>The largest absolute value among all entries of the gradients of some parameters.</summary>
    /// <inheritdoc cref="Euclidean"/>
    public static double Maximum(IReadOnlyList<(string Name, Tensor Tensor)> parameters)
    {
        double largest = 0;
        foreach (Tensor gradient in Of(parameters))
        {
            if (gradient.Elements == 0) continue;
            double magnitude = gradient.Type == ElementType.Float32
                ? TensorPrimitives.MaxMagnitude(gradient.AsReadOnlySpan<float>())
                : TensorPrimitives.MaxMagnitude(gradient.AsReadOnlySpan<double>());
            largest = Math.Max(largest, Math.Abs(magnitude));
        }
        return largest;
    }

    /// <summary>The factor that brings gradients of a norm down to a limit: min(1, limit / (norm + 1e-6)), PyTorch's rule.</summary>
    public static double Clip(double norm, double limit) => Math.Min(1, limit / (norm + Margin));

    private static List<Tensor> Of(IReadOnlyList<(string Name, Tensor Tensor)> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        List<Tensor> gradients = new(parameters.Count);
        for (int i = 0; i < parameters.Count; i++)
            if (parameters[i].Tensor.Gradient is { } gradient) gradients.Add(gradient);
        return gradients;
    }
}

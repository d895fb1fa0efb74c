using System.Numerics;
using Switchyard.Tensors;

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
    {
        ArgumentNullException.ThrowIfNull(parameters);
        double sum = 0;
        for (int i = 0; i < parameters.Count; i++)
        {
            if (parameters[i].Tensor.Gradient is not { } gradient) continue;
            sum += gradient.Type == ElementType.Float32 ? SumOfSquares(gradient.AsReadOnlySpan<float>()) : SumOfSquares(gradient.AsReadOnlySpan<double>());
        }
        return Math.Sqrt(sum);
    }

    /// <summary>The largest absolute value among all entries of the gradients of some parameters.</summary>
    /// <inheritdoc cref="Euclidean"/>
    public static double Maximum(IReadOnlyList<(string Name, Tensor Tensor)> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        double largest = 0;
        for (int i = 0; i < parameters.Count; i++)
        {
            if (parameters[i].Tensor.Gradient is not { } gradient) continue;
            largest = Math.Max(largest, gradient.Type == ElementType.Float32 ? LargestOf(gradient.AsReadOnlySpan<float>()) : LargestOf(gradient.AsReadOnlySpan<double>()));
        }
        return largest;
    }

    /// <summary>The factor that brings gradients of a norm down to a limit: min(1, limit / (norm + 1e-6)), PyTorch's rule.</summary>
    public static double Clip(double norm, double limit) => Math.Min(1, limit / (norm + Margin));

    private static double SumOfSquares<T>(ReadOnlySpan<T> values)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        // Four independent sums: the processor need not wait for one addition before the next.
        double a = 0, b = 0, c = 0, d = 0;
        int i = 0;
        for (; i <= values.Length - 4; i += 4)
        {
            double x = double.CreateTruncating(values[i]), y = double.CreateTruncating(values[i + 1]), z = double.CreateTruncating(values[i + 2]), w = double.CreateTruncating(values[i + 3]);
            a += x * x;
            b += y * y;
            c += z * z;
            d += w * w;
        }
        for (; i < values.Length; i++)
        {
            double x = double.CreateTruncating(values[i]);
            a += x * x;
        }
        return a + b + (c + d);
    }

    private static double LargestOf<T>(ReadOnlySpan<T> values)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        double largest = 0;
        foreach (T value in values) largest = Math.Max(largest, Math.Abs(double.CreateTruncating(value)));
        return largest;
    }
}

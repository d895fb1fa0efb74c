using System.Numerics;
using Switchyard.Experts.Gates;
using Switchyard.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Switchyard.Experts.Selection;

/// <summary>How undecided a router is.</summary>
internal static class RouterEntropy
{
    private const double SmallestNormal = 1.1754943508222875e-38;

    /// <summary>The mean over tokens of the entropy of their probabilities, in nats; padding left out.</summary>
    /// <param name="probabilities">A softmax over the experts [tokens, experts].</param>
    /// <param name="context">The mask.</param>
    /// <exception cref="SwitchyardException">A probability is not a number: the router's logits were not finite.</exception>
    public static double Mean(Tensor probabilities, in RoutingContext context)
    {
        using Gradients.Pause pause = Gradients.Paused();
        int tokens = probabilities.Shape[0], valid = context.Valid(tokens);
        Tensor counted = context.Column(probabilities.Type) is { } column ? probabilities.MaskedFill(1 - column, 0) : probabilities;
        double sum = counted.Type == ElementType.Float32 ? Sum(counted.AsReadOnlySpan<float>()) : Sum(counted.AsReadOnlySpan<double>());
        if (double.IsNaN(sum)) throw NotFinite(counted);
        return sum / Math.Max(1, valid);
    }

    private static SwitchyardException NotFinite(Tensor probabilities)
    {
        using Tensor sums = probabilities.Sum([-1]);
        double[] totals = sums.Type == ElementType.Float32 ? Array.ConvertAll(sums.ToArray<float>(), static x => (double)x) : sums.ToArray<double>();
        return new SwitchyardException($"the router's logits of token {Array.FindIndex(totals, double.IsNaN)} are not finite", "look for the first value that is not: a learning rate too high, or a token that is NaN already");
    }

    /// <summary>-Σ p·ln p.</summary>
    private static double Sum<T>(ReadOnlySpan<T> probabilities)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        const int Run = 256;
        Span<T> logarithms = stackalloc T[Run];
        double sum = 0;
        for (int start = 0; start < probabilities.Length; start += Run)
        {
            ReadOnlySpan<T> p = probabilities[start..Math.Min(start + Run, probabilities.Length)];
            // 0·ln 0 is 0: the smallest normal number stands in for 0 under the logarithm.
            TensorPrimitives.Max(p, T.CreateChecked(SmallestNormal), logarithms);
            TensorPrimitives.Log(logarithms[..p.Length], logarithms);
            sum -= double.CreateChecked(TensorPrimitives.Dot(p, logarithms[..p.Length]));
        }
        return sum;
    }
}

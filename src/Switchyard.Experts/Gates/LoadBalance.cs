using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>The load-balance loss of token-choice gates.</summary>
internal static class LoadBalance
{
    /// <summary>
    /// coefficient · experts · Σ_e f_e·P_e, with f_e the share of the chosen pairs that went to expert e, a constant for the gradient,
    /// and P_e the mean router probability: the coefficient at perfect balance, times experts at collapse (arXiv 2101.03961, eq. 4, for any k).
    /// </summary>
    /// <param name="probabilities">[tokens, experts].</param>
    /// <param name="load">Chosen pairs of each expert, before dropping.</param>
    /// <param name="coefficient">Scales the loss.</param>
    public static Tensor Loss(Tensor probabilities, ReadOnlySpan<long> load, double coefficient)
    {
        long pairs = 0;
        foreach (long count in load) pairs += count;
        Tensor share = Tensor.Zeros([load.Length], ElementType.Float64); // [experts]
        Span<double> shares = share.AsSpan<double>();
        for (int expert = 0; expert < load.Length; expert++) shares[expert] = (double)load[expert] / Math.Max(1, pairs);
        // Σ_e f_e·P_e is the sum of f_e·p_te over the tokens, divided by their number.
        return (probabilities * share.To(probabilities.Type)).Sum() * (coefficient * load.Length / Math.Max(1, probabilities.Shape[0]));
    }
}

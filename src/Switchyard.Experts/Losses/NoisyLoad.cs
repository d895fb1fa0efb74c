using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts.Losses;

/// <summary>
/// A load that has a gradient: the probability that an expert would still be among the top k if only its own noise were
/// drawn again, P(t, e) = Φ((clean - threshold)/deviation) (arXiv 1701.06538, appendix A).
/// </summary>
internal static class NoisyLoad
{
    /// <summary>P(t, e).</summary>
    /// <param name="clean">Logits without noise [tokens, experts].</param>
    /// <param name="deviation">The deviation of the noise [tokens, experts], or one number.</param>
    /// <param name="noisy">Logits with noise [tokens, experts].</param>
    /// <param name="choices">The top k of the noisy ones, k below the number of experts.</param>
    /// <param name="oneThreshold">Whether all experts of a token are measured by the k-th value (V-MoE), instead of the chosen ones by the one after it.</param>
    /// <returns>[tokens, experts]</returns>
    public static Tensor Probability(Tensor clean, Tensor deviation, Tensor noisy, Choices choices, bool oneThreshold)
    {
        int k = choices.Count, experts = noisy.Shape[1];
        Tensor order = Choices.Top(noisy, k + 1).Experts; // [tokens, k + 1]
        Tensor last = noisy.Gather(-1, order.Slice(-1, k - 1, k)); // [tokens, 1]: the k-th value
        Tensor threshold = oneThreshold ? last : Tensor.Where(choices.Mask(experts, ElementType.Int32), noisy.Gather(-1, order.Slice(-1, k)), last);
        return (((clean - threshold) / deviation / Math.Sqrt(2)).Erf() + 1) * 0.5;
    }
}

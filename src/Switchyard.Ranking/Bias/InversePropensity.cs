using Switchyard.Tensors;

namespace Switchyard.Ranking.Bias;

/// <summary>
/// The cross-entropy on relevance that clicks say nothing of directly: with w = min(click/θ, clip) it is
/// w·softplus(-z) + (1 - w)·softplus(z), whose expectation over clicks is the loss on relevance (Joachims et al., WSDM 2017;
/// Saito et al., WSDM 2020). Only clicks are weighted: weights on all examples take what was not examined for irrelevant.
/// </summary>
public static class InversePropensity
{
    /// <summary>The loss of each row.</summary>
    /// <param name="logits">z [rows].</param>
    /// <param name="clicks">0 or 1 [rows].</param>
    /// <param name="propensities">θ, the probability that the place was examined [rows].</param>
    /// <param name="clip">The largest weight.</param>
    /// <returns>[rows]; a row may be below 0.</returns>
    public static Tensor Loss(Tensor logits, Tensor clicks, Tensor propensities, double clip)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(clicks);
        Tensor weights = (clicks / propensities).Clamp(null, clip); // [rows]
        return weights * (-logits).Softplus() + (1 - weights) * logits.Softplus();
    }

    /// <summary>The loss that is often called by the same name and is biased: cross-entropy weighted by min(1/θ, clip) on all examples.</summary>
    /// <inheritdoc cref="Loss"/>
    public static Tensor WeightedAll(Tensor logits, Tensor clicks, Tensor propensities, double clip)
        => Tensor.BinaryCrossEntropy(logits, clicks, (1 / propensities).Clamp(null, clip), reduction: LossReduction.None);
}

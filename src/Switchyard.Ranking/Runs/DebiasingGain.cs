using Switchyard.Ranking.Bias;

namespace Switchyard.Ranking.Runs;

/// <summary>What de-biasing gained against the truth, where that is known.</summary>
/// <param name="Naive">AUC against true relevance of a model that takes clicks for relevance.</param>
/// <param name="Debiased">That of the model that was asked for.</param>
/// <param name="Oracle">That of a model that was told relevance: what could be had at best.</param>
/// <param name="Recovery">How well the learnt bias follows the true one; null where none was learnt.</param>
public sealed record DebiasingGain(double Naive, double Debiased, double Oracle, BiasRecovery? Recovery);

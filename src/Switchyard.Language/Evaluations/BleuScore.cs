namespace Switchyard.Language.Evaluations;

/// <summary>A BLEU score and what it is made of.</summary>
/// <param name="Score">Brevity penalty times the geometric mean of the precisions, in percent.</param>
/// <param name="Precisions">Share of matching n-grams in percent, by order, smoothed.</param>
/// <param name="Matches">Matching n-grams, by order; with add-k smoothing, k more above order 1.</param>
/// <param name="Totals">All n-grams of the hypotheses, by order; with add-k smoothing, k more above order 1.</param>
/// <param name="BrevityPenalty">1, or less where the hypotheses are shorter than the references.</param>
/// <param name="HypothesisLength">Words of all hypotheses.</param>
/// <param name="ReferenceLength">Words of the references of the closest lengths.</param>
public sealed record BleuScore(
    double Score, IReadOnlyList<double> Precisions, IReadOnlyList<double> Matches, IReadOnlyList<double> Totals, double BrevityPenalty, long HypothesisLength, long ReferenceLength);

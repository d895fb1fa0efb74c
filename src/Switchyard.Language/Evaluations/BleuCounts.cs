namespace Switchyard.Language.Evaluations;

/// <summary>What BLEU counts in a segment, or in many.</summary>
/// <param name="HypothesisLength">Words of the hypothesis.</param>
/// <param name="ReferenceLength">Words of the reference of the closest length.</param>
/// <param name="Matches">N-grams that a reference has too, by order.</param>
/// <param name="Totals">All n-grams of the hypothesis, by order.</param>
public sealed record BleuCounts(long HypothesisLength, long ReferenceLength, IReadOnlyList<long> Matches, IReadOnlyList<long> Totals)
{
    /// <summary>Both together.</summary>
    public BleuCounts Plus(BleuCounts other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new(
            HypothesisLength + other.HypothesisLength,
            ReferenceLength + other.ReferenceLength,
            [.. Matches.Zip(other.Matches, static (a, b) => a + b)],
            [.. Totals.Zip(other.Totals, static (a, b) => a + b)]);
    }
}

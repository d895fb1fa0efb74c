namespace Switchyard.Ranking.Serving;

/// <summary>Who asks, and in what context.</summary>
/// <param name="cells">The features of user, query and context.</param>
public sealed class RankingQuery(IReadOnlyDictionary<string, string> cells) : FeatureCells(cells);

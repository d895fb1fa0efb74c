namespace Switchyard.Ranking.Serving;

/// <summary>What a step reads: numbers of each candidate, and beside them numbers of the query.</summary>
/// <param name="Candidates">[rows, width]</param>
/// <param name="Query">The query's [width], or null where there are none.</param>
/// <param name="ColumnOf">The column of a weight that belongs to each number: the candidates', then the query's; null where they stand in order.</param>
internal sealed record ServingInput(Place Candidates, Place? Query = null, int[]? ColumnOf = null);

namespace Switchyard.Ranking.Serving;

/// <summary>A candidate that was ranked.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Place">Its place among the candidates of the request.</param>
/// <param name="Score">By which it was ranked.</param>
public readonly record struct RankedCandidate(long Id, int Place, double Score);

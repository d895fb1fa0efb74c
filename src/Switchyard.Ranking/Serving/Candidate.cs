namespace Switchyard.Ranking.Serving;

/// <summary>What may be ranked.</summary>
/// <param name="id">Its id; of equal scores the lowest comes first.</param>
/// <param name="cells">Its features.</param>
public sealed class Candidate(long id, IReadOnlyDictionary<string, string> cells) : FeatureCells(cells)
{
    /// <summary>Its id.</summary>
    public long Id => id;
}

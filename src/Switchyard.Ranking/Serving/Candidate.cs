namespace Switchyard.Ranking.Serving;

/// <summary>The features of one thing as texts under the names of their columns. They are encoded once for each version of a model.</summary>
/// <param name="cells">The texts; a column that is not there is missing.</param>
public class FeatureCells(IReadOnlyDictionary<string, string> cells)
{
    private (ServingModel Model, int[] Words)? _encoded;

    /// <summary>The texts.</summary>
    public IReadOnlyDictionary<string, string> Cells => cells;

    internal ReadOnlySpan<int> Words(ServingModel model, Features.FeatureSide side)
    {
        if (_encoded is { } encoded && ReferenceEquals(encoded.Model, model)) return encoded.Words;
        int[] words = model.Encode(cells, side);
        lock (this) _encoded = (model, words);
        return words;
    }
}

/// <summary>What may be ranked.</summary>
/// <param name="id">Its id; of equal scores the lowest comes first.</param>
/// <param name="cells">Its features.</param>
public sealed class Candidate(long id, IReadOnlyDictionary<string, string> cells) : FeatureCells(cells)
{
    /// <summary>Its id.</summary>
    public long Id => id;
}

/// <summary>Who asks, and in what context.</summary>
/// <param name="cells">The features of user, query and context.</param>
public sealed class RankingQuery(IReadOnlyDictionary<string, string> cells) : FeatureCells(cells);

/// <summary>A candidate that was ranked.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Place">Its place among the candidates of the request.</param>
/// <param name="Score">By which it was ranked.</param>
public readonly record struct RankedCandidate(long Id, int Place, double Score);

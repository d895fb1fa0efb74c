using Switchyard.Ranking.Features;

namespace Switchyard.Ranking.Serving;

/// <summary>The features of one thing as texts under the names of their columns. They are encoded once for each version of a model.</summary>
/// <param name="cells">The texts; a column that is not there is missing.</param>
public class FeatureCells(IReadOnlyDictionary<string, string> cells)
{
    private Encoding? _encoded;

    /// <summary>The texts.</summary>
    public IReadOnlyDictionary<string, string> Cells => cells;

    internal ReadOnlySpan<int> Words(ServingModel model, FeatureSide side)
    {
        if (Volatile.Read(ref _encoded) is { } encoded && ReferenceEquals(encoded.Model, model)) return encoded.Words;
        int[] words = model.Encode(cells, side);
        Volatile.Write(ref _encoded, new Encoding(model, words));
        return words;
    }

    /// <summary>The words for one version, in one piece: other threads see both or none.</summary>
    private sealed record Encoding(ServingModel Model, int[] Words);
}

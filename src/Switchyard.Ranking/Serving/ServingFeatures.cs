using System.Runtime.InteropServices;
using Switchyard.Ranking.Data;
using Switchyard.Ranking.Features;

namespace Switchyard.Ranking.Serving;

/// <summary>From texts to the inputs of a network, those of the query and those of the candidates apart. A page has no say in them.</summary>
internal sealed class ServingFeatures
{
    private readonly ExampleLayout _layout;
    private readonly RowEncoder _encoder;
    private readonly MappedTable[] _tables;
    private readonly float[][] _servedPositions;

    /// <summary>Prepares to fill inputs.</summary>
    /// <param name="layout">How features are laid out.</param>
    /// <param name="tables">The vectors of every feature that has them.</param>
    /// <param name="servedPositions">What is served for the position on each device, where the model has it for an input; else none.</param>
    public ServingFeatures(ExampleLayout layout, MappedTable[] tables, float[][] servedPositions)
    {
        (_layout, _encoder, _tables, _servedPositions) = (layout, new RowEncoder(layout), tables, servedPositions);
        List<int> candidate = [], query = [];
        int column = 0;
        foreach (Feature feature in layout.DenseFeatures.Concat(layout.SparseFeatures))
        {
            int width = feature.IsDense ? feature.DenseWidth : feature.TableWidth;
            (feature.Side == FeatureSide.Query ? query : candidate).AddRange(Enumerable.Range(column, width));
            column += width;
        }
        if (servedPositions.Length > 0) query.AddRange(Enumerable.Range(column, servedPositions[0].Length));
        (CandidateWidth, QueryWidth, ColumnOf) = (candidate.Count, query.Count, [.. candidate, .. query]);
    }

    /// <summary>Numbers of a candidate.</summary>
    public int CandidateWidth { get; }

    /// <summary>Numbers of a query.</summary>
    public int QueryWidth { get; }

    /// <summary>The column of the network's input that belongs to each number: the candidates', then the query's.</summary>
    public int[] ColumnOf { get; }

    /// <summary>Encodes the features of one side.</summary>
    /// <exception cref="SwitchyardException">A text is not what the schema says, or a position was given, which is not known when serving.</exception>
    public int[] Encode(IReadOnlyDictionary<string, string> cells, FeatureSide side)
    {
        if (_layout.Schema.Position is { } place && cells.ContainsKey(place.Column))
            throw new SwitchyardException($"'{place.Column}' says where a candidate stands, which is not known before it is ranked", "leave it out of the request");
        int[] words = new int[_layout.Words];
        _encoder.Features(column => cells.GetValueOrDefault(column, ""), static (column, cell, expected) => new SwitchyardException($"column {column}: '{cell}' where {expected} was expected", "mend the request"), words, side);
        if (_layout.Schema.Position is { Device: { } device } known) _layout.DeviceOf(words) = Math.Max(0, known.Devices.ToList().IndexOf(cells.GetValueOrDefault(device, "")));
        return words;
    }

    /// <summary>Fills in the numbers of a query.</summary>
    public void FillQuery(ReadOnlySpan<int> words, Span<float> to)
    {
        int at = Fill(FeatureSide.Query, words, to);
        if (_servedPositions.Length > 0) _servedPositions[words[_layout.FirstLabel + _layout.Tasks + 1]].CopyTo(to[at..]);
    }

    /// <summary>Fills in the numbers of a candidate.</summary>
    public void FillCandidate(ReadOnlySpan<int> words, Span<float> to) => Fill(FeatureSide.Candidate, words, to);

    private int Fill(FeatureSide side, ReadOnlySpan<int> words, Span<float> to)
    {
        int at = 0, from = 0;
        ReadOnlySpan<float> numbers = MemoryMarshal.Cast<int, float>(words[.._layout.Dense]);
        for (int i = 0; i < _layout.DenseFeatures.Count; i++)
        {
            int width = _layout.DenseFeatures[i].DenseWidth;
            if (_layout.DenseFeatures[i].Side == side)
            {
                numbers.Slice(from, width).CopyTo(to[at..]);
                at += width;
            }
            from += width;
        }
        for (int i = 0; i < _tables.Length; i++)
        {
            Feature feature = _layout.SparseFeatures[i];
            if (feature.Side != side) continue;
            _tables[i].Pool(words[_layout.FirstId[i].._layout.FirstId[i + 1]], to.Slice(at, _tables[i].Width));
            at += _tables[i].Width;
        }
        return at;
    }
}

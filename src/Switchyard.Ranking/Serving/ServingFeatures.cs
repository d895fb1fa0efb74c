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
    private readonly int[] _firstPart;

    /// <summary>Prepares to fill inputs.</summary>
    /// <param name="layout">How features are laid out.</param>
    /// <param name="tables">The vectors of every feature that has them.</param>
    /// <param name="servedPositions">What is served for the position on each device, where the model has it for an input; else none.</param>
    public ServingFeatures(ExampleLayout layout, MappedTable[] tables, float[][] servedPositions)
    {
        (_layout, _encoder, _tables, _servedPositions) = (layout, new RowEncoder(layout), tables, servedPositions);
        _firstPart = new int[tables.Length + 1];
        for (int i = 0; i < tables.Length; i++) _firstPart[i + 1] = _firstPart[i] + (_encoder.Crosses[i]?.Columns.Count ?? 0);
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

    /// <summary>Encodes the features of one side, and what it has of every cross: as many words as an example, and two for each column of a cross.</summary>
    /// <exception cref="SwitchyardException">A text is not what the schema says, or a position was given, which is not known when serving.</exception>
    public int[] Encode(IReadOnlyDictionary<string, string> cells, FeatureSide side)
    {
        if (_layout.Schema.Position is { } place && cells.ContainsKey(place.Column))
            throw new SwitchyardException($"'{place.Column}' says where a candidate stands, which is not known before it is ranked", "leave it out of the request");
        int[] words = new int[_layout.Words + 2 * _firstPart[^1]];
        RowEncoder.Cells texts = column => cells.GetValueOrDefault(column, "");
        for (int i = 0; i < _tables.Length; i++)
            if (_encoder.Crosses[i] is { } cross) _encoder.Parts(cross, texts, PartsOf(words, i));
        _encoder.Features(texts, static (column, cell, expected) => new SwitchyardException($"column {column}: '{cell}' where {expected} was expected", "mend the request"), words, side);
        if (_layout.Schema.Position is { Device: { } device } known) _layout.DeviceOf(words) = Math.Max(0, known.Devices.ToList().IndexOf(cells.GetValueOrDefault(device, "")));
        return words;
    }

    /// <summary>Fills in the numbers of a query.</summary>
    public void FillQuery(ReadOnlySpan<int> words, Span<float> to)
    {
        int at = Fill(FeatureSide.Query, words, words, to);
        if (_servedPositions.Length > 0) _servedPositions[words[_layout.FirstLabel + _layout.Tasks + 1]].CopyTo(to[at..]);
    }

    /// <summary>Fills in the numbers of a candidate. A cross may have columns of the query beside its own.</summary>
    public void FillCandidate(ReadOnlySpan<int> words, ReadOnlySpan<int> query, Span<float> to) => Fill(FeatureSide.Candidate, words, query, to);

    private int Fill(FeatureSide side, ReadOnlySpan<int> words, ReadOnlySpan<int> query, Span<float> to)
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
            Span<float> vector = to.Slice(at, _tables[i].Width);
            if (_encoder.Crosses[i] is { } cross) _tables[i].Read(RowOf(cross, PartsOf(words, i), PartsOf(query, i)), vector);
            else _tables[i].Pool(words[_layout.FirstId[i].._layout.FirstId[i + 1]], vector);
            at += _tables[i].Width;
        }
        return at;
    }

    private static int RowOf(CrossRows cross, ReadOnlySpan<ulong> own, ReadOnlySpan<ulong> query)
    {
        Span<ulong> parts = stackalloc ulong[own.Length];
        for (int i = 0; i < parts.Length; i++) parts[i] = own[i] != 0 ? own[i] : query[i];
        return cross.Of(parts);
    }

    private Span<ulong> PartsOf(int[] words, int sparse) => MemoryMarshal.Cast<int, ulong>(words.AsSpan(_layout.Words))[_firstPart[sparse].._firstPart[sparse + 1]];

    private ReadOnlySpan<ulong> PartsOf(ReadOnlySpan<int> words, int sparse) => MemoryMarshal.Cast<int, ulong>(words[_layout.Words..])[_firstPart[sparse].._firstPart[sparse + 1]];
}

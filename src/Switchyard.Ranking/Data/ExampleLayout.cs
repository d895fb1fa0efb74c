using System.Runtime.InteropServices;
using Switchyard.Ranking.Features;

namespace Switchyard.Ranking.Data;

/// <summary>
/// An encoded example as a record of 32-bit words, all of one length: the numbers, the rows of tables, the labels (NaN
/// where one does not count), position (-1 where unknown), device and group.
/// </summary>
public sealed class ExampleLayout
{
    /// <summary>The layout of a schema whose vocabularies have been measured.</summary>
    public ExampleLayout(FeatureSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        Schema = schema;
        // The query's first: their share of the input is then one run of columns.
        DenseFeatures = [.. schema.Features.Where(static feature => feature.IsDense).OrderByDescending(static feature => feature.Side)];
        SparseFeatures = [.. schema.Features.Where(static feature => !feature.IsDense).OrderByDescending(static feature => feature.Side)];
        Dense = DenseFeatures.Sum(static feature => feature.DenseWidth);
        FirstId = [.. Running(SparseFeatures.Select(static feature => feature.Places), Dense)];
        FirstLabel = FirstId[^1];
        Tasks = schema.Tasks.Count;
        Words = FirstLabel + Tasks + 3;
    }

    /// <summary>The schema.</summary>
    public FeatureSchema Schema { get; }

    /// <summary>The features that are numbers, the query's first.</summary>
    public IReadOnlyList<Feature> DenseFeatures { get; }

    /// <summary>The features with tables, the query's first.</summary>
    public IReadOnlyList<Feature> SparseFeatures { get; }

    /// <summary>How many numbers there are; they come first.</summary>
    public int Dense { get; }

    /// <summary>Where the rows of each table begin, and where the last end [sparse features + 1].</summary>
    internal int[] FirstId { get; }

    /// <summary>Where the labels begin.</summary>
    internal int FirstLabel { get; }

    /// <summary>How many labels there are.</summary>
    public int Tasks { get; }

    /// <summary>Length of the network's input: the numbers, and a vector per table.</summary>
    public int InputWidth => Dense + SparseFeatures.Sum(static feature => feature.TableWidth);

    /// <summary>Words of a record.</summary>
    public int Words { get; }

    /// <summary>The numbers of a record.</summary>
    internal Span<float> DenseOf(Span<int> record) => MemoryMarshal.Cast<int, float>(record[..Dense]);

    /// <summary>The rows of one table that a record names; -1 where a bag has no more.</summary>
    internal Span<int> IdsOf(Span<int> record, int sparse) => record[FirstId[sparse]..FirstId[sparse + 1]];

    /// <summary>The labels of a record.</summary>
    internal Span<float> LabelsOf(Span<int> record) => MemoryMarshal.Cast<int, float>(record.Slice(FirstLabel, Tasks));

    /// <summary>The position of a record, from 0.</summary>
    internal ref int PositionOf(Span<int> record) => ref record[FirstLabel + Tasks];

    /// <summary>The device of a record.</summary>
    internal ref int DeviceOf(Span<int> record) => ref record[FirstLabel + Tasks + 1];

    /// <summary>The group of a record: equal for examples of one list.</summary>
    internal ref int GroupOf(Span<int> record) => ref record[FirstLabel + Tasks + 2];

    private static IEnumerable<int> Running(IEnumerable<int> lengths, int start)
    {
        yield return start;
        foreach (int length in lengths) yield return start += length;
    }
}

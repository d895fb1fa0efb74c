using System.Globalization;
using Switchyard.Ranking.Features;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Data;

/// <summary>A part of the data.</summary>
internal enum DataPart
{
    /// <summary>What is learnt from.</summary>
    Training,

    /// <summary>What training is watched on, and heads are calibrated on.</summary>
    Validation,

    /// <summary>What the result is judged by.</summary>
    Test,
}

/// <summary>
/// Which row belongs to which part. By time, what is tested comes after all that was learnt, of each series where there are
/// several; a list stands on the side of its first row. Without times rows, or whole lists, are drawn by a hash of the seed.
/// </summary>
internal sealed class DataSplit
{
    private readonly FeatureSchema _schema;
    private readonly double _heldOut;
    private readonly ulong _seed;
    private readonly Dictionary<string, DataPart> _partOf = [];
    private readonly Dictionary<string, (double ValidationFrom, double TestFrom)> _bounds = [];

    /// <summary>Prepares a split.</summary>
    /// <param name="schema">Names the columns of time and list.</param>
    /// <param name="heldOut">The share of validation, and of the test.</param>
    /// <param name="seed">Draws where there is no time.</param>
    /// <param name="times">All times, each with the series it belongs to, null where there is one; empty where there is no such column.</param>
    public DataSplit(FeatureSchema schema, double heldOut, ulong seed, List<(string? Series, double Time)> times)
    {
        (_schema, _heldOut, _seed) = (schema, heldOut, seed);
        foreach (IGrouping<string, double> series in times.GroupBy(static one => one.Series ?? "", static one => one.Time))
        {
            double[] sorted = [.. series.Order()];
            _bounds[series.Key] = (From(1 - 2 * heldOut), From(1 - heldOut));

            double From(double share) => sorted[(int)Math.Min(sorted.Length - 1, share * sorted.Length)];
        }
    }

    /// <summary>The part of a row.</summary>
    /// <param name="row">Its number.</param>
    /// <param name="time">Its time, where there is one.</param>
    /// <param name="group">Its list, where there is one.</param>
    /// <param name="series">The series of its time, where there are several.</param>
    public DataPart Of(long row, double time, string? group, string? series)
    {
        if (group is null) return Draw(row, time, series);
        if (_partOf.TryGetValue(group, out DataPart part)) return part;
        // The row number of a list is that of its name: it must not depend on where the list stands.
        return _partOf[group] = _schema.Time is null ? Draw((long)new Philox(_seed).Split(group).Key, 0, null) : Draw(row, time, series);
    }

    private DataPart Draw(long row, double time, string? series)
    {
        if (_schema.Time is not null)
        {
            (double validationFrom, double testFrom) = _bounds[series ?? ""];
            return time >= testFrom ? DataPart.Test : time >= validationFrom ? DataPart.Validation : DataPart.Training;
        }
        double drawn = new Philox(_seed).Split("split").Split((ulong)row).NextDouble();
        return drawn < _heldOut ? DataPart.Test : drawn < 2 * _heldOut ? DataPart.Validation : DataPart.Training;
    }

    /// <summary>The time of a row.</summary>
    internal static double Time(string column, string cell, RowEncoder.Refuse refuse)
        => double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) ? value : throw refuse(column, cell, "a time, as a number");
}

using System.Globalization;
using Switchyard.Ranking.Features;

namespace Switchyard.Ranking.Data;

/// <summary>Makes the words of an example from the texts of its cells, by a schema whose vocabularies have been measured.</summary>
internal sealed class RowEncoder
{
    /// <summary>The row of what is missing.</summary>
    internal const int Missing = 0;

    /// <summary>The row of names that a vocabulary does not have.</summary>
    internal const int Unknown = 1;

    private readonly ExampleLayout _layout;
    private readonly Dictionary<string, int>?[] _rowOf;
    private readonly CrossRows?[] _crosses;
    private readonly HashSet<string> _missing;

    public RowEncoder(ExampleLayout layout)
    {
        _layout = layout;
        _crosses = [.. layout.SparseFeatures.Select(static feature => feature.Kind == FeatureKind.Cross ? new CrossRows(feature) : null)];
        _rowOf = [.. layout.SparseFeatures.Select(static feature => feature.Hash is null && feature.Kind != FeatureKind.Cross ? feature.Vocabulary.Select(static (name, i) => (name, i)).ToDictionary(static entry => entry.name, static entry => entry.i + 2) : null)];
        _missing = [.. layout.Schema.Missing];
    }

    /// <summary>Gives the text of a column; empty where it is missing.</summary>
    /// <param name="column">Its name.</param>
    public delegate string Cells(string column);

    /// <summary>Refuses a text.</summary>
    public delegate Exception Refuse(string column, string cell, string expected);

    /// <summary>Encodes the features of one side, or of both.</summary>
    public void Features(Cells cells, Refuse refuse, Span<int> record, FeatureSide? side = null)
    {
        Span<float> dense = _layout.DenseOf(record);
        int at = 0;
        foreach (Feature feature in _layout.DenseFeatures)
        {
            if (side is null || feature.Side == side) Dense(feature, Text(cells, feature.Sources[0]), refuse, dense.Slice(at, feature.DenseWidth));
            at += feature.DenseWidth;
        }
        for (int i = 0; i < _layout.SparseFeatures.Count; i++)
        {
            Feature feature = _layout.SparseFeatures[i];
            if (side is not null && feature.Side != side) continue;
            if (_crosses[i] is { } cross) Crossed(cross, cells, _layout.IdsOf(record, i));
            else Sparse(feature, _rowOf[i], cells, _layout.IdsOf(record, i));
        }
    }

    /// <summary>The rows of each cross; null for other features [sparse features].</summary>
    internal IReadOnlyList<CrossRows?> Crosses => _crosses;

    /// <summary>The key of the text of each column of a cross, which may belong to different sides.</summary>
    internal void Parts(CrossRows cross, Cells cells, Span<ulong> parts)
    {
        for (int i = 0; i < parts.Length; i++) parts[i] = CrossRows.KeyOf(Text(cells, cross.Columns[i]));
    }

    /// <summary>Encodes labels, position and device.</summary>
    public void Labels(Cells cells, Refuse refuse, Span<int> record)
    {
        FeatureSchema schema = _layout.Schema;
        Span<float> labels = _layout.LabelsOf(record);
        for (int task = 0; task < labels.Length; task++) labels[task] = Label(schema.Tasks[task], Text(cells, schema.Tasks[task].Source), refuse);
        for (int task = 0; task < labels.Length; task++)
            if (schema.Tasks[task].When is { } other && labels[schema.IndexOf(other)] != 1) labels[task] = float.NaN;
        _layout.PositionOf(record) = -1;
        if (schema.Position is not { } place) return;
        _layout.PositionOf(record) = Position(place, Text(cells, place.Column), refuse);
        if (place.Device is { } device) _layout.DeviceOf(record) = Math.Max(0, place.Devices.ToList().IndexOf(Text(cells, device)));
    }

    /// <summary>A position from 0; -1 where it is missing.</summary>
    internal static int Position(PositionColumns place, string cell, Refuse refuse)
    {
        if (cell.Length == 0) return -1;
        return int.TryParse(cell, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= 1 ? value - 1 : throw refuse(place.Column, cell, "a position from 1");
    }

    /// <summary>A number; null where it is missing.</summary>
    internal static double? Number(string column, string cell, Refuse refuse)
    {
        if (cell.Length == 0) return null;
        return double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) ? value : throw refuse(column, cell, "a finite number");
    }

    /// <summary>The number as its form has it before it is scaled.</summary>
    internal static double Formed(Feature feature, double value, Refuse refuse) => feature.Form switch
    {
        DenseForm.Logarithm => value >= 0 ? Math.Log(1 + value) : throw refuse(feature.Sources[0], value.ToString(CultureInfo.InvariantCulture), "a number of at least 0, for its logarithm"),
        _ => value,
    };

    /// <summary>The names of a sparse feature in a row; none where it is missing.</summary>
    internal IEnumerable<string> NamesOf(Feature feature, Cells cells)
    {
        switch (feature.Kind)
        {
            case FeatureKind.Bag:
                foreach (string name in Text(cells, feature.Sources[0]).Split(feature.Separator, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)) yield return name;
                break;
            case FeatureKind.Cross:
                string[] parts = [.. feature.Sources.Select(source => Text(cells, source))];
                if (parts.All(static part => part.Length > 0)) yield return CrossRows.NameOf(parts);
                break;
            default:
                string cell = Text(cells, feature.Sources[0]);
                if (cell.Length > 0) yield return cell;
                break;
        }
    }

    private static void Dense(Feature feature, string cell, Refuse refuse, Span<float> place)
    {
        place.Clear();
        if (Number(feature.Sources[0], cell, refuse) is not { } value)
        {
            place[^1] = 1;
            return;
        }
        double ready = feature.Form == DenseForm.Quantile
            ? 2.0 * Rank(feature.Quantiles, value) / Math.Max(1, feature.Quantiles.Count) - 1
            : (Formed(feature, value, refuse) - feature.Mean) / feature.Deviation;
        place[0] = (float)ready;
        if (!feature.Companions) return;
        place[1] = (float)(ready * ready);
        place[2] = (float)Math.Sqrt(Math.Abs(ready));
    }

    private void Crossed(CrossRows cross, Cells cells, Span<int> ids)
    {
        Span<ulong> parts = stackalloc ulong[cross.Columns.Count];
        Parts(cross, cells, parts);
        ids[0] = cross.Of(parts);
    }

    private void Sparse(Feature feature, Dictionary<string, int>? rowOf, Cells cells, Span<int> ids)
    {
        ids.Fill(-1);
        int count = 0;
        foreach (string name in NamesOf(feature, cells))
        {
            if (count == ids.Length) break;
            ids[count++] = rowOf is null ? 1 + (int)(NameHash.Of(name) % (ulong)feature.Hash!.Value) : rowOf.GetValueOrDefault(name, Unknown);
        }
        if (count == 0) ids[0] = Missing;
    }

    /// <summary>A label; NaN where it is missing.</summary>
    internal static float Label(TaskColumn task, string cell, Refuse refuse)
    {
        if (cell.Length == 0) return float.NaN;
        if (task.Positive is { } positive) return positive.Contains(cell) ? 1 : 0;
        double value = Number(task.Source, cell, refuse)!.Value;
        if (task.Kind == TaskKind.Binary) return value is 0 or 1 ? (float)value : throw refuse(task.Source, cell, "0 or 1");
        if (!task.Logarithm) return (float)value;
        return value >= 0 ? (float)Math.Log(1 + value) : throw refuse(task.Source, cell, "a number of at least 0, for its logarithm");
    }

    private string Text(Cells cells, string column)
    {
        string cell = cells(column);
        return _missing.Contains(cell) ? "" : cell;
    }

    // How many quantiles are at most the value.
    private static int Rank(IReadOnlyList<double> quantiles, double value)
    {
        int low = 0, high = quantiles.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (quantiles[middle] <= value) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}

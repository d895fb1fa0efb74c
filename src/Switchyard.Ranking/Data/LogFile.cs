using Switchyard.Ranking.Features;
using Switchyard.Training;

namespace Switchyard.Ranking.Data;

/// <summary>A log in a file, read in passes: once for times, once for what is measured, once to encode.</summary>
internal static class LogFile
{
    // Rows between two reports.
    private const int RowsPerReport = 4096;

    /// <summary>Reads a log and splits it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="schema">What the columns mean.</param>
    /// <param name="heldOut">The share of validation, and of the test.</param>
    /// <param name="seed">Draws the split where there is no time.</param>
    /// <param name="progress">Is told how far each pass has come, or null.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <returns>The schema with what was measured, and the three parts.</returns>
    /// <exception cref="SwitchyardException">The file does not hold what the schema says, or a part is empty.</exception>
    public static (FeatureSchema Schema, ExampleFile[] Parts) Load(
        string path, FeatureSchema schema, double heldOut, ulong seed, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        if (!(heldOut is > 0 and < 0.5)) throw new ArgumentException($"a share of {heldOut} is held out twice: give more than 0 and less than 0.5");
        List<(string? Series, double Time)> times = [];
        if (schema.Time is { } column)
            Pass(path, schema, new(progress, "reading times", cancellation), (row, cells, refuse) => times.Add((SeriesOf(schema, cells, refuse), DataSplit.Time(column, cells(column), refuse))));
        SchemaMeasure measure = new(schema);
        DataSplit split = new(schema, heldOut, seed, times);
        Pass(path, schema, new(progress, "measuring", cancellation), (row, cells, refuse) =>
        {
            if (PartOf(schema, split, row, cells, refuse) == DataPart.Training) measure.Add(cells, refuse);
        });
        FeatureSchema measured = measure.Measured();
        ExampleLayout layout = new(measured);
        ExampleFile[] parts = [.. Enum.GetValues<DataPart>().Select(_ => new ExampleFile(layout))];
        try
        {
            Encode(path, layout, new(progress, "encoding", cancellation), (row, cells, refuse, record) => parts[(int)PartOf(schema, split, row, cells, refuse)].Add(record));
            foreach (DataPart part in Enum.GetValues<DataPart>())
            {
                parts[(int)part].Flush();
                if (parts[(int)part].Count == 0) throw new SwitchyardException($"{path}: no row falls into the {part.ToString().ToLowerInvariant()} part", "give more rows or lists, or hold out another share");
            }
            return (measured, parts);
        }
        catch
        {
            foreach (ExampleFile part in parts) part.Dispose();
            throw;
        }
    }

    /// <summary>Encodes a whole file by a schema that has been measured.</summary>
    /// <exception cref="SwitchyardException">The file does not hold what the schema says, or nothing.</exception>
    public static ExampleFile Encode(string path, ExampleLayout layout, IProgress<WorkProgress>? progress = null, CancellationToken cancellation = default)
    {
        ExampleFile examples = new(layout);
        try
        {
            Encode(path, layout, new(progress, "encoding", cancellation), (_, _, _, record) => examples.Add(record));
            examples.Flush();
            return examples.Count > 0 ? examples : throw new SwitchyardException($"{path}: there are no rows", "give at least one row");
        }
        catch
        {
            examples.Dispose();
            throw;
        }
    }

    private delegate void Encoded(long row, RowEncoder.Cells cells, RowEncoder.Refuse refuse, ReadOnlySpan<int> record);

    /// <summary>Who is told how far a pass has come, and may end it.</summary>
    private readonly record struct Watch(IProgress<WorkProgress>? Progress, string Activity, CancellationToken Cancellation)
    {
        public void See(long row, RowReader reader)
        {
            if (row % RowsPerReport != 0) return;
            Cancellation.ThrowIfCancellationRequested();
            // The last report comes with the last row: a file may be fetched whole before that.
            Progress?.Report(new(Activity, "bytes", Math.Min(reader.BytesRead, reader.Bytes - 1), reader.Bytes));
        }

        public void End(RowReader reader) => Progress?.Report(new(Activity, "bytes", reader.Bytes, reader.Bytes));
    }

    private static void Encode(string path, ExampleLayout layout, Watch watch, Encoded encoded)
    {
        RowEncoder encoder = new(layout);
        Dictionary<string, int> groups = [];
        int[] record = new int[layout.Words];
        Pass(path, layout.Schema, watch, (row, cells, refuse) =>
        {
            encoder.Features(cells, refuse, record);
            encoder.Labels(cells, refuse, record);
            layout.GroupOf(record) = GroupOf(layout.Schema, cells, refuse) is { } group ? Number(group) : (int)row;
            encoded(row, cells, refuse, record);
        });

        int Number(string group)
        {
            if (!groups.TryGetValue(group, out int number)) groups[group] = number = groups.Count;
            return number;
        }
    }

    private static DataPart PartOf(FeatureSchema schema, DataSplit split, long row, RowEncoder.Cells cells, RowEncoder.Refuse refuse)
        => split.Of(row, schema.Time is { } column ? DataSplit.Time(column, cells(column), refuse) : 0, GroupOf(schema, cells, refuse), SeriesOf(schema, cells, refuse));

    private static string? GroupOf(FeatureSchema schema, RowEncoder.Cells cells, RowEncoder.Refuse refuse)
    {
        if (schema.Group is not { } column) return null;
        string group = cells(column);
        return group.Length > 0 ? group : throw refuse(column, group, "the name of a list");
    }

    private static string? SeriesOf(FeatureSchema schema, RowEncoder.Cells cells, RowEncoder.Refuse refuse)
    {
        if (schema.TimeWithin is not { } column) return null;
        string series = cells(column);
        return series.Length > 0 ? series : throw refuse(column, series, "whose times these are");
    }

    private static void Pass(string path, FeatureSchema schema, Watch watch, Action<long, RowEncoder.Cells, RowEncoder.Refuse> take)
    {
        using RowReader reader = RowReader.Open(path, schema);
        // All columns first: a name that is wrong is told before a row is read.
        Dictionary<string, int> places = ColumnsOf(schema).Distinct().ToDictionary(static name => name, reader.IndexOf);
        RowEncoder.Cells cells = column => reader.Cell(places[column]);
        for (long row = 0; reader.Read(); row++)
        {
            watch.See(row, reader);
            take(row, cells, reader.Wrong);
        }
        watch.End(reader);
    }

    private static IEnumerable<string> ColumnsOf(FeatureSchema schema)
    {
        foreach (Feature feature in schema.Features)
            foreach (string source in feature.Sources) yield return source;
        foreach (TaskColumn task in schema.Tasks) yield return task.Source;
        if (schema.Position is { } place)
        {
            yield return place.Column;
            if (place.Device is { } device) yield return device;
            if (place.Random is { } random) yield return random;
        }
        if (schema.Group is { } group) yield return group;
        if (schema.Time is { } time) yield return time;
        if (schema.TimeWithin is { } within) yield return within;
    }
}

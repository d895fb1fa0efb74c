namespace Switchyard.Training.Reports;

/// <summary>
/// The values under the pointer, without a script: the chart is covered with narrow columns, each of which holds
/// a rule and a line of text that the style sheet shows while the pointer rests on the column.
/// </summary>
internal static class LineReadOuts
{
    private const double ColumnWidth = 8, CharacterWidth = 6;

    /// <summary>Writes the columns.</summary>
    /// <param name="html">Where to.</param>
    /// <param name="frame">The chart's frame.</param>
    /// <param name="xLabel">What the horizontal axis counts.</param>
    /// <param name="lines">The names of the series with those of their points that are drawn, in order of X.</param>
    public static void Write(HtmlWriter html, ChartFrame frame, string xLabel, (string Name, ChartPoint[] Points)[] lines)
    {
        ChartPoint[] densest = lines.Length == 0 ? [] : lines.MaxBy(line => line.Points.Length).Points;
        if (densest.Length < 2) return;

        int columns = Math.Min(densest.Length, (int)(frame.Width / ColumnWidth));
        double width = frame.Width / columns;
        int nearest = 0;
        int[] latest = new int[lines.Length]; // per line, how many points lie at or before the column
        html.Write($"<g class=\"readouts\">\n");
        for (int column = 0; column < columns; column++)
        {
            double left = frame.Left + column * width;
            double Distance(int point) => Math.Abs(frame.X(densest[point].X) - left - width / 2);
            while (nearest + 1 < densest.Length && Distance(nearest + 1) <= Distance(nearest)) nearest++;

            double x = densest[nearest].X;
            List<(string Name, double Value)> values = [];
            for (int i = 0; i < lines.Length; i++)
            {
                while (latest[i] < lines[i].Points.Length && lines[i].Points[latest[i]].X <= x) latest[i]++;
                if (latest[i] > 0) values.Add((lines[i].Name, lines[i].Points[latest[i] - 1].Y));
            }

            html.Write($"<g><rect x=\"{left}\" y=\"0\" width=\"{width}\" height=\"{frame.Bottom}\"/><path d=\"M{frame.X(x)} {frame.Top}v{frame.Height}\"/>");
            html.Write($"<text x=\"{frame.Right}\" y=\"9\" class=\"end\">{Describe($"{xLabel} {NumberText.Short(x)}", values, frame.Width)}</text></g>\n");
        }

        html.Write($"</g>\n");
    }

    private static string Describe(string place, List<(string Name, double Value)> values, double width)
    {
        string Join(IEnumerable<string> parts) => string.Join(" · ", parts.Prepend(place));
        string all = values.Count == 1
            ? Join([NumberText.Short(values[0].Value)])
            : Join(values.Select(value => $"{value.Name} {NumberText.Short(value.Value)}"));
        if (values.Count < 3 || all.Length * CharacterWidth < width) return all;

        (string lowName, double low) = values.MinBy(value => value.Value);
        (string highName, double high) = values.MaxBy(value => value.Value);
        return Join([$"{NumberText.Short(low)} ({lowName}) to {NumberText.Short(high)} ({highName})"]);
    }
}

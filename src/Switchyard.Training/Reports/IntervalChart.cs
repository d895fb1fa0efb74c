namespace Switchyard.Training.Reports;

/// <summary>A row of an <see cref="IntervalChart"/>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Low">Where its interval begins.</param>
/// <param name="Mean">The dot in it.</param>
/// <param name="High">Where it ends; at <paramref name="Low"/> if there is no interval, only a number.</param>
public readonly record struct IntervalRow(string Name, double Low, double Mean, double High)
{
    /// <summary>Whether there is an interval, and 0 lies outside.</summary>
    public bool ExcludesZero => Low < High && (Low > 0 || High < 0);
}

/// <summary>Differences with their intervals below one another, beside a line at 0: which of them are sure is seen at once.</summary>
public sealed class IntervalChart : IReportPart
{
    private const double RowHeight = 22, Bottom = 32, CharacterWidth = 6.4;

    /// <summary>The chart's heading.</summary>
    public required string Title { get; init; }

    /// <summary>What the horizontal axis measures.</summary>
    public required string XLabel { get; init; }

    /// <summary>The rows, top to bottom; of one that is not finite only the name is drawn.</summary>
    public required IReadOnlyList<IntervalRow> Rows { get; init; }

    /// <summary>How much of the page's width the chart takes.</summary>
    public FigureWidth Width { get; init; } = FigureWidth.Full;

    /// <inheritdoc/>
    public void WriteTo(HtmlWriter html)
    {
        IntervalRow[] drawn = [.. Rows.Where(static row => CanDraw(row))];
        Axis axis = Axis.Linear([0, .. drawn.SelectMany(static row => (double[])[row.Low, row.Mean, row.High])], 10);
        double width = (int)Width, left = Math.Min(Rows.Select(static row => row.Name.Length).DefaultIfEmpty(0).Max() * CharacterWidth + 18, width / 2);
        double right = width - 12, bottom = Math.Max(1, Rows.Count) * RowHeight;
        double X(double value) => left + axis.Position(value) * (right - left);

        html.Write($"<figure class=\"{Width.CssClass()}\">\n<figcaption><b>{Title}</b></figcaption>\n");
        html.Write($"<svg class=\"chart\" viewBox=\"0 0 {width} {bottom + Bottom}\" role=\"img\" aria-label=\"{Title}\">\n");
        foreach (double tick in axis.Ticks)
            html.Write($"<path class=\"grid\" d=\"M{X(tick)} 0v{bottom}\"/><text x=\"{X(tick)}\" y=\"{bottom + 16}\" class=\"middle\">{axis.Label(tick)}</text>\n");
        html.Write($"<path class=\"axis\" d=\"M{X(0)} 0v{bottom}\"/><text x=\"{right}\" y=\"{bottom + 29}\" class=\"end name\">{XLabel}</text>\n");
        for (int i = 0; i < Rows.Count; i++)
        {
            IntervalRow row = Rows[i];
            double y = (i + 0.5) * RowHeight;
            html.Write($"<text x=\"{left - 10}\" y=\"{y + 3.5}\" class=\"end\">{row.Name}</text>");
            if (!CanDraw(row)) continue;
            html.Write($"<g class=\"{(row.ExcludesZero ? "interval sure" : "interval")}\"><title>{row.Name}: {NumberText.Short(row.Mean)}, {NumberText.Short(row.Low)} to {NumberText.Short(row.High)}</title>");
            html.Write($"<path d=\"M{X(row.Low)} {y}H{X(row.High)}\"/><circle cx=\"{X(row.Mean)}\" cy=\"{y}\" r=\"4\"/></g>\n");
        }

        html.Write($"</svg>\n</figure>\n");
    }

    private static bool CanDraw(IntervalRow row) => Axis.CanDraw(row.Low, false) && Axis.CanDraw(row.Mean, false) && Axis.CanDraw(row.High, false);
}

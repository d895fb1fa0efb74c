namespace Switchyard.Training.Reports;

/// <summary>
/// Lines over a common horizontal axis. Long series are thinned without losing a peak; values that are not finite
/// (on a logarithmic axis: not positive) leave gaps. Resting the pointer on the chart shows the values there.
/// </summary>
public sealed class LineChart : IReportPart
{
    private const double Left = 50, Right = 12, Top = 25, Bottom = 32;

    /// <summary>The chart's heading.</summary>
    public required string Title { get; init; }

    /// <summary>What the horizontal axis counts, such as <c>step</c>.</summary>
    public required string XLabel { get; init; }

    /// <summary>What the vertical axis measures, with its unit.</summary>
    public required string YLabel { get; init; }

    /// <summary>The lines, in drawing order; their colours follow it.</summary>
    public required IReadOnlyList<LineSeries> Series { get; init; }

    /// <summary>How much of the page's width the chart takes.</summary>
    public FigureWidth Width { get; init; } = FigureWidth.Full;

    /// <summary>Whether the vertical axis is logarithmic.</summary>
    public bool Logarithmic { get; init; }

    /// <summary>Whether a linear vertical axis starts at zero even where the values do not.</summary>
    public bool FromZero { get; init; }

    /// <summary>A dashed horizontal line and what it means, such as the entropy of the source; or null.</summary>
    public (double Value, string Name)? Reference { get; init; }

    /// <summary>Dashed vertical lines and what they mean, such as the step at which a phase begins.</summary>
    public IReadOnlyList<(double X, string Name)> Marks { get; init; } = [];

    /// <inheritdoc/>
    public void WriteTo(HtmlWriter html)
    {
        double width = (int)Width, height = Width == FigureWidth.Full ? 340 : Width == FigureWidth.Half ? 230 : 190;
        LineSeries[] drawn = [.. Series.Select(series => series with { Points = LineSeries.Thin(series.Points, (int)(width / 4), Logarithmic) })];
        IEnumerable<double> xs = drawn.SelectMany(series => series.Points).Select(point => point.X).Concat(Marks.Select(static mark => mark.X));
        IEnumerable<double> ys = drawn.SelectMany(series => series.Points).Select(point => point.Y);
        if (Reference is { } shown) ys = ys.Append(shown.Value);
        if (FromZero) ys = ys.Append(0);
        ChartFrame frame = new(
            Axis.Linear(xs, (int)(width / 90), tight: true),
            Logarithmic ? Axis.Logarithmic(ys, 6) : Axis.Linear(ys, height > 300 ? 9 : 6),
            Left,
            Top,
            width - Left - Right,
            height - Top - Bottom);

        html.Write($"<figure class=\"{Width.CssClass()}\">\n");
        WriteCaption(html);
        html.Write($"<svg class=\"chart\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{Title}\">\n");
        ChartAxes.Write(html, frame, XLabel, YLabel);
        for (int i = 0; i < drawn.Length; i++) WriteLine(html, frame, drawn[i], i);
        WriteReference(html, frame);
        foreach ((double x, string name) in Marks)
            html.Write($"<path class=\"reference\" d=\"M{frame.X(x)} {Top}v{frame.Bottom - Top}\"><title>{name}</title></path>\n");
        LineReadOuts.Write(html, frame, XLabel, [.. drawn.Select(series => (series.Name, series.Points.Where(CanDraw).ToArray()))]);
        html.Write($"</svg>\n</figure>\n");
    }

    private void WriteCaption(HtmlWriter html)
    {
        html.Write($"<figcaption><b>{Title}</b>");
        for (int i = 0; i < Series.Count && (Series.Count > 1 || Series[i].Name != Title); i++)
        {
            html.Write($"<span class=\"key {CategoryPalette.Class(i)}\"><i class=\"{WeightClass(Series[i].Weight)}\"></i>{Series[i].Name}</span>");
        }

        html.Write($"</figcaption>\n");
    }

    private void WriteLine(HtmlWriter html, ChartFrame frame, LineSeries series, int index)
    {
        html.Write($"<g class=\"{CategoryPalette.Class(index)}\"><path class=\"line {WeightClass(series.Weight)}\" d=\"");
        List<ChartPoint> lonely = [];
        int run = 0;
        for (int i = 0; i < series.Points.Count; i++)
        {
            ChartPoint point = series.Points[i];
            if (!CanDraw(point))
            {
                run = 0;
                continue;
            }

            bool last = i + 1 == series.Points.Count || !CanDraw(series.Points[i + 1]);
            if (run == 0 && last) lonely.Add(point);
            else if (run == 0) html.Write($"M{frame.X(point.X)} {frame.Y(point.Y)}");
            else html.Write($"L{frame.X(point.X)} {frame.Y(point.Y)}");
            run++;
        }

        html.Write($"\"/>");
        foreach (ChartPoint point in lonely) html.Write($"<circle class=\"dot\" cx=\"{frame.X(point.X)}\" cy=\"{frame.Y(point.Y)}\" r=\"3\"/>");
        html.Write($"</g>\n");
    }

    private void WriteReference(HtmlWriter html, ChartFrame frame)
    {
        if (Reference is not { } reference || !Axis.CanDraw(reference.Value, Logarithmic)) return;
        double y = frame.Y(reference.Value);
        double label = y + 18 < frame.Bottom ? y + 14 : y - 5;
        html.Write($"<path class=\"reference\" d=\"M{Left} {y}h{frame.Width}\"/><text x=\"{frame.Right}\" y=\"{label}\" class=\"end reference\">{reference.Name} {NumberText.Short(reference.Value)}</text>\n");
    }

    private bool CanDraw(ChartPoint point) => Axis.CanDraw(point.X, false) && Axis.CanDraw(point.Y, Logarithmic);

    private static string WeightClass(LineWeight weight) => weight switch
    {
        LineWeight.Thin => "thin",
        LineWeight.Bold => "bold",
        _ => "normal",
    };
}

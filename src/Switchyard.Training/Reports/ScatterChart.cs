namespace Switchyard.Training.Reports;

/// <summary>A point of a <see cref="ScatterChart"/>.</summary>
/// <param name="X">Its place along the horizontal axis.</param>
/// <param name="Y">Its place along the vertical axis.</param>
/// <param name="Category">Whose colour it has.</param>
/// <param name="Label">A short text to draw in place of a dot, or null.</param>
public readonly record struct ScatterPoint(double X, double Y, int Category, string? Label = null);

/// <summary>Who owns each cell of an even grid over a <see cref="ScatterChart"/>.</summary>
/// <param name="X">The values at the left and the right end.</param>
/// <param name="Y">The values at the lower and the upper end.</param>
/// <param name="Owner">The category of each cell, [rows, columns], the lowest row first.</param>
/// <param name="Share">How surely it owns the cell, 0 to 1: the paler, the less.</param>
public sealed record ScatterRegions((double Low, double High) X, (double Low, double High) Y, int[,] Owner, double[,] Share);

/// <summary>Points in the colours of their categories, over the regions that the categories own, with a line for each of them.</summary>
public sealed class ScatterChart : IReportPart
{
    private const double Left = 50, Right = 12, Top = 25, Bottom = 32;
    private const int MostPoints = 3000, Shades = 5;

    /// <summary>The chart's heading.</summary>
    public required string Title { get; init; }

    /// <summary>What the horizontal axis measures.</summary>
    public required string XLabel { get; init; }

    /// <summary>What the vertical axis measures.</summary>
    public required string YLabel { get; init; }

    /// <summary>What a category is, such as <c>expert</c>.</summary>
    public required string CategoryLabel { get; init; }

    /// <summary>The names of the categories.</summary>
    public required IReadOnlyList<string> Categories { get; init; }

    /// <summary>The points; of very many only every n-th is drawn.</summary>
    public required IReadOnlyList<ScatterPoint> Points { get; init; }

    /// <summary>The regions behind the points, or null.</summary>
    public ScatterRegions? Regions { get; init; }

    /// <summary>One line per category, in order; then, if there is one more, a dotted one for all of them together. Only what lies beside points is drawn.</summary>
    public IReadOnlyList<LineSeries> Lines { get; init; } = [];

    /// <inheritdoc/>
    public void WriteTo(HtmlWriter html)
    {
        const double Width = (int)FigureWidth.Full, Height = 560;
        int stride = Math.Max(1, (Points.Count + MostPoints - 1) / MostPoints);
        ScatterPoint[] drawn = [.. Points.Where((point, i) => i % stride == 0 && Axis.CanDraw(point.X, false) && Axis.CanDraw(point.Y, false))];
        IEnumerable<double> xs = drawn.Select(point => point.X), ys = drawn.Select(point => point.Y);
        if (Regions is { } regions) (xs, ys) = (xs.Concat([regions.X.Low, regions.X.High]), ys.Concat([regions.Y.Low, regions.Y.High]));
        ChartFrame frame = new(Axis.Linear(xs, 10, tight: true), Axis.Linear(ys, 10, tight: Regions is not null), Left, Top, Width - Left - Right, Height - Top - Bottom);

        html.Write($"<figure class=\"{FigureWidth.Full.CssClass()}\">\n");
        CategoryLegend.Write(html, Title, CategoryLabel, Categories);
        html.Write($"<svg class=\"chart\" viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{Title}\">\n");
        if (Regions is { } behind) WriteRegions(html, frame, behind);
        ChartAxes.Write(html, frame, XLabel, YLabel);
        WritePoints(html, frame, drawn);
        for (int i = 0; i < Lines.Count; i++) WriteLine(html, frame, i);
        html.Write($"</svg>\n</figure>\n");
    }

    // Neighbours in a row that look the same make one rectangle.
    private static void WriteRegions(HtmlWriter html, ChartFrame frame, ScatterRegions regions)
    {
        (int rows, int columns) = (regions.Owner.GetLength(0), regions.Owner.GetLength(1));
        double XAt(int column) => frame.X(regions.X.Low + (regions.X.High - regions.X.Low) * column / columns);
        double YAt(int row) => frame.Y(regions.Y.Low + (regions.Y.High - regions.Y.Low) * row / rows);
        int Shade(int row, int column) => (int)Math.Round(Math.Clamp(regions.Share[row, column], 0, 1) * Shades);
        html.Write($"<g class=\"regions\">");
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns;)
            {
                (int owner, int shade, int start) = (regions.Owner[row, column], Shade(row, column), column);
                while (column < columns && regions.Owner[row, column] == owner && Shade(row, column) == shade) column++;
                html.Write($"<rect class=\"{CategoryPalette.Class(owner)}\" x=\"{XAt(start)}\" y=\"{YAt(row + 1)}\" width=\"{XAt(column) - XAt(start)}\" height=\"{YAt(row) - YAt(row + 1)}\" fill-opacity=\"{0.15 + 0.85 * shade / Shades}\"/>");
            }
        }

        html.Write($"</g>\n");
    }

    private static void WritePoints(HtmlWriter html, ChartFrame frame, ScatterPoint[] points)
    {
        html.Write($"<g class=\"dots\">");
        foreach (IGrouping<int, ScatterPoint> group in points.GroupBy(point => point.Category).OrderBy(group => group.Key))
        {
            html.Write($"<g class=\"{CategoryPalette.Class(group.Key)}\">");
            foreach (ScatterPoint point in group)
            {
                if (point.Label is { } label) html.Write($"<text x=\"{frame.X(point.X)}\" y=\"{frame.Y(point.Y) + 3.5}\">{label}</text>");
                else html.Write($"<circle class=\"dot\" cx=\"{frame.X(point.X)}\" cy=\"{frame.Y(point.Y)}\" r=\"2.5\"/>");
            }

            html.Write($"</g>\n");
        }

        html.Write($"</g>\n");
    }

    private void WriteLine(HtmlWriter html, ChartFrame frame, int index)
    {
        string style = index < Categories.Count ? "bold" : "overall";
        html.Write($"<g class=\"{CategoryPalette.Class(index)}\"><path class=\"line {style}\" d=\"");
        bool drawing = false;
        foreach (ChartPoint point in Lines[index].Points)
        {
            // A line may shoot far out of the data: it is cut off at the frame.
            bool inside = point.Y >= frame.YAxis.Minimum && point.Y <= frame.YAxis.Maximum && point.X >= frame.XAxis.Minimum && point.X <= frame.XAxis.Maximum;
            if (inside) html.Write($"{(drawing ? "L" : "M")}{frame.X(point.X)} {frame.Y(point.Y)}");
            drawing = inside;
        }

        html.Write($"\"><title>{Lines[index].Name}</title></path></g>\n");
    }
}

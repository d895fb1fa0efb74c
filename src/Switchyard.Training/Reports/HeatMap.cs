namespace Switchyard.Training.Reports;

/// <summary>
/// A table of numbers as colours, such as the load of every expert over the steps of a run. Wide tables are thinned
/// by averaging neighbouring columns; every cell tells its value to a pointer that rests on it.
/// </summary>
public sealed class HeatMap : IReportPart
{
    private const double Right = 4, Bottom = 46, CharacterWidth = 6;
    private const int MostCells = 2400, FewestColumns = 24;

    /// <summary>The map's heading.</summary>
    public required string Title { get; init; }

    /// <summary>What a row is, such as <c>expert</c>.</summary>
    public required string RowLabel { get; init; }

    /// <summary>What a column is, such as <c>step</c>.</summary>
    public required string ColumnLabel { get; init; }

    /// <summary>What a value is, such as <c>share of tokens</c>.</summary>
    public required string ValueLabel { get; init; }

    /// <summary>The names of the rows, top to bottom.</summary>
    public required IReadOnlyList<string> Rows { get; init; }

    /// <summary>The names of the columns, left to right.</summary>
    public required IReadOnlyList<string> Columns { get; init; }

    /// <summary>The values, [rows, columns]; one that is not finite leaves its cell empty.</summary>
    public required double[,] Values { get; init; }

    /// <summary>
    /// The values at the two ends of the colour scale, or null for the smallest and the largest value. Values beyond
    /// an end take its colour.
    /// </summary>
    public (double Low, double High)? Scale { get; init; }

    /// <summary>A value to mark on the colour scale and what it means, such as the even share; or null.</summary>
    public (double Value, string Name)? Reference { get; init; }

    /// <summary>How much of the page's width the map takes.</summary>
    public FigureWidth Width { get; init; } = FigureWidth.Half;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The values are not [rows, columns].</exception>
    public void WriteTo(HtmlWriter html)
    {
        if (Values.GetLength(0) != Rows.Count || Values.GetLength(1) != Columns.Count)
        {
            throw new ArgumentException(
                $"heat map '{Title}' has {Rows.Count} row names and {Columns.Count} column names for values of [{Values.GetLength(0)}, {Values.GetLength(1)}]: give one name per row and column");
        }

        double width = (int)Width;
        double left = Math.Clamp(Rows.Select(row => row.Length).DefaultIfEmpty(0).Max() * CharacterWidth + 10, 24, width / 3);
        double rowHeight = Math.Clamp(144.0 / Math.Max(1, Rows.Count), 4, 18);
        Grid grid = new(left, width - left - Right, rowHeight, rowHeight * Rows.Count, Scale ?? Range());

        html.Write($"<figure class=\"{Width.CssClass()}\">\n<figcaption><b>{Title}</b></figcaption>\n");
        html.Write($"<svg class=\"chart\" viewBox=\"0 0 {width} {grid.Height + Bottom}\" role=\"img\" aria-label=\"{Title}\">\n");
        html.Write($"<rect class=\"void\" x=\"{grid.Left}\" y=\"0\" width=\"{grid.Width}\" height=\"{grid.Height}\"/>\n");
        WriteCells(html, grid);
        WriteColumnNames(html, grid);
        WriteScale(html, grid);
        html.Write($"</svg>\n</figure>\n");
    }

    private void WriteCells(HtmlWriter html, Grid grid)
    {
        int most = Math.Max(FewestColumns, Math.Min((int)(grid.Width / 6), MostCells / Math.Max(1, Rows.Count)));
        int columns = Math.Min(Columns.Count, most);
        double width = grid.Width / Math.Max(1, columns);
        int rowStride = (int)Math.Ceiling(11 / grid.RowHeight);
        for (int row = 0; row < Rows.Count; row++)
        {
            double y = row * grid.RowHeight;
            if (row % rowStride == 0) html.Write($"<text x=\"{grid.Left - 6}\" y=\"{y + grid.RowHeight / 2 + 3.5}\" class=\"end\">{Rows[row]}</text>");
            html.Write($"<g class=\"cells\">");
            for (int column = 0; column < columns; column++)
            {
                int from = (int)((long)Columns.Count * column / columns), to = (int)((long)Columns.Count * (column + 1) / columns);
                double value = Mean(row, from, to);
                if (!double.IsFinite(value)) continue;
                string colour = HeatColours.At((value - grid.Scale.Low) / (grid.Scale.High - grid.Scale.Low));
                string place = to - from == 1 ? Columns[from] : $"{Columns[from]} to {Columns[to - 1]}";
                html.Write($"<rect x=\"{grid.Left + column * width}\" y=\"{y}\" width=\"{width}\" height=\"{grid.RowHeight}\" fill=\"{colour}\"><title>{RowLabel} {Rows[row]}, {ColumnLabel} {place}: {NumberText.Short(value)}</title></rect>");
            }

            html.Write($"</g>\n");
        }
    }

    private void WriteColumnNames(HtmlWriter html, Grid grid)
    {
        int names = Math.Min(Columns.Count, (int)(grid.Width / 80));
        for (int i = 0; i < names; i++)
        {
            int column = names == 1 ? 0 : (int)((long)i * (Columns.Count - 1) / (names - 1));
            double x = grid.Left + (column + 0.5) * grid.Width / Columns.Count;
            string anchor = column == 0 ? "start" : column == Columns.Count - 1 ? "end" : "middle";
            html.Write($"<text x=\"{x}\" y=\"{grid.Height + 15}\" class=\"{anchor}\">{Columns[column]}</text>");
        }

        html.Write($"<text x=\"{grid.Left + grid.Width}\" y=\"{grid.Height + 41}\" class=\"end name\">{ColumnLabel}</text>\n");
    }

    private void WriteScale(HtmlWriter html, Grid grid)
    {
        const double BarWidth = 96, BarHeight = 8;
        const int Steps = 32;
        (double smallest, double largest) = Range();
        string low = (smallest < grid.Scale.Low ? "≤ " : "") + NumberText.Short(grid.Scale.Low);
        string high = (largest > grid.Scale.High ? "≥ " : "") + NumberText.Short(grid.Scale.High);
        double y = grid.Height + 33, bar = grid.Left + low.Length * CharacterWidth + 6;
        html.Write($"<g class=\"cells\"><text x=\"{grid.Left}\" y=\"{y + 8}\">{low}</text>");
        for (int i = 0; i < Steps; i++)
        {
            html.Write($"<rect x=\"{bar + i * BarWidth / Steps}\" y=\"{y}\" width=\"{BarWidth / Steps}\" height=\"{BarHeight}\" fill=\"{HeatColours.At(i / (Steps - 1.0))}\"/>");
        }

        string meaning = $"{high}  {ValueLabel}";
        if (Reference is { } reference)
        {
            double share = (reference.Value - grid.Scale.Low) / (grid.Scale.High - grid.Scale.Low);
            if (share is >= 0 and <= 1) html.Write($"<path class=\"mark\" d=\"M{bar + share * BarWidth} {y - 4}v{BarHeight + 8}\"/>");
            meaning += $" ({reference.Name} {NumberText.Short(reference.Value)})";
        }

        html.Write($"<text x=\"{bar + BarWidth + 6}\" y=\"{y + 8}\">{meaning}</text></g>\n");
    }

    private double Mean(int row, int from, int to)
    {
        double sum = 0;
        int count = 0;
        for (int column = from; column < to; column++)
        {
            if (!double.IsFinite(Values[row, column])) continue;
            sum += Values[row, column];
            count++;
        }

        return count == 0 ? double.NaN : sum / count;
    }

    private (double Low, double High) Range()
    {
        double[] finite = [.. Values.Cast<double>().Where(double.IsFinite)];
        return finite.Length == 0 ? (0, 1) : (finite.Min(), finite.Max());
    }

    private readonly record struct Grid(double Left, double Width, double RowHeight, double Height, (double Low, double High) Scale);
}

namespace Switchyard.Training.Reports;

/// <summary>
/// One bar per row, divided among categories, such as the share of each domain's tokens that each expert handles.
/// </summary>
public sealed class StackedBars : IReportPart
{
    private const double BarHeight = 18, RowHeight = 24, CharacterWidth = 6.4;

    /// <summary>The heading.</summary>
    public required string Title { get; init; }

    /// <summary>What a category is, such as <c>expert</c>.</summary>
    public required string CategoryLabel { get; init; }

    /// <summary>The names of the categories.</summary>
    public required IReadOnlyList<string> Categories { get; init; }

    /// <summary>The names of the rows, top to bottom.</summary>
    public required IReadOnlyList<string> Rows { get; init; }

    /// <summary>
    /// The categories' parts of each row, [rows, categories]. A row is drawn as shares of its own sum; parts that are
    /// negative or not finite count as nothing.
    /// </summary>
    public required double[,] Values { get; init; }

    /// <summary>How much of the page's width the bars take.</summary>
    public FigureWidth Width { get; init; } = FigureWidth.Half;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The values are not [rows, categories].</exception>
    public void WriteTo(HtmlWriter html)
    {
        if (Values.GetLength(0) != Rows.Count || Values.GetLength(1) != Categories.Count)
        {
            throw new ArgumentException(
                $"stacked bars '{Title}' have {Rows.Count} row names and {Categories.Count} category names for values of [{Values.GetLength(0)}, {Values.GetLength(1)}]: give one name per row and category");
        }

        double width = (int)Width;
        double left = Math.Min(Rows.Select(row => row.Length).DefaultIfEmpty(0).Max() * CharacterWidth + 10, width / 3);
        html.Write($"<figure class=\"{Width.CssClass()}\">\n");
        CategoryLegend.Write(html, Title, CategoryLabel, Categories);
        html.Write($"<svg class=\"chart\" viewBox=\"0 0 {width} {Math.Max(1, Rows.Count) * RowHeight}\" role=\"img\" aria-label=\"{Title}\">\n");
        for (int row = 0; row < Rows.Count; row++) WriteBar(html, row, left, width - left);
        html.Write($"</svg>\n</figure>\n");
    }

    private void WriteBar(HtmlWriter html, int row, double left, double width)
    {
        double Part(int category) => double.IsFinite(Values[row, category]) ? Math.Max(0, Values[row, category]) : 0;
        double y = row * RowHeight, sum = Enumerable.Range(0, Categories.Count).Sum(Part), x = left;
        html.Write($"<text x=\"{left - 8}\" y=\"{y + 13}\" class=\"end\">{Shorten(Rows[row], left)}</text>");
        html.Write($"<rect class=\"void\" x=\"{left}\" y=\"{y}\" width=\"{width}\" height=\"{BarHeight}\"/>\n");
        for (int category = 0; category < Categories.Count && sum > 0; category++)
        {
            double share = Part(category) / sum, length = share * width;
            html.Write($"<g class=\"{CategoryPalette.Class(category)}\"><rect class=\"segment\" x=\"{x}\" y=\"{y}\" width=\"{length}\" height=\"{BarHeight}\"><title>{Rows[row]}, {CategoryLabel} {Categories[category]}: {NumberText.Percent(share)}</title></rect>");
            if (length > Categories[category].Length * CharacterWidth + 8)
            {
                html.Write($"<text x=\"{x + length / 2}\" y=\"{y + 13}\" class=\"middle inside\">{Categories[category]}</text>");
            }

            html.Write($"</g>\n");
            x += length;
        }
    }

    private static string Shorten(string name, double width)
    {
        int most = (int)((width - 8) / CharacterWidth);
        return name.Length <= most ? name : string.Concat(name.AsSpan(0, Math.Max(0, most - 1)), "…");
    }
}

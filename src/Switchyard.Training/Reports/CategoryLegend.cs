namespace Switchyard.Training.Reports;

/// <summary>The caption of a figure whose colours stand for categories.</summary>
internal static class CategoryLegend
{
    /// <summary>Writes the figure's title and what each colour means.</summary>
    /// <param name="html">Where to.</param>
    /// <param name="title">The figure's title.</param>
    /// <param name="noun">What a category is, such as <c>expert</c>.</param>
    /// <param name="categories">The names of the categories.</param>
    public static void Write(HtmlWriter html, string title, string noun, IReadOnlyList<string> categories)
    {
        html.Write($"<figcaption><b>{title}</b><span class=\"key\">{noun}</span>");
        for (int i = 0; i < categories.Count; i++)
        {
            html.Write($"<span class=\"key {CategoryPalette.Class(i)}\"><i class=\"swatch\"></i>{categories[i]}</span>");
        }

        html.Write($"</figcaption>\n");
    }
}

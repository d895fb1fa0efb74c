namespace Switchyard.Training.Reports;

/// <summary>A piece of a <see cref="ColouredText"/>.</summary>
/// <param name="Text">Its characters; white space counts.</param>
/// <param name="Category">Its category, from 0.</param>
public readonly record struct TextPiece(string Text, int Category);

/// <summary>
/// A text whose pieces are coloured by category, such as tokens by the expert that handled them. White space is kept,
/// ends of lines and tabs are marked, and every piece tells its category to a pointer that rests on it.
/// </summary>
public sealed class ColouredText : IReportPart
{
    /// <summary>The heading.</summary>
    public required string Title { get; init; }

    /// <summary>What a category is, such as <c>expert</c>.</summary>
    public required string CategoryLabel { get; init; }

    /// <summary>The names of the categories.</summary>
    public required IReadOnlyList<string> Categories { get; init; }

    /// <summary>The text, piece by piece.</summary>
    public required IReadOnlyList<TextPiece> Pieces { get; init; }

    /// <summary>How much of the page's width the text takes.</summary>
    public FigureWidth Width { get; init; } = FigureWidth.Full;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A piece is of a category that has no name.</exception>
    public void WriteTo(HtmlWriter html)
    {
        html.Write($"<figure class=\"{Width.CssClass()}\">\n");
        CategoryLegend.Write(html, Title, CategoryLabel, Categories);
        html.Write($"<p class=\"coloured\">");
        foreach ((string text, int category) in Pieces)
        {
            if ((uint)category >= (uint)Categories.Count)
            {
                throw new ArgumentException($"coloured text '{Title}' has a piece of category {category}, but {Categories.Count} categories: give every category a name");
            }

            html.Write($"<span class=\"{CategoryPalette.Class(category)}\" title=\"{CategoryLabel} {Categories[category]}\">");
            WriteText(html, text);
            html.Write($"</span>");
        }

        html.Write($"</p>\n</figure>\n");
    }

    // The style sheet puts the mark before the character, so that copied text is the original.
    private static void WriteText(HtmlWriter html, string text)
    {
        int start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is not ('\n' or '\t')) continue;
            html.Write($"{text[start..i]}<i class=\"{(text[i] == '\n' ? "newline" : "tab")}\">{text[i..(i + 1)]}</i>");
            start = i + 1;
        }

        html.Write($"{text[start..]}");
    }
}

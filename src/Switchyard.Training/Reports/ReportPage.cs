namespace Switchyard.Training.Reports;

/// <summary>
/// One self-contained HTML page: inline SVG and CSS, light and dark, no script, and a content security policy
/// under which a browser fetches nothing. The page is also well-formed XML.
/// </summary>
public sealed class ReportPage
{
    /// <summary>What the page is about; also the title of the browser's tab.</summary>
    public required string Title { get; init; }

    /// <summary>A line under the title, or null.</summary>
    public string? Subtitle { get; init; }

    /// <summary>The exact command line that made what is reported, or null.</summary>
    public string? CommandLine { get; init; }

    /// <summary>The sections, in order.</summary>
    public required IReadOnlyList<ReportSection> Sections { get; init; }

    /// <summary>The page as one string.</summary>
    public string Render()
    {
        using StringWriter text = new();
        WriteTo(text);
        return text.ToString();
    }

    /// <summary>Writes the page; the writer should encode as UTF-8.</summary>
    public void WriteTo(TextWriter output)
    {
        HtmlWriter html = new(output);
        html.Write($"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8"/>
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta name="color-scheme" content="light dark"/>
            <title>{Title}</title>
            <style>

            """);
        html.WriteTrusted(ReportStyle.Css);
        html.WriteTrusted(CategoryPalette.Css);
        html.Write($"</style>\n</head>\n<body>\n<main>\n");
        WriteHeader(html);
        for (int i = 0; i < Sections.Count; i++) WriteSection(html, Sections[i], i);
        html.Write($"</main>\n</body>\n</html>\n");
    }

    private void WriteHeader(HtmlWriter html)
    {
        html.Write($"<header>\n<h1>{Title}</h1>\n");
        if (Subtitle is not null) html.Write($"<p class=\"subtitle\">{Subtitle}</p>\n");
        if (CommandLine is not null) html.Write($"<pre class=\"command\"><code>{CommandLine}</code></pre>\n");
        if (Sections.Count > 2)
        {
            html.Write($"<nav>");
            for (int i = 0; i < Sections.Count; i++) html.Write($"<a href=\"#s{i}\">{Sections[i].Title}</a> ");
            html.Write($"</nav>\n");
        }

        html.Write($"</header>\n");
    }

    private static void WriteSection(HtmlWriter html, ReportSection section, int index)
    {
        html.Write($"<section id=\"s{index}\">\n<h2>{section.Title}</h2>\n");
        if (section.Note is not null) html.Write($"<p class=\"note\">{section.Note}</p>\n");
        html.Write($"<div class=\"parts\">\n");
        foreach (IReportPart part in section.Parts) part.WriteTo(html);
        html.Write($"</div>\n</section>\n");
    }
}

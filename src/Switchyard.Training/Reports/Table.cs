namespace Switchyard.Training.Reports;

/// <summary>A table of texts; with two columns and no header, a list of names and values.</summary>
public sealed class Table : IReportPart
{
    /// <summary>The names of the columns, or null.</summary>
    public IReadOnlyList<string>? Header { get; init; }

    /// <summary>The rows, each of as many cells as there are columns.</summary>
    public required IReadOnlyList<IReadOnlyList<string>> Rows { get; init; }

    /// <inheritdoc/>
    public void WriteTo(HtmlWriter html)
    {
        html.Write($"<table>\n");
        if (Header is not null)
        {
            html.Write($"<thead><tr>");
            foreach (string name in Header) html.Write($"<th scope=\"col\">{name}</th>");
            html.Write($"</tr></thead>\n");
        }

        html.Write($"<tbody>\n");
        foreach (IReadOnlyList<string> row in Rows)
        {
            html.Write($"<tr>");
            for (int i = 0; i < row.Count; i++)
            {
                if (i == 0) html.Write($"<th scope=\"row\">{row[i]}</th>");
                else html.Write($"<td>{row[i]}</td>");
            }

            html.Write($"</tr>\n");
        }

        html.Write($"</tbody>\n</table>\n");
    }
}

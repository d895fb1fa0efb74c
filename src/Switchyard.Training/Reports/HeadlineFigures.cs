namespace Switchyard.Training.Reports;

/// <summary>A figure that sums up a run.</summary>
/// <param name="Name">What it is, such as <c>validation loss</c>.</param>
/// <param name="Value">The figure, ready to be read.</param>
/// <param name="Note">A few words under it, such as its unit, or null.</param>
public sealed record HeadlineFigure(string Name, string Value, string? Note = null);

/// <summary>The few figures that a reader wants first, in large type.</summary>
/// <param name="Figures">The figures, in order.</param>
public sealed record HeadlineFigures(IReadOnlyList<HeadlineFigure> Figures) : IReportPart
{
    /// <inheritdoc/>
    public void WriteTo(HtmlWriter html)
    {
        html.Write($"<dl class=\"headline\">\n");
        foreach ((string name, string value, string? note) in Figures)
        {
            html.Write($"<div><dt>{name}</dt><dd>{value}</dd>");
            if (note is not null) html.Write($"<dd class=\"unit\">{note}</dd>");
            html.Write($"</div>\n");
        }

        html.Write($"</dl>\n");
    }
}

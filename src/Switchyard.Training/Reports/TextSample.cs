namespace Switchyard.Training.Reports;

/// <summary>A text that a model wrote.</summary>
/// <param name="Prompt">What it was given.</param>
/// <param name="Continuation">What it wrote.</param>
/// <param name="Note">How it was sampled, such as <c>temperature 0.8</c>, or null.</param>
public sealed record TextSample(string Prompt, string Continuation, string? Note = null) : IReportPart
{
    /// <inheritdoc/>
    public void WriteTo(HtmlWriter html)
    {
        html.Write($"<figure class=\"full sample\">\n<blockquote><b>{Prompt}</b>{Continuation}</blockquote>\n");
        if (Note is not null) html.Write($"<figcaption>{Note}</figcaption>\n");
        html.Write($"</figure>\n");
    }
}

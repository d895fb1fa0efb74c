namespace Switchyard.Training.Reports;

/// <summary>A section of a report.</summary>
/// <param name="Title">The heading.</param>
/// <param name="Note">One or two sentences that say how to read what follows, or null.</param>
/// <param name="Parts">What the section shows; figures narrower than the page stand side by side.</param>
public sealed record ReportSection(string Title, string? Note, IReadOnlyList<IReportPart> Parts);

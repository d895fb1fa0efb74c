namespace Switchyard.Training.Reports;

/// <summary>Something that can stand in a section of a report: a chart, a table, a text.</summary>
public interface IReportPart
{
    /// <summary>Writes the part as well-formed markup, complete in itself.</summary>
    void WriteTo(HtmlWriter html);
}

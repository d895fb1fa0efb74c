using System.Xml.Linq;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Training.Reports;

/// <summary>What a part writes, as text and read back by an XML parser.</summary>
internal static class Rendered
{
    public const string HostileText = "</script><script>alert(1)</script><!-- ]]> \" ' & \0 \u001b \ud800 \u0085 \ufffe é中😀";

    /// <summary>What a reader should see of <see cref="HostileText"/>: everything, control characters as pictures.</summary>
    public const string HostileSeen = "</script><script>alert(1)</script><!-- ]]> \" ' & \u2400 \u241b \ufffd \ufffd \ufffd é中😀";

    public static string Text(IReportPart part)
    {
        using StringWriter text = new();
        part.WriteTo(new HtmlWriter(text));
        return text.ToString();
    }

    public static XElement Xml(IReportPart part) => XElement.Parse(Text(part), LoadOptions.PreserveWhitespace);

    public static XDocument Xml(ReportPage page) => XDocument.Parse(page.Render(), LoadOptions.PreserveWhitespace);

    public static IEnumerable<XElement> OfClass(this XContainer root, string name) =>
        root.Descendants().Where(element => ((string?)element.Attribute("class") ?? "").Split(' ').Contains(name));
}

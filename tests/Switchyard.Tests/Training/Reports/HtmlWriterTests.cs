using System.Globalization;
using System.Xml.Linq;
using FsCheck;
using FsCheck.Fluent;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Training.Reports;

public class HtmlWriterTests
{
    [Fact]
    public void Values_are_escaped_and_literals_are_not()
    {
        using StringWriter text = new();
        string value = "<b a=\"1\" b='2'>&amp;";
        new HtmlWriter(text).Write($"<p title=\"{value}\">{value}</p>");
        Assert.Equal(
            "<p title=\"&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;amp;\">&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;amp;</p>",
            text.ToString());
    }

    [Fact]
    public void Hostile_text_is_seen_and_not_obeyed() =>
        Assert.Equal(Rendered.HostileSeen, XElement.Parse($"<p>{HtmlWriter.Escape(Rendered.HostileText)}</p>").Value);

    [Fact]
    public void Any_text_stays_one_text_node_and_one_attribute() => Check.QuickThrowOnFailure(
        Prop.ForAll<string?>(text =>
        {
            string escaped = HtmlWriter.Escape(text ?? "");
            XElement parsed = XElement.Parse($"<p title=\"{escaped}\">{escaped}</p>", LoadOptions.PreserveWhitespace);
            return parsed.Nodes().All(node => node is XText) && parsed.Attributes().Count() == 1
                && parsed.Value.Length == (text ?? "").Length;
        }));

    [Fact]
    public void Numbers_are_written_alike_in_every_culture()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo commas = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            commas.NumberFormat.NumberDecimalSeparator = ",";
            commas.NumberFormat.NegativeSign = "~";
            CultureInfo.CurrentCulture = commas;
            using StringWriter text = new();
            new HtmlWriter(text).Write($"{-1.256} {-7} {NumberText.Short(-1234.5)} {NumberText.Short(1.5)}");
            Assert.Equal("-1.26 -7 −1,234 1.500", text.ToString());
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}

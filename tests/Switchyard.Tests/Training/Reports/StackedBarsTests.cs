using System.Globalization;
using System.Xml.Linq;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Training.Reports;

public class StackedBarsTests
{
    private static StackedBars Bars(double[,] values) => new()
    {
        Title = "Layer 0",
        CategoryLabel = "expert",
        Categories = [.. Enumerable.Range(0, values.GetLength(1)).Select(i => $"{i}")],
        Rows = [.. Enumerable.Range(0, values.GetLength(0)).Select(i => $"domain {i}")],
        Values = values,
    };

    private static double Number(XElement element, string name) => double.Parse((string)element.Attribute(name)!, CultureInfo.InvariantCulture);

    [Fact]
    public void Segments_fill_the_bar_in_proportion()
    {
        XElement figure = Rendered.Xml(Bars(new double[,] { { 1, 3 }, { 10, 10 } }));
        XElement[] segments = [.. figure.OfClass("segment")];
        double width = Number(figure.OfClass("void").First(), "width");
        Assert.Equal([0.25, 0.75, 0.5, 0.5], segments.Select(segment => Math.Round(Number(segment, "width") / width, 3)));
        Assert.Equal(
            ["domain 0, expert 0: 25.0 %", "domain 0, expert 1: 75.0 %", "domain 1, expert 0: 50.0 %", "domain 1, expert 1: 50.0 %"],
            segments.Select(segment => segment.Value));
        Assert.Equal(Number(segments[0], "x") + Number(segments[0], "width"), Number(segments[1], "x"), 0.02);
    }

    [Fact]
    public void Nothing_to_share_leaves_the_bar_empty()
    {
        Assert.Empty(Rendered.Xml(Bars(new double[,] { { 0, 0 } })).OfClass("segment"));
        Assert.Empty(Rendered.Xml(Bars(new double[0, 0])).OfClass("segment"));
        Assert.DoesNotContain("NaN", Rendered.Text(Bars(new[,] { { double.NaN, -1, 2 } })));
    }

    [Fact]
    public void Long_and_hostile_names_are_shortened_text()
    {
        StackedBars bars = new()
        {
            Title = "t",
            CategoryLabel = "expert",
            Categories = ["0"],
            Rows = [new string('<', 500)],
            Values = new double[,] { { 1 } },
        };
        Assert.Contains("<…", Rendered.Xml(bars).Descendants("text").First().Value);
    }

    [Fact]
    public void Names_must_match_the_values()
    {
        StackedBars bars = new() { Title = "t", CategoryLabel = "e", Categories = ["0"], Rows = ["a", "b"], Values = new double[1, 1] };
        Assert.Contains("[1, 1]", Assert.Throws<ArgumentException>(() => Rendered.Text(bars)).Message);
    }
}

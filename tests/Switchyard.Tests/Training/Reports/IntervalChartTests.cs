using System.Globalization;
using System.Xml.Linq;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Training.Reports;

public class IntervalChartTests
{
    private static IntervalChart Chart(params IntervalRow[] rows) => new() { Title = "Differences", XLabel = "nats", Rows = rows };

    [Fact]
    public void An_interval_stands_where_its_numbers_say_and_its_colour_tells_whether_it_leaves_zero_out()
    {
        XElement figure = Rendered.Xml(Chart(new("below", -4, -3, -2), new("around", -1, 0.5, 2), new("above", 1, 2, 3), new("alone", 4, 4, 4)));
        XElement[] rows = [.. figure.OfClass("interval")];
        Assert.Equal([true, false, true, false], rows.Select(row => ((string)row.Attribute("class")!).Contains("sure", StringComparison.Ordinal)));
        Assert.Equal(["below: −3, −4 to −2", "around: 0.500, −1 to 2", "above: 2, 1 to 3", "alone: 4, 4 to 4"], rows.Select(row => row.Element("title")!.Value));

        // Every coordinate is the same line over the values: zero's and a dot's give it.
        double zero = Numbers(figure.OfClass("axis").Single())[0], perUnit = (X(rows[2]) - zero) / 2;
        (double Low, double Mean, double High)[] values = [(-4, -3, -2), (-1, 0.5, 2), (1, 2, 3), (4, 4, 4)];
        for (int i = 0; i < rows.Length; i++)
        {
            double[] path = Numbers(rows[i].Element("path")!);
            Assert.Equal(zero + perUnit * values[i].Low, path[0], 0.05);
            Assert.Equal(zero + perUnit * values[i].Mean, X(rows[i]), 0.05);
            Assert.Equal(zero + perUnit * values[i].High, path[2], 0.05);
        }
    }

    [Fact]
    public void Zero_is_on_the_axis_where_no_interval_comes_near_it()
    {
        XElement figure = Rendered.Xml(Chart(new IntervalRow("far", 9, 10, 11)));
        Assert.Contains("0", figure.Descendants("text").Select(text => text.Value));
        Assert.True(Numbers(figure.OfClass("axis").Single())[0] < X(figure.OfClass("interval").Single()));
    }

    [Fact]
    public void What_is_not_finite_leaves_its_name_and_no_names_leave_an_empty_chart()
    {
        string text = Rendered.Text(Chart(new("gone", double.NaN, double.NaN, double.NaN), new("there", 1, 2, double.PositiveInfinity)));
        Assert.Contains("gone", text, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", text, StringComparison.Ordinal);
        Assert.DoesNotContain("∞", text, StringComparison.Ordinal);
        Assert.Empty(Rendered.Xml(Chart()).OfClass("interval"));
        Assert.Contains(Rendered.HostileSeen, Rendered.Xml(Chart(new IntervalRow(Rendered.HostileText, 0, 1, 2))).Value, StringComparison.Ordinal);
    }

    private static double X(XElement row) => double.Parse((string)row.Element("circle")!.Attribute("cx")!, CultureInfo.InvariantCulture);

    private static double[] Numbers(XElement path)
        => [.. ((string)path.Attribute("d")!).Split(['M', 'H', 'v', ' '], StringSplitOptions.RemoveEmptyEntries).Select(number => double.Parse(number, CultureInfo.InvariantCulture))];
}

using System.Globalization;
using System.Xml.Linq;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Training.Reports;

public class LineChartTests
{
    private static LineChart Chart(ChartPoint[][] series) => new()
    {
        Title = "Loss",
        XLabel = "step",
        YLabel = "nats",
        Series = [.. series.Select((points, i) => new LineSeries($"line {i}", points))],
    };

    private static string PathOf(XElement figure) => (string)figure.OfClass("line").Single().Attribute("d")!;

    [Fact]
    public void Without_series_or_points_only_the_axes_are_drawn()
    {
        Assert.Empty(Rendered.Xml(Chart([])).OfClass("line"));
        Assert.Equal("", PathOf(Rendered.Xml(Chart([[]]))));
        Assert.NotEmpty(Rendered.Xml(Chart([[]])).OfClass("grid"));
    }

    [Fact]
    public void One_point_is_a_dot()
    {
        XElement figure = Rendered.Xml(Chart([[new(1, 2)]]));
        Assert.Equal("", PathOf(figure));
        Assert.Single(figure.OfClass("dot"));
    }

    [Fact]
    public void Values_that_are_not_finite_leave_gaps()
    {
        XElement figure = Rendered.Xml(Chart([[new(0, 1), new(1, 2), new(2, double.NaN), new(3, 1), new(4, double.PositiveInfinity), new(5, 3), new(6, 4)]]));
        Assert.Equal(2, PathOf(figure).Count(c => c == 'M'));
        Assert.Equal(2, PathOf(figure).Count(c => c == 'L'));
        Assert.Single(figure.OfClass("dot"));
        Assert.DoesNotContain("NaN", figure.ToString());
    }

    [Fact]
    public void A_logarithmic_axis_leaves_gaps_where_values_are_not_positive()
    {
        XElement figure = Rendered.Xml(new LineChart
        {
            Title = "Norm",
            XLabel = "step",
            YLabel = "norm",
            Logarithmic = true,
            Series = [new("norm", [new(0, 1), new(1, 10), new(2, 0), new(3, -1), new(4, 100), new(5, 1000)])],
        });
        Assert.Equal(2, PathOf(figure).Count(c => c == 'M'));
    }

    [Fact]
    public void Points_stand_where_their_values_are()
    {
        XElement figure = Rendered.Xml(Chart([[new(0, 0), new(5, 5), new(10, 10)]]));
        double[] numbers = [.. PathOf(figure).Split('M', 'L', ' ').Skip(1).Select(part => double.Parse(part, CultureInfo.InvariantCulture))];
        Assert.Equal((numbers[0] + numbers[4]) / 2, numbers[2], 0.02);
        Assert.Equal((numbers[1] + numbers[5]) / 2, numbers[3], 0.02);
        Assert.True(numbers[1] > numbers[5]);
    }

    [Fact]
    public void A_hundred_thousand_points_make_a_small_chart()
    {
        Random random = new(1);
        LineChart chart = Chart([[.. Enumerable.Range(0, 100_000).Select(i => new ChartPoint(i, 2 + random.NextDouble()))]]);
        Assert.InRange(Rendered.Text(chart).Length, 1_000, 60_000);
    }

    [Fact]
    public void The_reference_line_widens_the_axis_and_is_named()
    {
        LineChart chart = new()
        {
            Title = "Loss",
            XLabel = "step",
            YLabel = "nats",
            Series = [new("train", [new(0, 2), new(1, 3)])],
            Reference = (0.93, "entropy of the source"),
        };
        XElement figure = Rendered.Xml(chart);
        Assert.Contains(figure.OfClass("reference"), element => element.Value == "entropy of the source 0.930");
        Assert.Contains(figure.Descendants("text"), text => text.Value == "0.5");
    }

    [Fact]
    public void Read_outs_give_the_latest_value_of_every_line()
    {
        XElement figure = Rendered.Xml(Chart(
        [
            [.. Enumerable.Range(1, 4).Select(i => new ChartPoint(i, i * 10))],
            [new(2, 7), new(4, 8)],
        ]));
        Assert.Equal(
            ["step 1 · 10", "step 2 · line 0 20 · line 1 7", "step 3 · line 0 30 · line 1 7", "step 4 · line 0 40 · line 1 8"],
            figure.OfClass("readouts").Single().Elements("g").Select(column => column.Value));
    }

    [Fact]
    public void Read_outs_of_many_lines_give_the_range()
    {
        XElement figure = Rendered.Xml(Chart([.. Enumerable.Range(0, 40).Select(line => new ChartPoint[] { new(0, line + 1), new(1, line + 2) })]));
        Assert.Equal("step 0 · 1 (line 0) to 40 (line 39)", figure.OfClass("readouts").Single().Elements("g").First().Value);
    }

    [Fact]
    public void Names_are_text()
    {
        LineChart chart = new()
        {
            Title = Rendered.HostileText,
            XLabel = Rendered.HostileText,
            YLabel = Rendered.HostileText,
            Series = [new(Rendered.HostileText, [new(0, 1), new(1, 2)]), new("b", [new(0, 1)])],
            Reference = (1, Rendered.HostileText),
        };
        XElement figure = Rendered.Xml(chart);
        Assert.Empty(figure.Descendants("script"));
        Assert.Equal(Rendered.HostileSeen, figure.Element("figcaption")!.Element("b")!.Value);
    }
}

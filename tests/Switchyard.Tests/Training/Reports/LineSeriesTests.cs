using Switchyard.Training.Reports;

namespace Switchyard.Tests.Training.Reports;

public class LineSeriesTests
{
    private static ChartPoint[] Noise(int count)
    {
        Random random = new(3);
        return [.. Enumerable.Range(0, count).Select(i => new ChartPoint(i, random.NextDouble()))];
    }

    [Fact]
    public void Short_series_stay_as_they_are()
    {
        ChartPoint[] points = Noise(302);
        Assert.Same(points, LineSeries.Thin(points, 100, logarithmic: false));
    }

    [Fact]
    public void Long_series_keep_ends_extremes_gaps_and_order()
    {
        ChartPoint[] points = Noise(100_000);
        points[71_234] = new(71_234, 50);
        points[8_765] = new(8_765, -50);
        points[40_000] = new(40_000, double.NaN);
        IReadOnlyList<ChartPoint> thin = LineSeries.Thin(points, 100, logarithmic: false);

        Assert.InRange(thin.Count, 200, 302);
        Assert.Equal(points[0], thin[0]);
        Assert.Equal(points[^1], thin[^1]);
        Assert.Contains(points[71_234], thin);
        Assert.Contains(points[8_765], thin);
        Assert.Contains(thin, point => point.X == 40_000 && double.IsNaN(point.Y));
        Assert.True(thin.Zip(thin.Skip(1)).All(pair => pair.First.X < pair.Second.X));
    }

    [Fact]
    public void Every_stretch_keeps_its_own_extremes()
    {
        ChartPoint[] points = Noise(10_002);
        IReadOnlyList<ChartPoint> thin = LineSeries.Thin(points, 10, logarithmic: false);
        for (int stretch = 0; stretch < 10; stretch++)
        {
            ChartPoint[] part = points[(1 + stretch * 1000)..(1 + (stretch + 1) * 1000)];
            Assert.Contains(part.MinBy(point => point.Y), thin);
            Assert.Contains(part.MaxBy(point => point.Y), thin);
        }
    }

    [Fact]
    public void Nothing_but_gaps_stays_a_gap()
    {
        ChartPoint[] points = [.. Enumerable.Range(0, 5000).Select(i => new ChartPoint(i, double.NaN))];
        Assert.All(LineSeries.Thin(points, 50, logarithmic: false), point => Assert.True(double.IsNaN(point.Y)));
    }
}

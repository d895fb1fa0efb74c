namespace Switchyard.Training.Reports;

/// <summary>A point of a <see cref="LineSeries"/>.</summary>
/// <param name="X">Its place along the horizontal axis.</param>
/// <param name="Y">Its value; one that is not finite leaves a gap in the line.</param>
public readonly record struct ChartPoint(double X, double Y);

/// <summary>A line of a <see cref="LineChart"/>.</summary>
/// <param name="Name">Its name in the legend.</param>
/// <param name="Points">Its points, in order of X.</param>
public sealed record LineSeries(string Name, IReadOnlyList<ChartPoint> Points)
{
    /// <summary>How the line is drawn.</summary>
    public LineWeight Weight { get; init; } = LineWeight.Normal;

    /// <summary>
    /// Few enough points to draw: the first, the last, and of each of <paramref name="stretches"/> equal stretches
    /// the lowest, the highest and the first that is a gap. So every peak stays, and at most
    /// 3 · <paramref name="stretches"/> + 2 points. A series no longer than that is returned as it is.
    /// </summary>
    internal static IReadOnlyList<ChartPoint> Thin(IReadOnlyList<ChartPoint> points, int stretches, bool logarithmic)
    {
        if (points.Count <= 3 * stretches + 2) return points;
        List<ChartPoint> kept = [points[0]];
        for (int stretch = 0; stretch < stretches; stretch++)
        {
            int start = 1 + (int)((long)(points.Count - 2) * stretch / stretches);
            int end = 1 + (int)((long)(points.Count - 2) * (stretch + 1) / stretches);
            int lowest = -1, highest = -1, gap = -1;
            for (int i = start; i < end; i++)
            {
                double y = points[i].Y;
                if (!Axis.CanDraw(y, logarithmic)) gap = gap < 0 ? i : gap;
                else
                {
                    if (lowest < 0 || y < points[lowest].Y) lowest = i;
                    if (highest < 0 || y > points[highest].Y) highest = i;
                }
            }

            Span<int> chosen = [lowest, highest, gap];
            chosen.Sort();
            int previous = -1;
            foreach (int i in chosen)
            {
                if (i > previous) kept.Add(points[previous = i]);
            }
        }

        kept.Add(points[^1]);
        return kept;
    }
}

/// <summary>How a line of a chart is drawn.</summary>
public enum LineWeight
{
    /// <summary>Thin and pale: many noisy points.</summary>
    Thin,

    /// <summary>The usual line.</summary>
    Normal,

    /// <summary>What the reader should look at first.</summary>
    Bold,
}

namespace Switchyard.Training.Reports;

/// <summary>The range of a chart's axis and the round numbers marked on it.</summary>
internal sealed class Axis
{
    private const double Largest = 1e150;
    private static readonly double[] RoundDigits = [1, 2, 5];

    private readonly bool _logarithmic;
    private readonly double _step;

    private Axis(double minimum, double maximum, double[] ticks, double step, bool logarithmic)
    {
        Minimum = minimum;
        Maximum = maximum;
        Ticks = ticks;
        _step = step;
        _logarithmic = logarithmic;
    }

    /// <summary>The value at the start of the axis.</summary>
    public double Minimum { get; }

    /// <summary>The value at the end of the axis; more than <see cref="Minimum"/>.</summary>
    public double Maximum { get; }

    /// <summary>The marked values: increasing, from <see cref="Minimum"/> to <see cref="Maximum"/>.</summary>
    public IReadOnlyList<double> Ticks { get; }

    /// <summary>Whether a value has a place on an axis: finite, at most 10¹⁵⁰ in size, and positive where that is logarithmic.</summary>
    public static bool CanDraw(double value, bool logarithmic) =>
        Math.Abs(value) <= Largest && (!logarithmic || value >= 1 / Largest);

    /// <summary>
    /// A linear axis over values, its ticks multiples of 1, 2 or 5 times a power of ten. Values that cannot be
    /// drawn are passed over; without any the axis goes from 0 to 1.
    /// </summary>
    /// <param name="values">What must fit on the axis.</param>
    /// <param name="maximumTicks">The most ticks, at least 3.</param>
    /// <param name="tight">Whether the axis ends at the outermost values instead of at ticks.</param>
    public static Axis Linear(IEnumerable<double> values, int maximumTicks, bool tight = false)
    {
        (double low, double high) = Range(values, logarithmic: false);
        double resolution = Math.Max(Math.Max(Math.Abs(low), Math.Abs(high)) * 1e-9, 1 / Largest);
        if (high - low < resolution)
        {
            // A constant stands in the middle of an axis of its own size.
            double margin = low == 0 ? 1 : Math.Max(Math.Abs(low) * 0.1, resolution);
            (low, high) = (low - margin, high + margin);
        }

        int decade = (int)Math.Floor(Math.Log10((high - low) / maximumTicks));
        for (int i = 0; ; i++)
        {
            double step = RoundDigits[i % 3] * Math.Pow(10, decade + i / 3);
            // Forgives rounding: 0.3 / 0.1 is a little less than 3.
            double first = tight ? Math.Ceiling(low / step - 1e-9) : Math.Floor(low / step + 1e-9);
            double last = tight ? Math.Floor(high / step + 1e-9) : Math.Ceiling(high / step - 1e-9);
            if (last - first + 1 > maximumTicks) continue;

            double[] ticks = [.. Enumerable.Range(0, (int)(last - first) + 1).Select(n => (first + n) * step)];
            return tight ? new(low, high, ticks, step, false) : new(ticks[0], ticks[^1], ticks, step, false);
        }
    }

    /// <summary>
    /// A logarithmic axis over values: ticks at 1, 2 and 5 times powers of ten, or only at powers of ten where
    /// that is too many. Values that cannot be drawn are passed over; without any the axis goes from 1 to 10.
    /// </summary>
    /// <param name="values">What must fit on the axis.</param>
    /// <param name="maximumTicks">The most ticks, at least 3.</param>
    public static Axis Logarithmic(IEnumerable<double> values, int maximumTicks)
    {
        (double low, double high) = Range(values, logarithmic: true);
        int firstDecade = (int)Math.Floor(Math.Log10(low)), lastDecade = (int)Math.Ceiling(Math.Log10(high));

        List<double> round = [];
        for (int decade = firstDecade; decade <= lastDecade; decade++)
        {
            foreach (double digit in RoundDigits) round.Add(digit * Math.Pow(10, decade));
        }

        int from = Math.Max(0, round.FindLastIndex(tick => tick <= low));
        int to = round.FindIndex(tick => tick >= high);
        if (from == to) (from, to) = (Math.Max(0, from - 1), Math.Min(round.Count - 1, to + 1));
        if (to - from + 1 <= maximumTicks) return new(round[from], round[to], [.. round[from..(to + 1)]], 0, true);

        int decades = lastDecade - firstDecade;
        int stride = (decades + maximumTicks - 2) / (maximumTicks - 1);
        int strides = (decades + stride - 1) / stride;
        double[] ticks = [.. Enumerable.Range(0, strides + 1).Select(n => Math.Pow(10, firstDecade + n * stride))];
        return new(ticks[0], ticks[^1], ticks, 0, true);
    }

    /// <summary>Where a value stands: 0 at <see cref="Minimum"/>, 1 at <see cref="Maximum"/>.</summary>
    public double Position(double value) => _logarithmic
        ? Math.Log10(value / Minimum) / Math.Log10(Maximum / Minimum)
        : (value - Minimum) / (Maximum - Minimum);

    /// <summary>A tick's label.</summary>
    public string Label(double tick) => _logarithmic ? NumberText.Tick(tick) : NumberText.Tick(tick, _step);

    private static (double Low, double High) Range(IEnumerable<double> values, bool logarithmic)
    {
        double low = double.PositiveInfinity, high = double.NegativeInfinity;
        foreach (double value in values)
        {
            if (!CanDraw(value, logarithmic)) continue;
            low = Math.Min(low, value);
            high = Math.Max(high, value);
        }

        return low <= high ? (low, high) : logarithmic ? (1, 10) : (0, 1);
    }
}

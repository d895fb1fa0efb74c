namespace Switchyard.Tests;

/// <summary>A mean over seeds with its 95 % confidence interval (Student's t).</summary>
internal readonly record struct Interval(double Mean, double HalfWidth)
{
    // The 97.5 % points for 1 to 30 degrees of freedom.
    private static readonly double[] Student =
    [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
        2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
    ];

    public static Interval Of(IReadOnlyList<double> values)
    {
        double mean = values.Average();
        double deviation = Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - 1));
        return new(mean, Student[values.Count - 2] * deviation / Math.Sqrt(values.Count));
    }

    public override string ToString() => $"{Mean:g4} ± {HalfWidth:g2}";
}

using MathNet.Numerics.Distributions;

namespace Switchyard.Language.Comparisons;

/// <summary>A mean over seeds with its 95 % confidence interval, by Student's t with one degree of freedom less than seeds.</summary>
/// <param name="Mean">The mean.</param>
/// <param name="HalfWidth">The interval reaches so far on both sides; null for a single number, which has none.</param>
public readonly record struct MeanInterval(double Mean, double? HalfWidth)
{
    /// <summary>Whether the interval leaves 0 out: the claim that there is a difference.</summary>
    public bool ExcludesZero => Math.Abs(Mean) > HalfWidth;

    /// <summary>The mean of numbers, one per seed.</summary>
    /// <exception cref="ArgumentException">There are none.</exception>
    public static MeanInterval Of(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.Count == 0) throw new ArgumentException("the mean of no numbers was asked for: give one or more");
        double mean = values.Average();
        if (values.Count == 1) return new(mean, null);
        int freedom = values.Count - 1;
        double deviation = Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / freedom);
        return new(mean, StudentT.InvCDF(0, 1, freedom, 0.975) * deviation / Math.Sqrt(values.Count));
    }
}

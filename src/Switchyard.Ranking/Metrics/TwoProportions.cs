using MathNet.Numerics;

namespace Switchyard.Ranking.Metrics;

/// <summary>Whether two shares of independent trials differ: the test of two proportions with pooled variance.</summary>
public static class TwoProportions
{
    /// <summary>How likely at least as different shares are by chance, two-sided; 1 where all trials, or none, came out.</summary>
    /// <param name="first">How many of the first trials came out.</param>
    /// <param name="firstTrials">How many there were.</param>
    /// <param name="second">How many of the second.</param>
    /// <param name="secondTrials">How many there were.</param>
    public static double Test(double first, int firstTrials, double second, int secondTrials)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(firstTrials, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(secondTrials, 1);
        double pooled = (first + second) / (firstTrials + secondTrials);
        double deviation = Math.Sqrt(pooled * (1 - pooled) * (1.0 / firstTrials + 1.0 / secondTrials));
        return deviation > 0 ? SpecialFunctions.Erfc(Math.Abs(first / firstTrials - second / secondTrials) / deviation / Math.Sqrt(2)) : 1;
    }
}

using Switchyard.Tensors;

namespace Switchyard.Ranking.Metrics;

/// <summary>By how much one figure exceeds another over the same seeds: single runs decide nothing.</summary>
/// <param name="Mean">The mean difference.</param>
/// <param name="Low">Where its 95 % interval begins.</param>
/// <param name="High">Where it ends.</param>
/// <param name="Wins">In how many pairs the first is larger.</param>
/// <param name="Pairs">How many pairs.</param>
/// <param name="SignTest">How likely at least as uneven wins are by chance, two-sided; ties count for neither.</param>
public readonly record struct PairedDifference(double Mean, double Low, double High, int Wins, int Pairs, double SignTest)
{
    private const int Resamples = 4000;

    /// <summary>Compares figures pair by pair; the interval by resampling the pairs (Efron 1979), always the same.</summary>
    public static PairedDifference Of(ReadOnlySpan<double> first, ReadOnlySpan<double> second)
    {
        if (first.Length != second.Length || first.IsEmpty) throw new ArgumentException($"{first.Length} and {second.Length} figures make no pairs: give as many of both, and at least one");
        double[] differences = new double[first.Length];
        for (int i = 0; i < differences.Length; i++) differences[i] = first[i] - second[i];
        Philox random = new Philox(0).Split("bootstrap");
        double[] means = new double[Resamples];
        for (int resample = 0; resample < Resamples; resample++)
        {
            double sum = 0;
            for (int i = 0; i < differences.Length; i++) sum += differences[random.Next(differences.Length)];
            means[resample] = sum / differences.Length;
        }
        Array.Sort(means);
        int wins = differences.Count(static difference => difference > 0), losses = differences.Count(static difference => difference < 0);
        return new PairedDifference(differences.Average(), means[(int)(0.025 * Resamples)], means[(int)(0.975 * Resamples) - 1], wins, differences.Length, TwoSided(wins, losses));
    }

    private static double TwoSided(int wins, int losses)
    {
        int n = wins + losses, least = Math.Min(wins, losses);
        double term = Math.Pow(0.5, n), sum = 0;
        for (int k = 0; k <= least; k++)
        {
            sum += term;
            term *= (double)(n - k) / (k + 1);
        }
        return Math.Min(1, 2 * sum);
    }
}

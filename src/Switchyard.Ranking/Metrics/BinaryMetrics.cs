namespace Switchyard.Ranking.Metrics;

/// <summary>How well scores tell yes from no. A metric that needs both, or a yes, is NaN where there is none.</summary>
public static class BinaryMetrics
{
    // A sure mistake costs -ln of this, 36.04.
    private const double Epsilon = 2.220446049250313e-16;

    /// <summary>The probability that a yes scores above a no; ties count one half.</summary>
    /// <param name="labels">1 or 0.</param>
    /// <param name="scores">Larger for yes.</param>
    /// <param name="weights">Of the examples; empty for ones.</param>
    public static double Auc(ReadOnlySpan<double> labels, ReadOnlySpan<double> scores, ReadOnlySpan<double> weights = default)
    {
        int[] order = Falling(scores, ascending: true);
        double pairs = 0, noBelow = 0, yes = 0;
        for (int start = 0, end; start < order.Length; start = end)
        {
            double blockYes = 0, blockNo = 0;
            for (end = start; end < order.Length && scores[order[end]] == scores[order[start]]; end++)
            {
                double weight = weights.IsEmpty ? 1 : weights[order[end]];
                if (labels[order[end]] > 0.5) blockYes += weight;
                else blockNo += weight;
            }
            pairs += blockYes * (noBelow + blockNo / 2);
            (noBelow, yes) = (noBelow + blockNo, yes + blockYes);
        }
        return yes == 0 || noBelow == 0 ? double.NaN : pairs / yes / noBelow;
    }

    /// <summary>The mean of -ln of the probability of what came true; probabilities are kept 2.2e-16 away from 0 and 1.</summary>
    /// <inheritdoc cref="Auc"/>
    public static double LogLoss(ReadOnlySpan<double> labels, ReadOnlySpan<double> scores, ReadOnlySpan<double> weights = default)
    {
        double sum = 0, total = 0;
        for (int i = 0; i < labels.Length; i++)
        {
            double p = Math.Clamp(scores[i], Epsilon, 1 - Epsilon), weight = weights.IsEmpty ? 1 : weights[i];
            sum -= weight * (labels[i] * Math.Log(p) + (1 - labels[i]) * Math.Log(1 - p));
            total += weight;
        }
        return sum / total;
    }

    /// <summary>The mean squared difference of probability and label (Brier 1950).</summary>
    /// <inheritdoc cref="Auc"/>
    public static double Brier(ReadOnlySpan<double> labels, ReadOnlySpan<double> scores)
    {
        double sum = 0;
        for (int i = 0; i < labels.Length; i++) sum += (scores[i] - labels[i]) * (scores[i] - labels[i]);
        return sum / labels.Length;
    }

    /// <summary>The precision at every yes, on average; examples of equal score are one threshold.</summary>
    /// <inheritdoc cref="Auc"/>
    public static double AveragePrecision(ReadOnlySpan<double> labels, ReadOnlySpan<double> scores)
    {
        int[] order = Falling(scores);
        double sum = 0, yes = 0;
        for (int start = 0, end; start < order.Length; start = end)
        {
            double block = 0;
            for (end = start; end < order.Length && scores[order[end]] == scores[order[start]]; end++) block += labels[order[end]];
            yes += block;
            sum += block * yes / end;
        }
        return yes == 0 ? double.NaN : sum / yes;
    }

    /// <summary>The same where of equal scores the lower index comes first.</summary>
    /// <inheritdoc cref="Auc"/>
    public static double AveragePrecisionByRank(ReadOnlySpan<double> labels, ReadOnlySpan<double> scores)
    {
        int[] order = Falling(scores);
        double sum = 0, yes = 0;
        for (int rank = 0; rank < order.Length; rank++)
            if (labels[order[rank]] > 0.5) sum += ++yes / (rank + 1);
        return yes == 0 ? double.NaN : sum / yes;
    }

    /// <summary>The places of numbers, the largest first; of equals the lower place.</summary>
    internal static int[] Falling(ReadOnlySpan<double> scores, bool ascending = false)
    {
        int[] order = new int[scores.Length];
        double[] keys = new double[scores.Length];
        for (int i = 0; i < order.Length; i++) (order[i], keys[i]) = (i, ascending ? scores[i] : -scores[i]);
        Array.Sort(keys, order);
        // The sort is not stable: equal runs are put in order of place.
        for (int start = 0, end; start < order.Length; start = end)
        {
            for (end = start + 1; end < order.Length && keys[end] == keys[start]; end++)
            {
            }
            if (end - start > 1) Array.Sort(order, start, end - start);
        }
        return order;
    }
}

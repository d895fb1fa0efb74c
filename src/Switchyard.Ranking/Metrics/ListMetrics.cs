namespace Switchyard.Ranking.Metrics;

/// <summary>How well one list is ordered. Of equal scores the lower index comes first; NaN where nothing in the list is relevant.</summary>
public static class ListMetrics
{
    /// <summary>Discounted cumulative gain Σ g/log2(rank + 1) of the first k, over that of the best order (Järvelin and Kekäläinen 2002).</summary>
    /// <param name="relevance">How relevant each entry is, 0 or more.</param>
    /// <param name="scores">By which the list is ordered.</param>
    /// <param name="k">How far down.</param>
    /// <param name="exponential">Whether the gain is 2^relevance - 1, or the relevance itself.</param>
    public static double Ndcg(ReadOnlySpan<double> relevance, ReadOnlySpan<double> scores, int k, bool exponential = false)
    {
        double best = Gain(relevance, BinaryMetrics.Falling(relevance), k, exponential);
        return best == 0 ? double.NaN : Gain(relevance, BinaryMetrics.Falling(scores), k, exponential) / best;
    }

    /// <summary>By how much the relevance of the first entry falls short of the largest; NaN where nothing is relevant.</summary>
    /// <inheritdoc cref="Ndcg"/>
    public static double Regret(double[] relevance, double[] scores)
    {
        double best = System.Numerics.Tensors.TensorPrimitives.Max<double>(relevance);
        return best > 0 ? best - relevance[BinaryMetrics.Falling(scores)[0]] : double.NaN;
    }

    /// <summary>One over the rank of the first relevant entry; 0 where there is none.</summary>
    /// <inheritdoc cref="Ndcg"/>
    public static double ReciprocalRank(ReadOnlySpan<double> relevance, ReadOnlySpan<double> scores)
    {
        int[] order = BinaryMetrics.Falling(scores);
        for (int rank = 0; rank < order.Length; rank++)
            if (relevance[order[rank]] > 0) return 1.0 / (rank + 1);
        return 0;
    }

    /// <summary>The precision at every relevant entry among the first k, over min(k, relevant entries).</summary>
    /// <inheritdoc cref="Ndcg"/>
    public static double AveragePrecision(ReadOnlySpan<double> relevance, ReadOnlySpan<double> scores, int k = int.MaxValue)
    {
        int[] order = BinaryMetrics.Falling(scores);
        double sum = 0;
        int found = 0, relevant = 0;
        for (int rank = 0; rank < order.Length; rank++)
        {
            if (!(relevance[order[rank]] > 0)) continue;
            relevant++;
            if (rank < k) sum += (double)++found / (rank + 1);
        }
        return relevant == 0 ? double.NaN : sum / Math.Min(k, relevant);
    }

    private static double Gain(ReadOnlySpan<double> relevance, int[] order, int k, bool exponential)
    {
        double sum = 0;
        for (int rank = 0; rank < Math.Min(k, order.Length); rank++)
        {
            double value = relevance[order[rank]];
            sum += (exponential ? Math.Pow(2, value) - 1 : value) / Math.Log2(rank + 2);
        }
        return sum;
    }
}

namespace Switchyard.Ranking.Calibration;

/// <summary>The rising function that is nearest to the labels, linear between knots and constant outside (Zadrozny and Elkan 2002).</summary>
/// <param name="Scores">The knots' scores, rising.</param>
/// <param name="Values">What they become, never falling.</param>
public sealed record IsotonicScaling(IReadOnlyList<double> Scores, IReadOnlyList<double> Values)
{
    /// <summary>Fits by pooling neighbours that fall (Ayer et al. 1955); examples of equal score count as one.</summary>
    public static IsotonicScaling Fit(ReadOnlySpan<double> labels, ReadOnlySpan<double> scores)
    {
        if (labels.IsEmpty) throw new ArgumentException("there are no examples to calibrate on");
        int[] order = Metrics.BinaryMetrics.Falling(scores, ascending: true);
        List<(double First, double Last, double Sum, double Count)> blocks = [];
        for (int start = 0, end; start < order.Length; start = end)
        {
            double score = scores[order[start]], sum = 0;
            for (end = start; end < order.Length && scores[order[end]] == score; end++) sum += labels[order[end]];
            (double First, double Last, double Sum, double Count) block = (score, score, sum, end - start);
            while (blocks.Count > 0 && blocks[^1].Sum * block.Count >= block.Sum * blocks[^1].Count)
            {
                block = (blocks[^1].First, block.Last, blocks[^1].Sum + block.Sum, blocks[^1].Count + block.Count);
                blocks.RemoveAt(blocks.Count - 1);
            }
            blocks.Add(block);
        }
        List<double> knots = [], values = [];
        foreach ((double first, double last, double sum, double count) in blocks)
        {
            knots.Add(first);
            values.Add(sum / count);
            if (last == first) continue;
            knots.Add(last);
            values.Add(sum / count);
        }
        return new IsotonicScaling(knots, values);
    }

    /// <summary>The calibrated probability.</summary>
    public double Of(double score)
    {
        int low = 0, high = Scores.Count - 1;
        if (!(score > Scores[low])) return Values[low];
        if (score >= Scores[high]) return Values[high];
        while (high - low > 1)
        {
            int middle = (low + high) / 2;
            if (Scores[middle] <= score) low = middle;
            else high = middle;
        }
        return Values[low] + (Values[high] - Values[low]) * (score - Scores[low]) / (Scores[high] - Scores[low]);
    }
}

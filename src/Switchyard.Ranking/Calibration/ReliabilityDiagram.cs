namespace Switchyard.Ranking.Calibration;

/// <summary>One bin of a reliability diagram.</summary>
/// <param name="Count">Examples in it.</param>
/// <param name="MeanScore">Their mean probability.</param>
/// <param name="SharePositive">The share that came true.</param>
public readonly record struct ReliabilityBin(int Count, double MeanScore, double SharePositive);

/// <summary>Whether of the examples with probability p a share p comes true (Guo et al., ICML 2017, §2).</summary>
/// <param name="bins">The bins; empty ones count nothing.</param>
public sealed class ReliabilityDiagram(IReadOnlyList<ReliabilityBin> bins)
{
    /// <summary>The bins.</summary>
    public IReadOnlyList<ReliabilityBin> Bins => bins;

    /// <summary>The expected calibration error Σ (count/n)·|mean probability - share that came true|.</summary>
    public double Expected => bins.Where(static bin => bin.Count > 0).Sum(static bin => bin.Count * Gap(bin)) / bins.Sum(static bin => (double)bin.Count);

    /// <summary>The largest gap of a bin.</summary>
    public double Maximum => bins.Where(static bin => bin.Count > 0).Max(Gap);

    /// <summary>Bins of equal width (lower, upper], of which the first is closed.</summary>
    public static ReliabilityDiagram ByWidth(ReadOnlySpan<double> labels, ReadOnlySpan<double> scores, int count = 10)
    {
        (int[] counts, double[] sums, double[] positives) = (new int[count], new double[count], new double[count]);
        for (int i = 0; i < labels.Length; i++)
        {
            int bin = Math.Clamp((int)Math.Ceiling(scores[i] * count) - 1, 0, count - 1);
            counts[bin]++;
            sums[bin] += scores[i];
            positives[bin] += labels[i];
        }
        return new ReliabilityDiagram([.. counts.Select((size, bin) => size == 0 ? default : new ReliabilityBin(size, sums[bin] / size, positives[bin] / size))]);
    }

    /// <summary>Bins of as equal a number of examples as can be, in the order of their scores; the first are the larger.</summary>
    public static ReliabilityDiagram ByMass(ReadOnlySpan<double> labels, ReadOnlySpan<double> scores, int count = 10)
    {
        int[] order = Metrics.BinaryMetrics.Falling(scores, ascending: true);
        List<ReliabilityBin> result = [];
        for (int bin = 0, start = 0; bin < count; bin++)
        {
            int size = order.Length / count + (bin < order.Length % count ? 1 : 0);
            double sum = 0, positive = 0;
            for (int i = start; i < start + size; i++) (sum, positive) = (sum + scores[order[i]], positive + labels[order[i]]);
            if (size > 0) result.Add(new ReliabilityBin(size, sum / size, positive / size));
            start += size;
        }
        return new ReliabilityDiagram(result);
    }

    private static double Gap(ReliabilityBin bin) => Math.Abs(bin.MeanScore - bin.SharePositive);
}

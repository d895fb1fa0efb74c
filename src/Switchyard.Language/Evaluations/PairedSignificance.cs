using Switchyard.Tensors;

namespace Switchyard.Language.Evaluations;

/// <summary>What a paired test says about two systems.</summary>
/// <param name="Difference">BLEU of the system less that of the baseline.</param>
/// <param name="Probability">How likely a difference so large is between systems that are equally good.</param>
public sealed record PairedResult(double Difference, double Probability);

/// <summary>What the resamples of a set of segments say about the BLEU of one system.</summary>
/// <param name="Mean">The mean of its scores.</param>
/// <param name="HalfWidth">Half the width of the interval that holds 95 % of them.</param>
public sealed record BootstrapInterval(double Mean, double HalfWidth);

/// <summary>
/// Whether one system translates better than another: the paired bootstrap (Koehn, EMNLP 2004) and approximate
/// randomisation (Riezler and Maxwell 2005), with the p-values of sacreBLEU.
/// </summary>
/// <param name="bleu">The score.</param>
/// <param name="baseline">The counts of the baseline, segment by segment.</param>
/// <param name="system">The counts of the system for the same segments.</param>
/// <exception cref="ArgumentException">The systems have different numbers of segments, or none.</exception>
public sealed class PairedSignificance(Bleu bleu, IReadOnlyList<BleuCounts> baseline, IReadOnlyList<BleuCounts> system)
{
    private readonly int _segments = baseline.Count == system.Count && baseline.Count > 0
        ? baseline.Count
        : throw new ArgumentException($"the baseline has {baseline.Count} segments, the system {system.Count}: give the same ones to both, at least one");

    /// <summary>Draws segments with replacement, so many times.</summary>
    /// <param name="samples">How many times.</param>
    /// <param name="random">Draws them.</param>
    public PairedResult Bootstrap(int samples, Philox random) => Bootstrap(Resamples(samples, _segments, random));

    /// <summary>Swaps the two translations of each segment or not, so many times.</summary>
    /// <param name="samples">How many times.</param>
    /// <param name="random">Decides.</param>
    public PairedResult Randomisation(int samples, Philox random) => Randomisation(Resamples(samples, 2, random));

    /// <summary>The scores of the system on resamples.</summary>
    /// <param name="samples">How many resamples.</param>
    /// <param name="random">Draws them.</param>
    public BootstrapInterval Interval(int samples, Philox random) => Interval(Resamples(samples, _segments, random));

    internal PairedResult Bootstrap(IReadOnlyList<int[]> resamples)
    {
        double[] differences = [.. resamples.Select(sample => Math.Abs(Score(system, sample) - Score(baseline, sample)))];
        double mean = differences.Average();
        return Result(differences.Select(difference => difference - mean), resamples.Count);
    }

    /// <summary>1 leaves the translations of a segment where they are, 0 swaps them.</summary>
    internal PairedResult Randomisation(IReadOnlyList<int[]> keeps) =>
        Result(keeps.Select(keep => Math.Abs(Mixed(keep, baseline, system) - Mixed(keep, system, baseline))), keeps.Count);

    internal BootstrapInterval Interval(IReadOnlyList<int[]> resamples)
    {
        double[] scores = [.. resamples.Select(sample => Score(system, sample)).Order()];
        int outside = scores.Length / 40;
        return new(scores.Average(), (scores[^(outside + 1)] - scores[outside]) / 2);
    }

    private PairedResult Result(IEnumerable<double> statistics, int samples)
    {
        int[] all = [.. Enumerable.Range(0, _segments)];
        double difference = Score(system, all) - Score(baseline, all);
        return new(difference, (statistics.Count(statistic => statistic > Math.Abs(difference)) + 1.0) / (samples + 1));
    }

    private double Mixed(int[] keep, IReadOnlyList<BleuCounts> kept, IReadOnlyList<BleuCounts> swapped) =>
        bleu.Score(keep.Select((isKept, segment) => (isKept != 0 ? kept : swapped)[segment]).Aggregate(static (sum, counts) => sum.Plus(counts))).Score;

    private double Score(IReadOnlyList<BleuCounts> counts, int[] segments) =>
        bleu.Score(segments.Select(segment => counts[segment]).Aggregate(static (sum, other) => sum.Plus(other))).Score;

    private List<int[]> Resamples(int samples, int bound, Philox random)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(samples);
        ArgumentNullException.ThrowIfNull(random);
        List<int[]> drawn = [];
        for (int sample = 0; sample < samples; sample++)
        {
            int[] indices = new int[_segments];
            for (int i = 0; i < indices.Length; i++) indices[i] = (int)(random.NextDouble() * bound);
            drawn.Add(indices);
        }
        return drawn;
    }
}

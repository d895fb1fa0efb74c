using System.Diagnostics;
using System.Globalization;
using Switchyard.Experts;
using Switchyard.Experts.Gates;
using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Cli.Benchmarks;

/// <summary>
/// A dropless layer, forward and backward, whose experts have loads by Zipf's law, beside the same layer with equal
/// loads: the cost of a list of pairs follows the number of pairs, not the busiest expert.
/// </summary>
/// <param name="size">Of the layer.</param>
/// <param name="exponent">The load of the expert of rank r is proportional to r to the power of minus this.</param>
internal sealed class SkewBenchmark(LayerSize size, double exponent) : Benchmark(string.Create(CultureInfo.InvariantCulture, $"skew/zipf{exponent}-k{size.TopK}"))
{
    /// <inheritdoc />
    public override BenchmarkRow Measure(int threads, int rounds, CancellationToken interrupted)
    {
        WorkerPool.Threads = threads;
        using TensorScope scope = new();
        using MixtureLayer layer = new(size, new TopKOptions { TopK = size.TopK });
        Routing even = Draw(0), skewed = Draw(exponent);
        double[] evenSeconds = new double[rounds], skewedSeconds = new double[rounds];
        for (int round = -1; round < rounds; round++)
        {
            interrupted.ThrowIfCancellationRequested();
            double first = Seconds(layer, even), second = Seconds(layer, skewed);
            if (round >= 0) (evenSeconds[round], skewedSeconds[round]) = (first, second);
        }
        double seconds = MatrixPeak.Median(skewedSeconds);
        return new BenchmarkRow(Name, threads, size.Tokens / seconds, "tokens/s")
        {
            Figures = [new("max_over_mean", skewed.Statistics.MaxOverMean), new("ratio", seconds / MatrixPeak.Median(evenSeconds))],
        };
    }

    private static double Seconds(MixtureLayer layer, Routing routing)
    {
        using TensorScope scope = new();
        long started = Stopwatch.GetTimestamp();
        layer.Run(() => layer.Bank.Forward(layer.Tokens, routing), routing, backward: true);
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    /// <summary>Every token chooses different experts, each with a chance that follows the law.</summary>
    private Routing Draw(double power)
    {
        Philox random = new(2);
        double[] chance = [.. Enumerable.Range(1, size.Experts).Select(rank => Math.Pow(rank, -power))];
        List<int>[] tokensOf = [.. Enumerable.Range(0, size.Experts).Select(static _ => new List<int>())];
        for (int token = 0; token < size.Tokens; token++)
        {
            HashSet<int> chosen = [];
            while (chosen.Count < size.TopK)
            {
                double left = random.NextDouble() * chance.Sum();
                int expert = 0;
                while (expert < size.Experts - 1 && (left -= chance[expert]) > 0) expert++;
                if (chosen.Add(expert)) tokensOf[expert].Add(token);
            }
        }
        int[] offsets = new int[size.Experts + 1];
        for (int expert = 0; expert < size.Experts; expert++) offsets[expert + 1] = offsets[expert] + tokensOf[expert].Count;
        Tensor weights = Tensor.Full([offsets[^1]], 1.0 / size.TopK);
        weights.RequiresGradient = true;
        return new Routing(
            size.Tokens, Tensor.From([.. tokensOf.SelectMany(static tokens => tokens)], [offsets[^1]]), Tensor.From(offsets, [offsets.Length]), weights, [],
            new RoutingStatistics([.. tokensOf.Select(static tokens => (long)tokens.Count)], 0, 0));
    }
}

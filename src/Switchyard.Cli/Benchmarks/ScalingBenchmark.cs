using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Cli.Benchmarks;

/// <summary>
/// How many times as fast as one thread several are: in our products, in OpenBLAS's, and in the multiply-adds of registers
/// that share nothing at all. Where the machine's processors are lent to others too, the last of these is what it gives.
/// </summary>
/// <param name="openBlas">The peer, if it is there.</param>
internal sealed class ScalingBenchmark(OpenBlas? openBlas) : Benchmark("scaling/2048x2048x2048/nn")
{
    private const int Size = 2048;

    /// <inheritdoc />
    public override BenchmarkRow Measure(int threads, int rounds, CancellationToken interrupted)
    {
        using TensorScope scope = new();
        Philox random = new(1);
        Tensor a = Tensor.Uniform([Size, Size], -1, 1, random), b = Tensor.Uniform([Size, Size], -1, 1, random), c = Tensor.Empty([Size, Size]);
        double work = 2.0 * Size * Size * Size;
        double[] ours = new double[rounds], peer = new double[rounds], limit = new double[rounds];
        for (int round = -1; round < rounds; round++)
        {
            interrupted.ThrowIfCancellationRequested();
            int at = Math.Max(round, 0);
            ours[at] = Gain(threads, _ => RateBenchmark.Rate(work, () => Tensor.MatMul(a, b)));
            limit[at] = Gain(threads, _ =>
            {
                Contestant peak = Limits.FmaPeak();
                return RateBenchmark.Rate(peak.Work, peak.Run);
            });
            if (openBlas is null) continue;
            peer[at] = Gain(threads, count =>
            {
                openBlas.UseThreads(count);
                return RateBenchmark.Rate(work, () => openBlas.Multiply(a, false, b, false, c));
            });
            Thread.Sleep(RateBenchmark.Settling);
        }

        double gain = MatrixPeak.Median(ours), possible = MatrixPeak.Median(limit);
        return new BenchmarkRow(Name, threads, gain, "times")
        {
            Peer = openBlas is null ? null : "openblas",
            PeerValue = openBlas is null ? null : MatrixPeak.Median(peer),
            Limit = "fma peak",
            OfLimit = gain / possible,
            Figures = [new("fma_peak_times", possible)],
        };
    }

    // One after the other within a round: the machine's speed moves more between rounds.
    private static double Gain(int threads, Func<int, double> rate)
    {
        WorkerPool.Threads = 1;
        double alone = rate(1);
        WorkerPool.Threads = threads;
        return rate(threads) / alone;
    }
}

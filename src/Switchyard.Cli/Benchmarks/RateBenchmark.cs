using System.Diagnostics;
using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Cli.Benchmarks;

/// <summary>
/// How much work per second: ours, the peer's and the limit's in turn, round by round, so that all of them see the same
/// machine; the medians count.
/// </summary>
/// <param name="name">What it is, as group/thing.</param>
/// <param name="unit">What the rate is shown in.</param>
/// <param name="prepare">Makes what takes part, for a number of threads. Tensors that it makes live until the end of the measurement.</param>
internal sealed class RateBenchmark(string name, RateUnit unit, Func<int, Contest> prepare) : Benchmark(name)
{
    // Rounds that are not counted: memory is touched, code compiled and the clock of the processor raised.
    private const int WarmUpRounds = 2;

    // Long against the clock's resolution and a hiccup of the machine, short against its moods.
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(20);

    /// <summary>Threads of a peer may look for work a while before they sleep; ours shall not have to share the processor with them.</summary>
    internal static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(150);

    /// <inheritdoc />
    public override BenchmarkRow Measure(int threads, int rounds, CancellationToken interrupted)
    {
        WorkerPool.Threads = threads;
        using TensorScope scope = new();
        Contest contest = prepare(threads);
        double[] ours = new double[rounds], peer = new double[rounds], limit = new double[rounds];
        for (int round = -WarmUpRounds; round < rounds; round++)
        {
            interrupted.ThrowIfCancellationRequested();
            int at = Math.Max(round, 0);
            ours[at] = Rate(contest.Work, contest.Ours);
            if (contest.Limit is { } bound) limit[at] = Rate(bound.Work, bound.Run);
            if (contest.Peer is not { } other) continue;
            peer[at] = Rate(other.Work, other.Run);
            if (threads > 1) Thread.Sleep(Settling);
        }

        double reached = MatrixPeak.Median(ours);
        return new BenchmarkRow(Name, threads, reached / unit.Size, unit.Name)
        {
            Peer = contest.Peer?.Name,
            PeerValue = contest.Peer is null ? null : MatrixPeak.Median(peer) / unit.Size,
            Limit = contest.Limit?.Name,
            OfLimit = contest.Limit is null ? null : reached / MatrixPeak.Median(limit),
        };
    }

    /// <summary>How much work per second is done in one turn.</summary>
    /// <param name="work">How much a call does.</param>
    /// <param name="run">One call.</param>
    internal static double Rate(double work, Action run)
    {
        long started = Stopwatch.GetTimestamp();
        TimeSpan elapsed;
        int calls = 0;
        do
        {
            using TensorScope scope = new();
            run();
            calls++;
            elapsed = Stopwatch.GetElapsedTime(started);
        }
        while (elapsed < Turn);
        return work * calls / elapsed.TotalSeconds;
    }
}

/// <summary>What a rate is shown in.</summary>
/// <param name="Name">Such as GF/s.</param>
/// <param name="Size">How many of the work's own units per second that is.</param>
internal readonly record struct RateUnit(string Name, double Size)
{
    /// <summary>A thousand million floating-point operations per second.</summary>
    public static RateUnit Gigaflops => new("GF/s", 1e9);

    /// <summary>A thousand million bytes per second.</summary>
    public static RateUnit Gigabytes => new("GB/s", 1e9);
}

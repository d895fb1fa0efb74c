using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Cli.Benchmarks;

/// <summary>
/// A product while another thread keeps a processor busy. With as many threads as processors that one takes its part: the
/// limit is what would then be left. A pool that waits for a thread which has no processor falls below it.
/// </summary>
/// <param name="openBlas">The peer, if it is there.</param>
internal sealed class BusyNeighbourBenchmark(OpenBlas? openBlas) : Benchmark("pool/1024x1024x1024/beside-a-busy-thread")
{
    private const int Size = 1024;

    /// <inheritdoc />
    public override BenchmarkRow Measure(int threads, int rounds, CancellationToken interrupted)
    {
        WorkerPool.Threads = threads;
        openBlas?.UseThreads(threads);
        using TensorScope scope = new();
        Philox random = new(1);
        Tensor a = Tensor.Uniform([Size, Size], -1, 1, random), b = Tensor.Uniform([Size, Size], -1, 1, random), c = Tensor.Empty([Size, Size]);
        double work = 2.0 * Size * Size * Size;
        double[] quiet = new double[rounds], busy = new double[rounds], peer = new double[rounds];
        for (int round = -1; round < rounds; round++)
        {
            interrupted.ThrowIfCancellationRequested();
            int at = Math.Max(round, 0);
            quiet[at] = RateBenchmark.Rate(work, () => Tensor.MatMul(a, b));
            busy[at] = BesideABusyThread(() => RateBenchmark.Rate(work, () => Tensor.MatMul(a, b)));
            if (openBlas is null) continue;
            peer[at] = BesideABusyThread(() => RateBenchmark.Rate(work, () => openBlas.Multiply(a, false, b, false, c)));
            Thread.Sleep(RateBenchmark.Settling);
        }

        double reached = MatrixPeak.Median(busy), cores = Environment.ProcessorCount, left = threads < cores ? 1 : cores / (threads + 1);
        return new BenchmarkRow(Name, threads, reached / 1e9, "GF/s")
        {
            Peer = openBlas is null ? null : "openblas",
            PeerValue = openBlas is null ? null : MatrixPeak.Median(peer) / 1e9,
            Limit = "fair share",
            OfLimit = reached / (MatrixPeak.Median(quiet) * left),
        };
    }

    private static double BesideABusyThread(Func<double> measure)
    {
        bool isDone = false;
        Thread neighbour = new(() =>
        {
            while (!Volatile.Read(ref isDone)) Thread.SpinWait(1000);
        });
        neighbour.Start();
        double rate = measure();
        Volatile.Write(ref isDone, true);
        neighbour.Join();
        return rate;
    }
}

using System.Diagnostics;
using Switchyard.Experts;
using Switchyard.Experts.Gates;
using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Cli.Benchmarks;

/// <summary>The way from router logits to the list of pairs, as a share of the whole layer forward: router, dispatch, experts and combine.</summary>
/// <param name="size">Of the layer.</param>
internal sealed class RoutingBenchmark(LayerSize size) : Benchmark($"routing/{size}")
{
    // The runtime compiles in steps what is called often: all of it shall be at its last before it is measured.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    /// <inheritdoc />
    public override BenchmarkRow Measure(int threads, int rounds, CancellationToken interrupted)
    {
        WorkerPool.Threads = threads;
        using TensorScope scope = new();
        using Gradients.Pause pause = Gradients.Paused();
        using MixtureLayer layer = new(size, new TopKOptions { TopK = size.TopK });
        using MoeLayer whole = new(layer.Gate, layer.Bank);
        Tensor logits = layer.Gate.Route(layer.Tokens, default).Logits!;
        double[] routing = new double[rounds], all = new double[rounds];
        long started = Stopwatch.GetTimestamp();
        for (int round = 0; round < rounds;)
        {
            interrupted.ThrowIfCancellationRequested();
            (routing[round], all[round]) = (Seconds(() => layer.Gate.Decide(logits, default)), Seconds(() => whole.Forward(layer.Tokens, default)));
            if (Stopwatch.GetElapsedTime(started) > WarmUp) round++;
        }
        double seconds = MatrixPeak.Median(routing);
        return new BenchmarkRow(Name, threads, size.Tokens / seconds, "tokens/s") { Figures = [new("share", seconds / MatrixPeak.Median(all))] };
    }

    private static double Seconds(Action run)
    {
        using TensorScope scope = new();
        long started = Stopwatch.GetTimestamp();
        run();
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}

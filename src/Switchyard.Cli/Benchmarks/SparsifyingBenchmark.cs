using System.Diagnostics;
using System.Globalization;
using Switchyard.Experts;
using Switchyard.Experts.Banks;
using Switchyard.Experts.Gates;
using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Cli.Benchmarks;

/// <summary>
/// A layer under a dense-to-sparse gate, forward and backward, at a temperature, beside the same layer in its hard stage:
/// cost falls with the experts that a token has. Logits have a deviation of 2.
/// </summary>
/// <param name="size">Of the layer.</param>
/// <param name="temperature">Of the gate; 0 for the hard stage.</param>
internal sealed class SparsifyingBenchmark(LayerSize size, double temperature)
    : Benchmark(temperature == 0 ? "sparsifying/hard" : string.Create(CultureInfo.InvariantCulture, $"sparsifying/temperature{temperature}"))
{
    private const double LogitDeviation = 2;

    /// <inheritdoc />
    public override BenchmarkRow Measure(int threads, int rounds, CancellationToken interrupted)
    {
        WorkerPool.Threads = threads;
        using TensorScope scope = new();
        Philox random = new(1);
        double deviation = 1 / Math.Sqrt(size.Width);
        DenseToSparseGate gate = new(size.Width, size.Experts, new DenseToSparseOptions(), random, LogitDeviation * deviation);
        using MoeLayer layer = new(gate, new FeedForwardBank(size.Experts, size.Width, size.Hidden, random, deviation, activation: Modules.FeedForwardActivation.Relu));
        Tensor tokens = Tensor.Normal([size.Tokens, size.Width], 0, 1, random), upstream = Tensor.Normal([size.Tokens, size.Width], 0, 1, random);
        double[] seconds = new double[rounds], hard = new double[rounds];
        double active = 0;
        for (int round = -1; round < rounds; round++)
        {
            interrupted.ThrowIfCancellationRequested();
            gate.Set(temperature == 0 ? 1 : temperature, isHard: temperature == 0);
            (double first, active) = Step(layer, tokens, upstream);
            gate.Set(1, isHard: true);
            (double second, _) = Step(layer, tokens, upstream);
            if (round >= 0) (seconds[round], hard[round]) = (first, second);
        }
        return new BenchmarkRow(Name, threads, size.Tokens / MatrixPeak.Median(seconds), "tokens/s")
        {
            Peer = "hard stage",
            PeerValue = size.Tokens / MatrixPeak.Median(hard),
            Figures = [new("active", active)],
        };
    }

    private static (double Seconds, double Active) Step(MoeLayer layer, Tensor tokens, Tensor upstream)
    {
        using TensorScope scope = new();
        long started = Stopwatch.GetTimestamp();
        (Tensor output, Routing routing) = layer.Forward(tokens, new RoutingContext(new Philox(3)));
        output.Backward(upstream);
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        layer.ClearGradients();
        return (seconds, routing.Statistics.ActivePerToken ?? 0);
    }
}

using System.Diagnostics;
using Switchyard.Experts;
using Switchyard.Experts.Banks;
using Switchyard.Experts.Dispatch.Baselines;
using Switchyard.Experts.Gates;
using Switchyard.Modules;
using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;
using Switchyard.Tensors.Memory;

namespace Switchyard.Cli.Benchmarks;

/// <summary>
/// Dispatch, experts and combine of one layer with capacity factor 1, from the choices of one gate, by the list of pairs
/// and by three other ways, in turn; that all give the same is asserted on the way. FLOPs bound the gain over the
/// einsum to 1 + tokens/hidden forward, and to 1 + 5/6·tokens/hidden with the gradients. A way that takes very long is
/// run once.
/// </summary>
/// <param name="size">Of the layer.</param>
/// <param name="backward">Whether the gradients are taken too.</param>
internal sealed class LayerBenchmark(LayerSize size, bool backward) : Benchmark($"{(backward ? "layer" : "layer-forward")}/{size}")
{
    private const double Tolerance = 1e-4;
    private const double VeryLong = 20; // seconds

    // The runtime compiles in steps what is called often: all of it shall be at its last before it is measured.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    /// <remarks>The einsum's cubes [tokens, experts · capacity] above all, then weights with their gradients, and rows.</remarks>
    public override long Bytes
    {
        get
        {
            long pairs = (long)size.Tokens * size.TopK, matrices = 2L * size.Experts * size.Width * size.Hidden;
            return sizeof(float) * ((3L * size.TopK + 1) * size.Tokens * pairs + 4 * matrices + 12 * pairs * (size.Width + size.Hidden));
        }
    }

    /// <inheritdoc />
    public override BenchmarkRow Measure(int threads, int rounds, CancellationToken interrupted)
    {
        WorkerPool.Threads = threads;
        using TensorScope scope = new();
        using MixtureLayer layer = new(size, new TopKOptions { TopK = size.TopK, CapacityFactor = 1, BalanceCoefficient = 0 });
        Routing routing = layer.FixedRouting();
        int capacity = layer.Policy.Capacity(size.Tokens, size.Experts, isTraining: true)!.Value;
        (string Name, Func<Tensor> Forward)[] ways =
        [
            ("list", () => layer.Bank.Forward(layer.Tokens, routing)),
            ("einsum", () => EinsumDispatch.Forward(layer.Tokens, routing, capacity, layer.Bank)),
            ("padded buffer", () => PaddedBuffer.Forward(layer.Tokens, routing, capacity, layer.Bank)),
            ("selection loop", () => SelectionLoop.Forward(layer.Tokens, routing, (expert, rows) => layer.Single[expert].Forward(rows))),
        ];
        double[] first = new double[ways.Length];
        long[] bytes = new long[ways.Length];
        double[][]? expected = null;
        for (int way = 0; way < ways.Length; way++)
        {
            using TensorScope run = new();
            long before = MemoryPool.BytesInUse, started = Stopwatch.GetTimestamp();
            MemoryPool.ForgetMost();
            Tensor[] results = layer.Run(ways[way].Forward, routing, backward);
            (first[way], bytes[way]) = (Stopwatch.GetElapsedTime(started).TotalSeconds, MemoryPool.MostBytesInUse - before);
            double[][] values = [.. results.Select(static result => result.To(ElementType.Float64).ToArray<double>())];
            if (expected is null) expected = values;
            else AssertEqual(expected, values, ways[way].Name);
        }

        double[][] seconds = [.. ways.Select(_ => new double[rounds])];
        long warm = Stopwatch.GetTimestamp();
        for (int round = -1; round < rounds; round += round < 0 && Stopwatch.GetElapsedTime(warm) < WarmUp ? 0 : 1)
        {
            for (int way = 0; way < ways.Length; way++)
            {
                interrupted.ThrowIfCancellationRequested();
                double taken = first[way] > (round < 0 ? WarmUp.TotalSeconds : VeryLong) ? first[way] : 1 / RateBenchmark.Rate(1, () => layer.Run(ways[way].Forward, routing, backward));
                if (round >= 0) seconds[way][round] = taken;
            }
        }

        double[] medians = [.. seconds.Select(MatrixPeak.Median)];
        double overEinsum = medians[1] / medians[0], bound = 1 + (backward ? 5.0 / 6 : 1) * size.Tokens / size.Hidden;
        int best = medians[2] <= medians[3] ? 2 : 3;
        return new BenchmarkRow(Name, threads, size.Tokens / medians[0], "tokens/s")
        {
            Peer = ways[best].Name,
            PeerValue = size.Tokens / medians[best],
            Figures =
            [
                new("over_einsum", overEinsum),
                new("of_bound", overEinsum / bound),
                new("over_best_baseline", medians[best] / medians[0]),
                new("over_padded", medians[2] / medians[0]),
                new("over_loop", medians[3] / medians[0]),
                new("peak_megabytes", bytes[0] / 1e6),
                new("einsum_peak_megabytes", bytes[1] / 1e6),
            ],
        };
    }

    private void AssertEqual(double[][] expected, double[][] actual, string way)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            double largest = expected[i].Max(Math.Abs);
            for (int j = 0; j < expected[i].Length; j++)
                if (!(Math.Abs(expected[i][j] - actual[i][j]) <= Tolerance * largest)) throw new InvalidOperationException($"{Name}: the {way} gives {actual[i][j]} where the list of pairs gives {expected[i][j]}");
        }
    }
}

/// <summary>A gate, experts that work on all of a batch or one by one, and a batch.</summary>
internal sealed class MixtureLayer : IDisposable
{
    private readonly Tensor _upstream;

    public MixtureLayer(LayerSize size, TopKOptions policy)
    {
        Philox random = new(1);
        double deviation = 1 / Math.Sqrt(size.Width);
        Policy = policy;
        Gate = new TopKGate(size.Width, size.Experts, policy, random, deviation);
        Bank = new FeedForwardBank(size.Experts, size.Width, size.Hidden, random, deviation, activation: FeedForwardActivation.Relu);
        Single = [.. Enumerable.Range(0, size.Experts).Select(_ => new FeedForward(size.Width, size.Hidden, random, activation: FeedForwardActivation.Relu))];
        Tokens = Tensor.Normal([size.Tokens, size.Width], 0, 1, random);
        Tokens.RequiresGradient = true;
        _upstream = Tensor.Normal([size.Tokens, size.Width], 0, 1, random);
        using Gradients.Pause pause = Gradients.Paused();
        foreach ((string name, Tensor weights) in Bank.Parameters())
        {
            for (int expert = 0; expert < size.Experts; expert++)
                Single[expert].Parameters().Single(parameter => parameter.Name == $"{name}.weight").Tensor.CopyFrom(weights.Slice(0, expert, expert + 1).Reshape([weights.Shape[1], weights.Shape[2]]));
        }
    }

    public TopKOptions Policy { get; }

    public TopKGate Gate { get; }

    public FeedForwardBank Bank { get; }

    public FeedForward[] Single { get; }

    public Tensor Tokens { get; }

    /// <summary>The gate's decision, its weights a leaf, so that what is measured begins behind the gate.</summary>
    public Routing FixedRouting()
    {
        using Gradients.Pause pause = Gradients.Paused();
        Routing routing = Gate.Route(Tokens, default);
        routing.Weights.RequiresGradient = true;
        return routing;
    }

    /// <summary>The answers and, if asked for, the gradients of tokens and combine weights; those of the experts are taken too.</summary>
    public Tensor[] Run(Func<Tensor> forward, Routing routing, bool backward)
    {
        using Gradients.Pause? pause = backward ? null : Gradients.Paused();
        Tensor y = forward();
        if (!backward) return [y];
        y.Backward(_upstream);
        Tensor[] gradients = [Tokens.Gradient!.Detach(), routing.Weights.Gradient!.Detach()];
        Tokens.ClearGradient();
        routing.Weights.ClearGradient();
        Bank.ClearGradients();
        foreach (FeedForward expert in Single) expert.ClearGradients();
        return [y.Detach(), .. gradients];
    }

    public void Dispose()
    {
        Gate.Dispose();
        Bank.Dispose();
        foreach (FeedForward expert in Single) expert.Dispose();
    }
}

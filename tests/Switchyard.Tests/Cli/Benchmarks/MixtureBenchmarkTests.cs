using Switchyard.Cli.Benchmarks;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tests.Cli.Benchmarks;

/// <summary>The measuring itself, never the times that it measures. That all ways give the same is asserted by the benchmark.</summary>
[Collection(nameof(WorkerPool))]
public sealed class MixtureBenchmarkTests : IDisposable
{
    private static readonly LayerSize Tiny = new(Tokens: 64, Width: 8, Hidden: 16, Experts: 4, TopK: 2);

    private readonly int _threads = WorkerPool.Threads;

    public void Dispose() => WorkerPool.Threads = _threads;

    [Fact]
    public void Every_benchmark_has_a_name_of_its_own_in_a_known_group()
    {
        string[] names = [.. MixtureSuite.Create(full: true).Select(static benchmark => benchmark.Name)];
        Assert.Equal(names.Length, names.Distinct().Count());
        Assert.All(names, static name => Assert.Contains(name[..(name.IndexOf('/', StringComparison.Ordinal) + 1)], (string[])["layer/", "layer-forward/", "skew/", "routing/"]));
        Assert.Contains("layer/T4096-H256-E16-k2", names);
    }

    [Theory]
    [InlineData(true, 1 + 5.0 / 6 * 64 / 16)]
    [InlineData(false, 1 + 64.0 / 16)]
    public void A_layer_is_held_against_every_other_way_and_the_bound(bool backward, double bound)
    {
        BenchmarkRow row = new LayerBenchmark(Tiny, backward).Measure(2, 3, CancellationToken.None);
        Assert.Equal($"{(backward ? "layer" : "layer-forward")}/T64-H16-E4-k2", row.Name);
        Assert.Equal(["over_einsum", "of_bound", "over_best_baseline", "over_padded", "over_loop", "peak_megabytes", "einsum_peak_megabytes"], row.Figures.Select(static figure => figure.Key));
        Assert.All(row.Figures, static figure => Assert.True(figure.Value > 0, figure.Key));
        Assert.Equal(bound, Of(row, "over_einsum") / Of(row, "of_bound"), 1e-9);
        Assert.Equal(Math.Min(Of(row, "over_padded"), Of(row, "over_loop")), Of(row, "over_best_baseline"));
        Assert.Equal(Of(row, "over_einsum"), (double)row.ToJson()["over_einsum"]!);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void The_memory_that_a_layer_takes_is_known_before(int topK)
    {
        LayerBenchmark layer = new(new LayerSize(1024, 32, 32, 8, topK), backward: true);
        double measured = Of(layer.Measure(1, 1, CancellationToken.None), "einsum_peak_megabytes") * 1e6;
        Assert.InRange(layer.Bytes, 0.9 * measured, 1.5 * measured);
    }

    [Fact]
    public void A_skewed_load_follows_the_law()
    {
        BenchmarkRow row = new SkewBenchmark(Tiny with { Tokens = 4000, TopK = 1 }, 1).Measure(1, 1, CancellationToken.None);
        // 1 + 1/2 + 1/3 + 1/4 is 25/12, so the first of four experts has 1.92 times the mean.
        Assert.Equal(1.92, Of(row, "max_over_mean"), 0.1);
    }

    [Fact]
    public void Routing_is_a_share_of_the_layer() => Assert.InRange(Of(new RoutingBenchmark(Tiny).Measure(1, 3, CancellationToken.None), "share"), 1e-9, 10);

    private static double Of(BenchmarkRow row, string figure) => row.Figures.Single(entry => entry.Key == figure).Value;
}

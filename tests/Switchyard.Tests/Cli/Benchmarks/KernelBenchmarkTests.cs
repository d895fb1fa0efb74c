using System.Text.Json.Nodes;
using Switchyard.Cli;
using Switchyard.Cli.Benchmarks;
using Switchyard.Cli.Commands;
using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;
using Switchyard.Tests.Tensors;

namespace Switchyard.Tests.Cli.Benchmarks;

/// <summary>The measuring itself, never the times that it measures.</summary>
[Collection(nameof(WorkerPool))]
public sealed class KernelBenchmarkTests : IDisposable
{
    private readonly int _threads = WorkerPool.Threads;

    public void Dispose() => WorkerPool.Threads = _threads;

    [Fact]
    public void Every_benchmark_has_a_name_of_its_own_in_a_known_group()
    {
        string[] names = [.. KernelSuites.Create(null).Select(benchmark => benchmark.Name)];
        Assert.Equal(names.Length, names.Distinct().Count());
        Assert.All(names, name => Assert.Contains(name[..(name.IndexOf('/', StringComparison.Ordinal) + 1)], (string[])["gemm-large/", "gemm-small/", "gemm-avx2/", "grouped/", "vector/", "attention/", "memory/"]));
    }

    [Fact]
    public void The_command_prints_what_the_filter_lets_through()
    {
        CapturedTerminal terminal = new();
        int code = terminal.Run(CommandList.Create(), ["bench", "kernels", "--filter", "gemm-LARGE/512x512x512", "--threads", "1", "--rounds", "1", "--json"]);
        Assert.True(code == ExitCode.Done, terminal.Error);
        JsonNode result = JsonNode.Parse(terminal.OutLines[^1])!;
        Assert.NotNull(result["machine"]!["processor"]);
        BenchmarkRow row = BenchmarkRow.FromJson(Assert.Single(result["rows"]!.AsArray())!);
        Assert.Equal(("gemm-large/512x512x512/nn", 1, "GF/s", "fma peak"), (row.Name, row.Threads, row.Unit, row.Limit));
        Assert.True(row.Ours > 0);
    }

    [Fact]
    public void A_filter_that_nothing_passes_is_refused_with_the_groups_that_there_are()
    {
        CapturedTerminal terminal = new();
        Assert.Equal(ExitCode.Misuse, terminal.Run(CommandList.Create(), ["bench", "kernels", "--filter", "gemm-huge"]));
        Assert.Contains("no benchmark has 'gemm-huge' in its name", terminal.Error, StringComparison.Ordinal);
        Assert.Contains("gemm-large/, gemm-small/", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Sides_take_turns_and_are_compared()
    {
        List<string> calls = [];
        void Called(string side)
        {
            if (calls.Count == 0 || calls[^1] != side) calls.Add(side);
            Thread.Sleep(10);
        }

        RateBenchmark benchmark = new("group/thing", new RateUnit("kB/s", 1000), threads =>
        {
            Assert.Equal(2, threads);
            return new Contest(1e6, () => Called("ours"))
            {
                Peer = new Contestant("peer", 1e6, () => Called("peer")),
                Limit = new Contestant("limit", 1e9, () => Called("limit")),
            };
        });
        BenchmarkRow row = benchmark.Measure(2, 1, CancellationToken.None);
        Assert.Equal(["ours", "limit", "peer", "ours", "limit", "peer", "ours", "limit", "peer"], calls);
        Assert.Equal(("group/thing", 2, "kB/s", "peer", "limit"), (row.Name, row.Threads, row.Unit, row.Peer, row.Limit));
        // Both sleep as long, and the limit does a thousand times the work.
        Assert.InRange(row.OfLimit!.Value, 0, 0.1);
        Assert.Equal(row.Ours / row.PeerValue, row.Ratio);
    }

    [Fact]
    public void An_interruption_ends_a_measurement()
    {
        RateBenchmark benchmark = new("group/thing", RateUnit.Gigabytes, _ => new Contest(1, () => Assert.Fail("it must not run")));
        Assert.Throws<OperationCanceledException>(() => benchmark.Measure(1, 1, new CancellationToken(canceled: true)));
    }

    [Fact]
    public void OpenBLAS_computes_the_same_product()
    {
        OpenBlas? openBlas = OpenBlas.Find();
        Assert.SkipWhen(openBlas is null, "OpenBLAS is not installed");
        using TensorScope scope = new();
        foreach ((bool transposeA, bool transposeB) in new[] { (false, false), (false, true), (true, false) })
        {
            Tensor a = ThreadCounts.Random(1, transposeA ? [5, 3] : [3, 5]), b = ThreadCounts.Random(2, transposeB ? [4, 5] : [5, 4]), c = Tensor.Empty([3, 4]);
            openBlas.Multiply(a, transposeA, b, transposeB, c);
            Assert.Equal(Tensor.MatMul(a, b, transposeA, transposeB).ToArray<float>(), c.ToArray<float>(), (x, y) => Math.Abs(x - y) < 1e-5);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Limits_count_their_work(int threads)
    {
        WorkerPool.Threads = threads;
        Assert.Equal(10 * HardwareLimits.MultiplyAdds(1), HardwareLimits.MultiplyAdds(10));
        using TensorScope scope = new();
        Tensor from = ThreadCounts.Random(3, [300_001]), to = Tensor.Zeros(from.Shape);
        HardwareLimits.Copy(from, to, pastCaches: false);
        HardwareLimits.Read(to);
        Assert.Equal(from.ToArray<float>(), to.ToArray<float>());
        to.Fill(0);
        HardwareLimits.Copy(from, to, pastCaches: true);
        Assert.Equal(from.ToArray<float>(), to.ToArray<float>());
        Assert.Throws<ArgumentException>(() => HardwareLimits.Copy(from, Tensor.Zeros([300_000]), pastCaches: true));
    }
}

using BenchmarkDotNet.Attributes;
using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Benchmarks;

/// <summary>The products of all experts in one call, the loads falling as 1, 1/2, 1/3 and so on.</summary>
[MemoryDiagnoser]
public class GroupedProducts
{
    private const int Pairs = 4096, Width = 512, Hidden = 1024;

    private Tensor _rows = null!;
    private Tensor _weight = null!;
    private Tensor _offsets = null!;

    /// <summary>With how many threads.</summary>
    [Params(1, 2)]
    public int Threads { get; set; }

    /// <summary>How many experts.</summary>
    [Params(8, 64)]
    public int Experts { get; set; }

    /// <summary>Makes rows [4096, 512] and a weight [experts, 1024, 512].</summary>
    [GlobalSetup]
    public void Prepare()
    {
        WorkerPool.Threads = Threads;
        Philox random = new(1);
        _rows = Tensor.Uniform([Pairs, Width], -1, 1, random);
        _weight = Tensor.Uniform([Experts, Hidden, Width], -1, 1, random);
        double total = Enumerable.Range(1, Experts).Sum(static rank => 1.0 / rank), before = 0;
        int[] offsets = [0, .. Enumerable.Range(1, Experts).Select(rank => (int)Math.Round(Pairs * ((before += 1.0 / rank) / total)))];
        _offsets = Tensor.From(offsets, [Experts + 1]);
    }

    /// <summary>The forward pass of one projection.</summary>
    [Benchmark]
    public void Forward()
    {
        using TensorScope scope = new();
        Tensor.GroupedLinear(_rows, _weight, _offsets);
    }

    /// <summary>Frees what <see cref="Prepare"/> made.</summary>
    [GlobalCleanup]
    public void Free()
    {
        _rows.Dispose();
        _weight.Dispose();
        _offsets.Dispose();
    }
}

using BenchmarkDotNet.Attributes;
using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Benchmarks;

/// <summary>Single products: large ones, and the few rows of text that is generated token by token.</summary>
[MemoryDiagnoser]
public class MatrixProducts
{
    private Tensor _x = null!;
    private Tensor _weight = null!;

    /// <summary>With how many threads.</summary>
    [Params(1, 2)]
    public int Threads { get; set; }

    /// <summary>Rows of x.</summary>
    [Params(1, 16, 1024)]
    public int Rows { get; set; }

    /// <summary>Makes x [rows, 1024] and a weight [1024, 1024].</summary>
    [GlobalSetup]
    public void Prepare()
    {
        WorkerPool.Threads = Threads;
        Philox random = new(1);
        _x = Tensor.Uniform([Rows, 1024], -1, 1, random);
        _weight = Tensor.Uniform([1024, 1024], -1, 1, random);
    }

    /// <summary>x·weightᵀ, the forward pass of a linear layer.</summary>
    [Benchmark]
    public void Forward()
    {
        using TensorScope scope = new();
        Tensor.MatMul(_x, _weight, transposeB: true);
    }

    /// <summary>x·weight, the gradient of its input.</summary>
    [Benchmark]
    public void InputGradient()
    {
        using TensorScope scope = new();
        Tensor.MatMul(_x, _weight);
    }

    /// <summary>xᵀ·x, shaped as the gradient of its weight.</summary>
    [Benchmark]
    public void WeightGradient()
    {
        using TensorScope scope = new();
        Tensor.MatMul(_x, _x, transposeA: true);
    }

    /// <summary>Frees both.</summary>
    [GlobalCleanup]
    public void Free()
    {
        _x.Dispose();
        _weight.Dispose();
    }
}

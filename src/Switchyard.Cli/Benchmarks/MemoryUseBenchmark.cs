using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;
using Switchyard.Tensors.Memory;

namespace Switchyard.Cli.Benchmarks;

/// <summary>The most tensor memory that some work holds at once, beyond what it was given.</summary>
/// <param name="name">What it is, as group/thing.</param>
/// <param name="prepare">Makes the work. Tensors made on the way live until the end of the measurement.</param>
internal sealed class MemoryUseBenchmark(string name, Func<Action> prepare) : Benchmark(name)
{
    /// <inheritdoc />
    public override BenchmarkRow Measure(int threads, int rounds, CancellationToken interrupted)
    {
        WorkerPool.Threads = threads;
        using TensorScope scope = new();
        Action run = prepare();
        long before = MemoryPool.BytesInUse;
        MemoryPool.ForgetMost();
        using (TensorScope inner = new()) run();
        return new BenchmarkRow(Name, threads, (MemoryPool.MostBytesInUse - before) / 1e6, "MB");
    }
}

using Switchyard.Cli.Benchmarks;
using Switchyard.Tensors;
using Switchyard.Tensors.Memory;

namespace Switchyard.Tests.Tensors;

[Collection(nameof(MemoryPool))]
public sealed class MemoryPoolTests
{
    private const int Megabyte = 1 << 20;

    [Fact]
    public void The_most_in_use_outlives_the_use_until_it_is_forgotten()
    {
        MemoryPool.ForgetMost();
        long before = MemoryPool.MostBytesInUse;
        using (Tensor.Empty([Megabyte / sizeof(float)]))
        {
            Assert.Equal(before + Megabyte, MemoryPool.MostBytesInUse);
        }

        Assert.Equal(before + Megabyte, MemoryPool.MostBytesInUse);
        MemoryPool.ForgetMost();
        Assert.Equal(before, MemoryPool.MostBytesInUse);
    }

    [Fact]
    public void The_memory_of_some_work_is_what_it_holds_at_once()
    {
        MemoryUseBenchmark benchmark = new("memory/work", () =>
        {
            Tensor given = Tensor.Zeros([Megabyte / sizeof(float)]);
            return () =>
            {
                using (Tensor.Zeros(given.Shape)) { }
                Tensor.Zeros(given.Shape);
                Tensor.Zeros(given.Shape);
            };
        });
        BenchmarkRow row = benchmark.Measure(1, 1, CancellationToken.None);
        Assert.Equal((2 * Megabyte / 1e6, "MB"), (row.Ours, row.Unit));
    }
}

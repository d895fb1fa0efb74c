using Switchyard.Tensors.Kernels;

namespace Switchyard.Tests.Tensors.Kernels;

[Collection(nameof(WorkerPool))]
public sealed unsafe class WorkerPoolTests : IDisposable
{
    private readonly int _threads = WorkerPool.Threads;

    public void Dispose() => WorkerPool.Threads = _threads;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Every_part_runs_once(int threads)
    {
        WorkerPool.Threads = threads;
        foreach (int parts in new[] { 0, 1, 2, 3, 100 })
        {
            for (int repeat = 0; repeat < 200; repeat++)
            {
                int[] counts = new int[parts + 1];
                fixed (int* pointer = counts) WorkerPool.Run(parts, &Count, pointer);
                Assert.All(counts[..parts], count => Assert.Equal(1, count));
                Assert.Equal(0, counts[parts]);
            }
        }
    }

    [Fact]
    public void A_run_inside_a_run_and_beside_a_run_is_safe()
    {
        WorkerPool.Threads = 3;
        int failures = 0;
        Thread[] users = [.. Enumerable.Range(0, 4).Select(_ => new Thread(RunNested))];
        foreach (Thread user in users) user.Start();
        foreach (Thread user in users) user.Join();
        Assert.Equal(0, failures);

        void RunNested()
        {
            for (int repeat = 0; repeat < 100; repeat++)
            {
                int[] counts = new int[8 * 8];
                fixed (int* pointer = counts) WorkerPool.Run(8, &CountNested, pointer);
                if (counts.Any(count => count != 1)) Interlocked.Increment(ref failures);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void An_exception_reaches_the_caller_and_the_pool_lives_on(int threads)
    {
        WorkerPool.Threads = threads;
        for (int repeat = 0; repeat < 50; repeat++)
        {
            Exception exception = Assert.Throws<InvalidOperationException>(() => WorkerPool.Run(20, &Throw, null));
            Assert.Equal("part", exception.Message);
        }

        int[] counts = new int[20];
        fixed (int* pointer = counts) WorkerPool.Run(20, &Count, pointer);
        Assert.All(counts, count => Assert.Equal(1, count));
    }

    [Fact]
    public void A_sleeping_worker_wakes_for_the_next_run()
    {
        WorkerPool.Threads = 2;
        int[] counts = new int[2];
        for (int repeat = 0; repeat < 20; repeat++)
        {
            Thread.Sleep(1);
            // Two parts that wait for each other: only two threads can finish them.
            counts.AsSpan().Clear();
            fixed (int* pointer = counts) WorkerPool.Run(2, &Meet, pointer);
        }
    }

    [Fact]
    public void A_run_allocates_nothing()
    {
        WorkerPool.Threads = 2;
        int[] counts = new int[16];
        fixed (int* pointer = counts)
        {
            WorkerPool.Run(16, &Count, pointer);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int repeat = 0; repeat < 100; repeat++) WorkerPool.Run(16, &Count, pointer);
            Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        }
    }

    [Fact]
    public void No_threads_at_all_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => WorkerPool.Threads = 0);

    private static void Count(void* counts, int part) => Interlocked.Increment(ref ((int*)counts)[part]);

    private static void CountNested(void* counts, int part) => WorkerPool.Run(8, &Count, (int*)counts + 8 * part);

    private static void Throw(void* state, int part)
    {
        if (part % 3 == 1) throw new InvalidOperationException("part");
    }

    private static void Meet(void* counts, int part)
    {
        Volatile.Write(ref ((int*)counts)[part], 1);
        while (Volatile.Read(ref ((int*)counts)[1 - part]) == 0) Thread.Yield();
    }
}

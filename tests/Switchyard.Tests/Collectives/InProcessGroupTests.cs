using Switchyard.Collectives;

namespace Switchyard.Tests.Collectives;

/// <summary>Ranks as threads: what ends one ends all of them, and names the rank that is to blame.</summary>
public sealed class InProcessGroupTests
{
    [Fact]
    public void What_one_rank_throws_ends_all_and_names_it()
    {
        RankFailedException failure = Assert.Throws<RankFailedException>(() => InProcessGroup.Run(4, group =>
        {
            if (group.Rank == 2) throw new FormatException("no such row");
            group.Barrier();
        }));
        Assert.Equal(2, failure.Rank);
        Assert.Equal("rank 2: no such row", failure.Message);
        Assert.IsType<FormatException>(failure.InnerException);
    }

    [Fact]
    public void An_interruption_of_one_rank_interrupts_the_run() => Assert.Throws<OperationCanceledException>(() => InProcessGroup.Run(2, group =>
    {
        if (group.Rank == 0) throw new OperationCanceledException();
        group.Barrier();
    }));

    [Fact]
    public void A_rank_that_ends_too_early_is_named()
    {
        string message = Misfit(3, group =>
        {
            if (group.Rank != 1) group.Barrier();
        });
        // Whoever waits first finds out; the other may still be on its way.
        Assert.Matches(@"^rank 1 ended its program too early: (rank [02] is|ranks 0, 2 are) in Barrier at InProcessGroupTests.cs:\d+", message);
    }

    [Fact]
    public void A_rank_that_does_not_come_is_named_within_the_timeout()
    {
        using ManualResetEventSlim over = new();
        string message = Misfit(3, group =>
        {
            group.Timeout = TimeSpan.FromMilliseconds(100);
            try
            {
                if (group.Rank == 0) over.Wait(TestContext.Current.CancellationToken);
                else group.AllReduce<float>(new float[3]);
            }
            finally
            {
                over.Set();
            }
        });
        Assert.StartsWith("rank 0 did not come within 0.1 s: ranks 1-2 are in AllReduce(Sum) of 3 Single at InProcessGroupTests.cs:", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rank_at_the_other_end_that_does_something_else_is_named()
    {
        string message = Misfit(2, group =>
        {
            group.Timeout = TimeSpan.FromMilliseconds(100);
            if (group.Rank == 0) group.Send<int>(new int[3], 1);
            else group.Barrier();
        });
        Assert.Contains("rank 0 is in Send(to rank 1) of 3 Int32 at", message, StringComparison.Ordinal);
        Assert.Contains("rank 1 is in Barrier at", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_group_and_its_duplicate_serve_two_threads() => InProcessGroup.Run(3, group =>
    {
        using ProcessGroup other = group.Duplicate();
        long[] beside = [group.Rank];
        Thread thread = new(() =>
        {
            for (int i = 0; i < 50; i++) other.AllReduce<long>(beside, Reduction.Max);
        });
        thread.Start();
        long[] sum = [1];
        for (int i = 0; i < 10; i++) group.AllReduce<long>(sum);
        thread.Join();
        Assert.Equal([59049L], sum); // 3¹⁰
        Assert.Equal([2L], beside);
    });

    private static string Misfit(int size, Action<ProcessGroup> program) => Assert.Throws<ProcessGroupException>(() => InProcessGroup.Run(size, program)).Message;
}

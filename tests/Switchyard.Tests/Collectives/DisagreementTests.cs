using Switchyard.Collectives;

namespace Switchyard.Tests.Collectives;

/// <summary>Ranks that do not fit together hear so, each of them, with the ranks and the places in the program.</summary>
public sealed class DisagreementTests
{
    [Fact]
    public void Different_operations() => Assert.Matches(
        @"^the ranks are not in the same call: rank 0 is in AllReduce\(Sum\) of 4 Single at DisagreementTests.cs:\d+ \(.+\), ranks 1-2 are in Barrier at DisagreementTests.cs:\d+ \(.+\)$",
        Everywhere(3, group =>
        {
            if (group.Rank == 0) group.AllReduce<float>(new float[4]);
            else group.Barrier();
        }));

    [Fact]
    public void Different_shapes() => Assert.Contains(
        "rank 1 is in AllGather of 5 Int32", Everywhere(2, group => group.AllGather<int>(new int[4 + group.Rank], new int[2 * (4 + group.Rank)])), StringComparison.Ordinal);

    [Fact]
    public void Different_types() => Assert.Contains("rank 0 is in Broadcast(from rank 0) of 8 Int32", Everywhere(2, group =>
    {
        if (group.Rank == 0) group.Broadcast<int>(new int[8], 0);
        else group.Broadcast<float>(new float[8], 0);
    }), StringComparison.Ordinal);

    [Fact]
    public void Different_roots() =>
        Assert.Contains("ranks 0, 2 are in Broadcast(from rank 0)", Everywhere(3, group => group.Broadcast<byte>(new byte[1], group.Rank % 2)), StringComparison.Ordinal);

    [Fact]
    public void Different_reductions() =>
        Assert.Contains("rank 1 is in AllReduce(Max)", Everywhere(2, group => group.AllReduce<float>(new float[2], (Reduction)group.Rank)), StringComparison.Ordinal);

    [Fact]
    public void Counts_that_do_not_fit_together() => Assert.Equal(
        "rank 2 sends 12 bytes to rank 0, which expects 8",
        Everywhere(3, group =>
        {
            nint[] sends = [1, 1, 1], receives = [1, 1, 1];
            if (group.Rank == 2) sends[0] = 3;
            if (group.Rank == 0) receives[2] = 2;
            group.AllToAllV<int>(new int[(int)sends.Sum(static count => (long)count)], sends, new int[(int)receives.Sum(static count => (long)count)], receives);
        }).Split(": ")[^1]);

    [Fact]
    public void A_send_and_a_receive_of_another_length() => Assert.Contains("rank 1 in Receive(from rank 0) of 3 Int32", Everywhere(2, group =>
    {
        if (group.Rank == 0) group.Send<int>(new int[2], 1);
        else group.Receive<int>(new int[3], 0);
    }, alike: false), StringComparison.Ordinal);

    [Fact]
    public void Two_sends_that_meet() => Assert.Contains(
        "rank 0 is in Send(to rank 1)", Everywhere(2, group => group.Send<int>(new int[2], 1 - group.Rank), alike: false).Replace("rank 0 in Send", "rank 0 is in Send", StringComparison.Ordinal), StringComparison.Ordinal);

    // What the ranks throw, which is the same everywhere unless a pair of them finds out by itself.
    private static string Everywhere(int size, Action<ProcessGroup> program, bool alike = true)
    {
        string[] messages = new string[size];
        Assert.Throws<ProcessGroupException>(() => InProcessGroup.Run(size, group =>
        {
            group.Timeout = TimeSpan.FromSeconds(5);
            ProcessGroupException thrown = Assert.Throws<ProcessGroupException>(() => program(group));
            messages[group.Rank] = thrown.Message;
            throw thrown;
        }));
        if (alike) Assert.Single(messages.Distinct());
        return messages[0];
    }
}


using Switchyard.Collectives;
using Switchyard.Collectives.Mpi;

namespace Switchyard.Tests.Collectives;

/// <summary>Ranks as processes under Open MPI and MPICH: the bytes of ranks as threads, and failures that name who is to blame.</summary>
[Trait("Category", "Slow")]
public sealed class MpiGroupTests
{
    public static TheoryData<string> Packages => [.. MpiRun.Launchers.Select(static launcher => launcher.Package)];

    [Fact]
    public void A_missing_library_is_named_with_what_to_install()
    {
        ProcessGroupException failure = Assert.Throws<ProcessGroupException>(() => MpiLibrary.Load(Flavour.OpenMpi with { Libraries = ["libnowhere.so.1"] }));
        Assert.Equal("there is no Open MPI on this machine: libnowhere.so.1 cannot be loaded", failure.Message);
        Assert.Equal("install it: apt-get install openmpi-bin", failure.Hint);
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void Processes_get_the_bytes_that_threads_get(string package)
    {
        foreach ((int ranks, int perNode) in ((int, int)[])[(4, 2), (6, 2), (3, 3)])
        {
            string[] threads = new string[ranks];
            InProcessGroup.Run(Topology.Uniform(ranks / perNode, perNode), group => threads[group.Rank] = RankProgram.Run(group));
            Assert.Equal(threads, MpiRun.Of(package, ranks, nameof(RanksUnderMpi.Everything), perNode));
        }
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void Ranks_of_one_host_are_one_node(string package) =>
        Assert.All(MpiRun.Of(package, 3, nameof(RanksUnderMpi.Host)), static topology => Assert.Equal("1 x 3", topology));

    [Theory]
    [MemberData(nameof(Packages))]
    public void More_than_an_int_can_count(string package)
    {
        LargeCounts.Require();
        Assert.All(MpiRun.Of(package, 2, nameof(RanksUnderMpi.LargeCount)), static text => Assert.Equal("all there", text));
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void Every_process_hears_of_different_calls(string package) => Assert.All(
        MpiRun.Of(package, 3, nameof(RanksUnderMpi.DifferentCalls)),
        static text => Assert.Matches(@"^ProcessGroupException: the ranks are not in the same call: ranks 0, 2 are in Barrier at RanksUnderMpi.cs:\d+ \(.+\), rank 1 is in AllReduce\(Sum\) of 2 Single at", text));

    [Theory]
    [MemberData(nameof(Packages))]
    public void Every_process_that_waits_hears_who_did_not_come(string package) => Assert.All(
        MpiRun.Of(package, 3, nameof(RanksUnderMpi.LateRank))[..2],
        static text => Assert.Matches(@"^ProcessGroupException: rank 2 did not come( within 1 s)?: ranks 0-1 are in Barrier at RanksUnderMpi.cs:", text));

    [Theory]
    [MemberData(nameof(Packages))]
    public void Every_process_hears_who_failed(string package)
    {
        string[] texts = MpiRun.Of(package, 3, nameof(RanksUnderMpi.ThrowingRank));
        Assert.All(texts[..2], static text => Assert.Equal("ProcessGroupException: rank 2 failed: no such row", text));
        Assert.Equal("FormatException: no such row", texts[2]);
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void Every_process_that_goes_on_hears_who_ended_too_early(string package) => Assert.All(
        MpiRun.Of(package, 3, nameof(RanksUnderMpi.RankThatEndsEarly))[1..],
        static text => Assert.Matches(@"^ProcessGroupException: the ranks are not in the same call: rank 0 is in end of the program, ranks 1-2 are in Barrier at", text));
}

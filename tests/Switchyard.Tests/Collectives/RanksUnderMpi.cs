using Switchyard.Collectives;

namespace Switchyard.Tests.Collectives;

/// <summary>
/// What a process does that mpirun started: explicit, because <see cref="MpiGroupTests"/> starts mpirun with this assembly.
/// Each rank writes what it found to a file of its own.
/// </summary>
public sealed class RanksUnderMpi
{
    /// <summary>The environment variable that names the folder of the files.</summary>
    public const string Folder = "SWITCHYARD_TEST_RANKS";

    /// <summary>The environment variable that says how many ranks to take for a node.</summary>
    public const string PerNode = "SWITCHYARD_TEST_PER_NODE";

    [Fact(Explicit = true)]
    public void Everything() => MpiGroup.Run(
        group => Write(group, RankProgram.Run(group)),
        size => Topology.Uniform(size / int.Parse(Environment.GetEnvironmentVariable(PerNode)!), int.Parse(Environment.GetEnvironmentVariable(PerNode)!)));

    [Fact(Explicit = true)]
    public void Host() => MpiGroup.Run(group => Write(group, group.Topology.ToString()));

    [Fact(Explicit = true)]
    public void LargeCount() => MpiGroup.Run(group =>
    {
        LargeCounts.Broadcast(group);
        Write(group, "all there");
    });

    [Fact(Explicit = true)]
    public void DifferentCalls() => Fail(group =>
    {
        if (group.Rank == 1) group.AllReduce<float>(new float[2]);
        else group.Barrier();
    });

    [Fact(Explicit = true)]
    public void LateRank() => Fail(group =>
    {
        group.Timeout = TimeSpan.FromSeconds(1);
        if (group.Rank == 2) Thread.Sleep(TimeSpan.FromSeconds(4));
        group.Barrier();
    });

    [Fact(Explicit = true)]
    public void ThrowingRank() => Fail(group =>
    {
        if (group.Rank == 2) throw new FormatException("no such row");
        group.Barrier();
    });

    [Fact(Explicit = true)]
    public void RankThatEndsEarly() => Fail(group =>
    {
        if (group.Rank != 0) group.Barrier();
    });

    // Written at once: the launcher ends all processes as soon as one of them is gone.
    private static void Fail(Action<ProcessGroup> program) => Record.Exception(() => MpiGroup.Run(group =>
    {
        Exception? thrown = Record.Exception(() => program(group));
        Write(group, thrown is null ? "nothing" : $"{thrown.GetType().Name}: {thrown.Message}");
        if (thrown is not null) throw thrown;
    }));

    private static void Write(ProcessGroup group, string text) => File.WriteAllText(Path.Combine(Environment.GetEnvironmentVariable(Folder)!, $"{group.Rank}"), text);
}

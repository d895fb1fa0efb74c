namespace Switchyard.Collectives.Simulation;

/// <summary>The speeds of a cluster whose nodes are alike: what the simulation knows of the hardware.</summary>
public sealed record ClusterModel
{
    /// <summary>How many nodes there are (N).</summary>
    public required int Nodes { get; init; }

    /// <summary>Ranks in each node (G).</summary>
    public required int PerNode { get; init; }

    /// <summary>Bytes per second of a node's network interface, in each direction; its ranks share it.</summary>
    public required double NicBytesPerSecond { get; init; }

    /// <summary>Seconds that the interface is taken by a message of no bytes.</summary>
    public required double NicSecondsPerMessage { get; init; }

    /// <summary>Bytes per second between a rank and its neighbours in the node, in each direction.</summary>
    public double IntraBytesPerSecond { get; init; } = 12e9;

    /// <summary>Seconds that the link inside the node is taken by a message of no bytes.</summary>
    public double IntraSecondsPerMessage { get; init; } = 5e-6;

    /// <summary>Bytes per second of a copy in a rank's own memory.</summary>
    public double CopyBytesPerSecond { get; init; } = 300e9;

    /// <summary>All ranks (P = N·G).</summary>
    public int Ranks => checked(Nodes * PerNode);

    /// <summary>The cluster that a cost model was measured on; null where there is one node, or they differ in size.</summary>
    /// <param name="costs">What was measured.</param>
    /// <param name="topology">Among which ranks.</param>
    public static ClusterModel? Of(CostModel costs, Topology topology)
    {
        ArgumentNullException.ThrowIfNull(costs);
        ArgumentNullException.ThrowIfNull(topology);
        if (topology.Nodes < 2 || topology.PerNode is not { } perNode) return null;
        return new ClusterModel
        {
            Nodes = topology.Nodes,
            PerNode = perNode,
            NicBytesPerSecond = costs.Cards / costs.BetweenByte,
            NicSecondsPerMessage = costs.BetweenStart / costs.Cards,
            IntraBytesPerSecond = 1 / costs.InsideByte,
            IntraSecondsPerMessage = costs.InsideStart,
            CopyBytesPerSecond = 1 / costs.CopyByte,
        };
    }

    /// <summary>Checks that there is such a cluster.</summary>
    /// <exception cref="ArgumentException">There is not; the message says why.</exception>
    public void Check()
    {
        if (Nodes < 1 || PerNode < 1) throw new ArgumentException($"a cluster of {Nodes} nodes with {PerNode} ranks each: give 1 or more of both");
        if (!(NicBytesPerSecond > 0 && IntraBytesPerSecond > 0 && CopyBytesPerSecond > 0)) throw new ArgumentException("a link of no speed: give more than 0");
        if (!(NicSecondsPerMessage >= 0 && IntraSecondsPerMessage >= 0)) throw new ArgumentException("a message that takes less than no time: give 0 or more");
    }
}

using Switchyard.Collectives.Transport;

namespace Switchyard.Collectives.AllToAll;

/// <summary>
/// First inside the node, then among the ranks with the same place on every node: (N-1)·G messages leave a node, G times
/// as large as the flat ones. 2DH of Tutel, arXiv 2206.03382. Every node must have as many ranks.
/// </summary>
internal class TwoDimensional : AllToAllAlgorithm
{
    /// <summary>Makes it.</summary>
    public TwoDimensional()
        : this("2dh")
    {
    }

    private protected TwoDimensional(string name)
        : base(name)
    {
    }

    /// <summary>Step 1, what goes to each rank of the node lies together: [dst local][dst node].</summary>
    public static IEnumerable<(int From, int To)> Copied(Topology topology, int rank) =>
        from local in Enumerable.Range(0, PerNode(topology)) from node in Enumerable.Range(0, topology.Nodes) select (rank, topology.RanksOf(node)[local]);

    /// <summary>Step 2, what came from the ranks of the node: [src local][dst node].</summary>
    public static IEnumerable<(int From, int To)> ExchangedInside(Topology topology, int rank) =>
        from source in topology.RanksOf(topology.NodeOf(rank)) from node in Enumerable.Range(0, topology.Nodes) select (source, topology.RanksOf(node)[topology.LocalOf(rank)]);

    /// <summary>Step 3, what goes to each node lies together: [dst node][src local].</summary>
    public static IEnumerable<(int From, int To)> CopiedAgain(Topology topology, int rank) =>
        from node in Enumerable.Range(0, topology.Nodes) from source in topology.RanksOf(topology.NodeOf(rank)) select (source, topology.RanksOf(node)[topology.LocalOf(rank)]);

    /// <summary>Step 4, what came from the nodes: [src node][src local], which is the order of the ranks where nodes are filled one after the other.</summary>
    public static IEnumerable<(int From, int To)> ExchangedBetween(Topology topology, int rank) =>
        from node in Enumerable.Range(0, topology.Nodes) from source in topology.RanksOf(node) select (source, rank);

    internal override CostTerms Cost(int nodes, double perNode, double bytes, double cards, double copies) => new()
    {
        BetweenMessages = (nodes - 1) * perNode / cards,
        BetweenBytes = (nodes - 1) * perNode * bytes / nodes / cards,
        InsideMessages = perNode - 1,
        InsideBytes = (perNode - 1) * bytes / perNode,
        CopiedBytes = 2 * bytes,
    };

    internal override void Exchange(ProcessGroup group, in Blocks blocks)
    {
        Topology topology = group.Topology;
        (int rank, int nodes, int perNode) = (group.Rank, topology.Nodes, PerNode(topology));
        IReadOnlyList<int> inside = topology.RanksOf(topology.NodeOf(rank));
        int[] across = [.. Enumerable.Range(0, nodes).Select(node => topology.RanksOf(node)[topology.LocalOf(rank)])];
        (nint[] sends, nint[] receives) = (blocks.SendBytes, blocks.ReceiveBytes);
        nint[][] passing = Passing(group, blocks, inside); // [src local][dst node]

        nint Own(int source, int target) => sends[target];
        nint Passed(int source, int target) => passing[topology.LocalOf(source)][topology.NodeOf(target)];
        nint Received(int source, int target) => receives[source];
        BlockOrder flat = new(topology.Ranks.Select(target => (rank, target)), Own), copied = new(Copied(topology, rank), Own);
        BlockOrder exchanged = new(ExchangedInside(topology, rank), Passed), again = new(CopiedAgain(topology, rank), Passed);
        BlockOrder arrived = new(ExchangedBetween(topology, rank), Received), sorted = new(topology.Ranks.Select(source => (source, rank)), Received);

        nint first = Math.Max(copied.Bytes, again.Bytes), second = Math.Max(exchanged.Bytes, arrived.Bytes);
        Region memory = group.Scratch.Take(first + second);
        Region one = memory.Slice(0, first), two = memory.Slice(first, second);

        flat.CopyTo(blocks.Send, copied, one.Slice(0, copied.Bytes));
        nint[] toLocals = [.. Enumerable.Range(0, perNode).Select(local => Enumerable.Range(0, nodes).Select(node => sends[topology.RanksOf(node)[local]]).Sum())];
        nint[] fromLocals = [.. passing.Select(static counts => counts.Sum())];
        group.Exchange(Channel.Payload, Transfer.Parts(inside, toLocals, one.Slice(0, copied.Bytes)), Transfer.Parts(inside, fromLocals, two.Slice(0, exchanged.Bytes)));

        exchanged.CopyTo(two.Slice(0, exchanged.Bytes), again, one.Slice(0, again.Bytes));
        nint[] toNodes = [.. Enumerable.Range(0, nodes).Select(node => passing.Select(counts => counts[node]).Sum())];
        nint[] fromNodes = [.. Enumerable.Range(0, nodes).Select(node => topology.RanksOf(node).Select(source => receives[source]).Sum())];
        Region last = topology.IsNodeByNode ? blocks.Receive : two.Slice(0, arrived.Bytes);
        group.Exchange(Channel.Payload, Transfer.Parts(across, toNodes, one.Slice(0, again.Bytes)), Transfer.Parts(across, fromNodes, last));
        if (!topology.IsNodeByNode) arrived.CopyTo(last, sorted, blocks.Receive);
    }

    // What every rank of the node sends through this one, by the node it goes to.
    private static nint[][] Passing(ProcessGroup group, in Blocks blocks, IReadOnlyList<int> inside)
    {
        Topology topology = group.Topology;
        nint[] sends = blocks.SendBytes;
        nint[][] to = [.. inside.Select((_, local) => Enumerable.Range(0, topology.Nodes).Select(node => sends[topology.RanksOf(node)[local]]).ToArray())];
        if (blocks.Equal) return to;
        nint[][] from = [.. inside.Select(_ => new nint[topology.Nodes])];
        group.ExchangeCounts([.. inside.Zip(to)], [.. inside.Zip(from)]);
        return from;
    }

    private static int PerNode(Topology topology) => topology.PerNode
        ?? throw new ArgumentException($"nodes of {topology} ranks cannot exchange two-dimensionally, which needs as many on each: choose flat or leader, or leave the choice to the model");
}

using Switchyard.Collectives.Transport;

namespace Switchyard.Collectives.AllToAll;

/// <summary>
/// One rank of each node speaks for all of it: N-1 messages leave a node, G² times as large as the flat ones, at the price
/// of 2·G·B bytes of memory and of everything going through one rank. HetuMoE, arXiv 2203.14685. Nodes may differ in size.
/// </summary>
internal sealed class Leader() : AllToAllAlgorithm("leader")
{
    /// <summary>Step 1, what the leader has gathered: [src local][dst rank].</summary>
    public static IEnumerable<(int From, int To)> Gathered(Topology topology, int node) =>
        from source in topology.RanksOf(node) from target in topology.Ranks select (source, target);

    /// <summary>Step 2, what goes to each leader lies together: [dst node][dst local][src local].</summary>
    public static IEnumerable<(int From, int To)> Transformed(Topology topology, int node) =>
        from other in Enumerable.Range(0, topology.Nodes) from target in topology.RanksOf(other) from source in topology.RanksOf(node) select (source, target);

    /// <summary>Step 3, what came from the leaders: [src node][dst local][src local].</summary>
    public static IEnumerable<(int From, int To)> Exchanged(Topology topology, int node) =>
        from other in Enumerable.Range(0, topology.Nodes) from target in topology.RanksOf(node) from source in topology.RanksOf(other) select (source, target);

    /// <summary>Step 4, what each rank of the node gets lies together: [dst local][src rank].</summary>
    public static IEnumerable<(int From, int To)> TransformedBack(Topology topology, int node) =>
        from target in topology.RanksOf(node) from source in topology.Ranks select (source, target);

    internal override CostTerms Cost(int nodes, double perNode, double bytes, double cards, double copies) => new()
    {
        BetweenMessages = nodes - 1,
        BetweenBytes = (nodes - 1) * perNode * bytes / nodes,
        InsideMessages = 2 * (perNode - 1),
        InsideBytes = 2 * (perNode - 1) * bytes,
        CopiedBytes = 2 * perNode * bytes,
    };

    internal override void Exchange(ProcessGroup group, in Blocks blocks)
    {
        Topology topology = group.Topology;
        int node = topology.NodeOf(group.Rank);
        IReadOnlyList<int> locals = topology.RanksOf(node);
        int leader = locals[0];
        nint[][] counts = Counts(group, blocks, locals); // [locals][2 · ranks]
        if (group.Rank != leader)
        {
            group.Exchange(Channel.Payload, [new Transfer(leader, blocks.Send)], []);
            group.Exchange(Channel.Payload, [], [new Transfer(leader, blocks.Receive)]);
            return;
        }

        nint Outgoing(int source, int target) => counts[topology.LocalOf(source)][target];
        nint Incoming(int source, int target) => counts[topology.LocalOf(target)][group.Size + source];
        BlockOrder gathered = new(Gathered(topology, node), Outgoing), transformed = new(Transformed(topology, node), Outgoing);
        BlockOrder exchanged = new(Exchanged(topology, node), Incoming), back = new(TransformedBack(topology, node), Incoming);
        nint first = Math.Max(gathered.Bytes, exchanged.Bytes), second = Math.Max(transformed.Bytes, back.Bytes);
        Region memory = group.Scratch.Take(first + second);
        Region one = memory.Slice(0, first), two = memory.Slice(first, second);

        Region all = one.Slice(0, gathered.Bytes);
        nint[] sent = [.. counts.Select(count => count[..group.Size].Sum())], received = [.. counts.Select(count => count[group.Size..].Sum())];
        group.Exchange(Channel.Payload, [new Transfer(leader, blocks.Send)], Transfer.Parts(locals, sent, all));
        gathered.CopyTo(all, transformed, two.Slice(0, transformed.Bytes));

        int[] leaders = [.. Enumerable.Range(0, topology.Nodes).Select(other => topology.RanksOf(other)[0])];
        nint[] outgoing = [.. Enumerable.Range(0, topology.Nodes).Select(other => Between(locals, topology.RanksOf(other), Outgoing))];
        nint[] incoming = [.. Enumerable.Range(0, topology.Nodes).Select(other => Between(topology.RanksOf(other), locals, Incoming))];
        group.Exchange(Channel.Payload, Transfer.Parts(leaders, outgoing, two.Slice(0, transformed.Bytes)), Transfer.Parts(leaders, incoming, one.Slice(0, exchanged.Bytes)));

        exchanged.CopyTo(one.Slice(0, exchanged.Bytes), back, two.Slice(0, back.Bytes));
        group.Exchange(Channel.Payload, Transfer.Parts(locals, received, two.Slice(0, back.Bytes)), [new Transfer(leader, blocks.Receive)]);
    }

    // What each rank of the node sends to and gets from every rank, as the leader knows it; nobody else needs to.
    private static nint[][] Counts(ProcessGroup group, in Blocks blocks, IReadOnlyList<int> locals)
    {
        nint[] own = [.. blocks.SendBytes, .. blocks.ReceiveBytes];
        nint[][] all = [.. locals.Select(_ => own)];
        if (blocks.Equal) return all;
        if (group.Rank != locals[0])
        {
            group.ExchangeCounts([(locals[0], own)], []);
            return all;
        }

        for (int local = 1; local < locals.Count; local++) all[local] = new nint[own.Length];
        group.ExchangeCounts([], [.. locals.Skip(1).Select((rank, i) => (rank, all[i + 1]))]);
        return all;
    }

    private static nint Between(IReadOnlyList<int> sources, IReadOnlyList<int> targets, Func<int, int, nint> bytes)
    {
        nint sum = 0;
        foreach (int source in sources)
            foreach (int target in targets) sum += bytes(source, target);
        return sum;
    }
}

using System.Collections.Immutable;
using System.Numerics;
using Switchyard.Collectives.AllToAll;
using Switchyard.Collectives.Transport;

namespace Switchyard.Collectives.Tokens;

/// <summary>
/// One copy of a token per node that wants it: it goes to the rank with this one's place on that node, which hands it to
/// every neighbour it is for. On the way back that rank adds up what its neighbours made of the token, and one row returns.
/// </summary>
internal sealed class NodeCopies
{
    private readonly ProcessGroup _group;
    private readonly IReadOnlyList<int> _inside;
    private readonly int[] _forwarders; // [nodes], to whom this rank's copies go
    private readonly int[] _served; // whose copies come to this rank
    private readonly CopyList _copies;
    private readonly nint[] _servedCopies; // [served]
    private readonly int[] _forwarded; // the received copy that is row i of what goes to the neighbours: [local][served][pairs]
    private readonly nint[] _toLocals, _fromLocals; // [locals], in rows
    private readonly nint[] _receives; // [ranks], in rows
    private readonly (int From, int To)[] _arrived; // [local][served by it], each a block of rows
    private readonly RowSums _neighbours, _nodes;

    /// <summary>Every rank tells those that forward its copies whom they are for. A collective call.</summary>
    /// <param name="group">The ranks.</param>
    /// <param name="tokens">How many tokens this rank has.</param>
    /// <param name="copies">Those of them that it sends to each node.</param>
    /// <param name="sends">Pairs for each rank [ranks].</param>
    /// <param name="receives">Pairs from each rank [ranks].</param>
    public NodeCopies(ProcessGroup group, int tokens, CopyList copies, nint[] sends, nint[] receives)
    {
        Topology topology = group.Topology;
        int node = topology.NodeOf(group.Rank);
        (_group, _copies, _receives) = (group, copies, receives);
        _inside = topology.RanksOf(node);
        _forwarders = [.. Enumerable.Range(0, topology.Nodes).Select(other => ForwarderOn(topology, other, group.Rank))];
        int[][] served = [.. _inside.Select(local => topology.Ranks.Where(source => ForwarderOn(topology, node, source) == local).ToArray())]; // [local][served by it]
        _served = served[topology.LocalOf(group.Rank)];
        _arrived = [.. served.SelectMany(static sources => sources).Select(source => (source, group.Rank))];
        _fromLocals = [.. served.Select(sources => sources.Select(source => receives[source]).Sum())];

        nint[][] headers = Headers(sends); // [served][1 + locals]: copies, then pairs for each neighbour
        _servedCopies = [.. headers.Select(static header => header[0])];
        (_forwarded, _toLocals) = Forwarded(headers, Places(headers));
        _neighbours = new RowSums(checked((int)_servedCopies.Sum()), _forwarded);
        _nodes = new RowSums(tokens, copies.TokenOf);
    }

    /// <summary>Brings every pair's token to its rank.</summary>
    /// <param name="tokens">[tokens, width]</param>
    /// <param name="rows">[received, width], by the rank they come from.</param>
    /// <param name="rowBytes">Bytes of a row.</param>
    public void Dispatch(Region tokens, Region rows, nint rowBytes)
    {
        Memory memory = Take(rowBytes);
        Rows.Gather(tokens, _copies.TokenOf, memory.Copies, rowBytes);
        _group.Exchange(Channel.Payload, Parts(_forwarders, _copies.PerNode, memory.Copies, rowBytes), Parts(_served, _servedCopies, memory.Served, rowBytes));
        Rows.Gather(memory.Served, _forwarded, memory.Forwarded, rowBytes);
        _group.Exchange(Channel.Payload, Parts(_inside, _toLocals, memory.Forwarded, rowBytes), Parts(_inside, _fromLocals, memory.Arrived, rowBytes));
        (BlockOrder arrived, BlockOrder sorted) = Orders(rowBytes);
        arrived.CopyTo(memory.Arrived, sorted, rows);
    }

    /// <summary>Brings what became of them back, and adds it up for every token.</summary>
    /// <param name="rows">[received, width], by the rank that they go back to.</param>
    /// <param name="tokens">[tokens, width]</param>
    /// <param name="width">Elements of a row.</param>
    public unsafe void Combine<T>(Region rows, Region tokens, int width)
        where T : unmanaged, INumber<T>
    {
        nint rowBytes = (nint)width * sizeof(T);
        Memory memory = Take(rowBytes);
        (BlockOrder arrived, BlockOrder sorted) = Orders(rowBytes);
        sorted.CopyTo(rows, arrived, memory.Arrived);
        _group.Exchange(Channel.Payload, Parts(_inside, _fromLocals, memory.Arrived, rowBytes), Parts(_inside, _toLocals, memory.Forwarded, rowBytes));
        _neighbours.Add<T>(memory.Forwarded, memory.Served, width);
        _group.Exchange(Channel.Payload, Parts(_served, _servedCopies, memory.Served, rowBytes), Parts(_forwarders, _copies.PerNode, memory.Copies, rowBytes));
        _nodes.Add<T>(memory.Copies, tokens, width);
    }

    private static int ForwarderOn(Topology topology, int node, int source)
    {
        ImmutableArray<int> ranks = topology.RanksOf(node);
        return ranks[topology.LocalOf(source) % ranks.Length];
    }

    private nint[][] Headers(nint[] sends)
    {
        Topology topology = _group.Topology;
        nint[][] headers = [.. _served.Select(_ => new nint[1 + _inside.Count])];
        _group.ExchangeCounts(
            [.. _forwarders.Select((peer, node) => (peer, (nint[])[_copies.PerNode[node], .. topology.RanksOf(node).Select(rank => sends[rank])]))],
            [.. _served.Zip(headers)]);
        return headers;
    }

    // The place among its copies of each pair of those whose copies come here [served][pairs].
    private int[][] Places(nint[][] headers)
    {
        nint[] own = [.. _copies.PlaceOf.Select(static places => (nint)places.Length)], come = [.. headers.Select(static header => header[1..].Sum())];
        Region memory = _group.Scratch.Take((own.Sum() + come.Sum()) * sizeof(int));
        Region mine = memory.Slice(0, own.Sum() * sizeof(int)), others = memory.Slice(mine.Bytes, memory.Bytes - mine.Bytes);
        _copies.PlaceOf.SelectMany(static places => places).ToArray().CopyTo(mine.AsSpan<int>(0, (int)own.Sum()));
        _group.Exchange(Channel.Control, Parts(_forwarders, own, mine, sizeof(int)), Parts(_served, come, others, sizeof(int)));
        int[][] all = new int[_served.Length][];
        nint start = 0;
        for (int i = 0; i < all.Length; start += come[i++]) all[i] = others.AsSpan<int>(start, (int)come[i]).ToArray();
        return all;
    }

    private (int[] Forwarded, nint[] ToLocals) Forwarded(nint[][] headers, int[][] places)
    {
        List<int> forwarded = [];
        nint[] toLocals = new nint[_inside.Count], next = new nint[_served.Length];
        for (int local = 0; local < toLocals.Length; local++)
        {
            nint first = 0;
            for (int i = 0; i < _served.Length; first += _servedCopies[i++])
            {
                nint pairs = headers[i][1 + local];
                for (nint pair = 0; pair < pairs; pair++) forwarded.Add((int)(first + places[i][next[i] + pair]));
                next[i] += pairs;
                toLocals[local] += pairs;
            }
        }

        return ([.. forwarded], toLocals);
    }

    private Memory Take(nint rowBytes)
    {
        nint copies = _copies.PerNode.Sum() * rowBytes, served = _servedCopies.Sum() * rowBytes, forwarded = _forwarded.Length * rowBytes, arrived = _receives.Sum() * rowBytes;
        Region all = _group.Scratch.Take(copies + served + forwarded + arrived);
        return new Memory(
            all.Slice(0, copies), all.Slice(copies, served), all.Slice(copies + served, forwarded), all.Slice(copies + served + forwarded, arrived));
    }

    private (BlockOrder Arrived, BlockOrder Sorted) Orders(nint rowBytes) => (
        new(_arrived, (source, _) => _receives[source] * rowBytes),
        new(_group.Topology.Ranks.Select(source => (source, _group.Rank)), (source, _) => _receives[source] * rowBytes));

    private static Transfer[] Parts(IReadOnlyList<int> peers, nint[] rows, Region all, nint rowBytes) => Transfer.Parts(peers, [.. rows.Select(count => count * rowBytes)], all);


    // Rows on their way, each [.., width]: this rank's copies, those it forwards, to its neighbours, from its neighbours.
    private readonly record struct Memory(Region Copies, Region Served, Region Forwarded, Region Arrived);
}

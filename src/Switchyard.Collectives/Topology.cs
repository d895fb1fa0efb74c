using System.Collections.Immutable;

namespace Switchyard.Collectives;

/// <summary>
/// Which ranks share a node. Nodes are numbered by their first rank; the ranks of a node are numbered by
/// <see cref="LocalOf"/> in their own order, so any placement has a description, also one round robin.
/// </summary>
public sealed class Topology : IEquatable<Topology>
{
    private readonly int[] _nodeOf;
    private readonly int[] _localOf;
    private readonly ImmutableArray<int>[] _ranksOf;

    /// <summary>Describes a placement.</summary>
    /// <param name="nodeOf">A mark per rank; ranks with the same mark share a node.</param>
    /// <exception cref="ArgumentException">There is no rank.</exception>
    public Topology(IReadOnlyList<int> nodeOf)
    {
        ArgumentNullException.ThrowIfNull(nodeOf);
        if (nodeOf.Count == 0) throw new ArgumentException("a topology has no rank: give it one or more", nameof(nodeOf));
        int[] marks = [.. nodeOf.Distinct()];
        _nodeOf = [.. nodeOf.Select(mark => Array.IndexOf(marks, mark))];
        _ranksOf = [.. Enumerable.Range(0, marks.Length).Select(node => Enumerable.Range(0, nodeOf.Count).Where(rank => _nodeOf[rank] == node).ToImmutableArray())];
        _localOf = [.. _nodeOf.Select((node, rank) => _ranksOf[node].IndexOf(rank))];
        IsNodeByNode = _ranksOf.SelectMany(static ranks => ranks).SequenceEqual(Ranks);
        PerNode = _ranksOf.All(ranks => ranks.Length == _ranksOf[0].Length) ? _ranksOf[0].Length : null;
    }

    /// <summary>How many ranks there are.</summary>
    public int Size => _nodeOf.Length;

    /// <summary>How many nodes there are.</summary>
    public int Nodes => _ranksOf.Length;

    /// <summary>How many ranks each node has; null if they differ.</summary>
    public int? PerNode { get; }

    /// <summary>Whether the ranks of each node follow each other, and the nodes too.</summary>
    public bool IsNodeByNode { get; }

    /// <summary>All ranks, in order.</summary>
    internal IEnumerable<int> Ranks => Enumerable.Range(0, Size);

    /// <summary>All ranks on one node.</summary>
    /// <param name="size">How many ranks.</param>
    public static Topology OneNode(int size) => Uniform(1, size);

    /// <summary>Nodes of the same size, filled one after the other: rank = node · perNode + local.</summary>
    /// <param name="nodes">How many nodes.</param>
    /// <param name="perNode">How many ranks on each.</param>
    /// <exception cref="ArgumentOutOfRangeException">One of them is below one.</exception>
    public static Topology Uniform(int nodes, int perNode)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(nodes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(perNode, 1);
        return new Topology([.. Enumerable.Range(0, checked(nodes * perNode)).Select(rank => rank / perNode)]);
    }

    /// <summary>The node of a rank.</summary>
    public int NodeOf(int rank) => _nodeOf[rank];

    /// <summary>The place of a rank on its node.</summary>
    public int LocalOf(int rank) => _localOf[rank];

    /// <summary>The ranks of a node, in order.</summary>
    public ImmutableArray<int> RanksOf(int node) => _ranksOf[node];

    /// <inheritdoc/>
    public bool Equals(Topology? other) => other is not null && _nodeOf.AsSpan().SequenceEqual(other._nodeOf);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Topology);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Size, Nodes);

    /// <summary>As people write it: "4 x 2", or "3 + 2 + 2" where nodes differ.</summary>
    public override string ToString() => PerNode is { } perNode ? $"{Nodes} x {perNode}" : string.Join(" + ", _ranksOf.Select(ranks => ranks.Length));
}

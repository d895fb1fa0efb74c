using System.Numerics;
using System.Runtime.CompilerServices;
using Switchyard.Collectives.AllToAll;
using Switchyard.Collectives.Tokens;
using Switchyard.Collectives.Transport;

namespace Switchyard.Collectives;

/// <summary>
/// One routing of tokens to ranks, made once and used for every exchange of it: out and back, forward and backward.
/// A pair is a token and a rank that it goes to; a token may be in any number of pairs, also several of one rank.
/// </summary>
/// <remarks>
/// Sums on the way back add the pairs of each node in their order, then the nodes: for one topology every algorithm gives
/// the same bits.
/// </remarks>
public sealed class TokenExchange
{
    private readonly ProcessGroup _group;
    private readonly int[] _tokenOf;
    private readonly nint[] _sends, _receives; // [ranks], in pairs
    private readonly long _pairs, _pairsBetween, _copiesBetween; // of all ranks; the latter two between nodes
    private CopyList? _list;
    private RowSums? _sums;
    private NodeCopies? _copies;

    /// <summary>Tells every rank how much it gets. A collective call.</summary>
    /// <param name="group">The ranks.</param>
    /// <param name="tokens">How many tokens this rank has.</param>
    /// <param name="tokenOf">The token of each pair, in the order of the ranks that they go to [pairs].</param>
    /// <param name="pairsPerRank">How many pairs go to each rank [ranks].</param>
    /// <exception cref="ArgumentException">The counts do not add up to the pairs, or a pair has no such token.</exception>
    /// <inheritdoc cref="ProcessGroup.Barrier"/>
    public TokenExchange(
        ProcessGroup group, int tokens, ReadOnlySpan<int> tokenOf, ReadOnlySpan<nint> pairsPerRank,
        [CallerMemberName] string member = "", [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(group);
        (_group, Tokens, _tokenOf) = (group, tokens, tokenOf.ToArray());
        _sends = group.InBytes(nameof(pairsPerRank), pairsPerRank, tokenOf.Length, 1);
        foreach (int token in tokenOf)
            if ((uint)token >= (uint)tokens) throw new ArgumentException($"there is no token {token}: this rank has {tokens}", nameof(tokenOf));

        // To each rank the pairs that it gets, and to all of them what this rank has: its pairs, those that leave the node, and their copies.
        int node = group.Topology.NodeOf(group.Rank);
        nint between = group.Topology.Ranks.Where(rank => group.Topology.NodeOf(rank) != node).Select(rank => _sends[rank]).Sum();
        nint copies = between == 0 ? 0 : List.PerNode.Sum() - List.PerNode[node];
        nint[] told = [.. _sends.SelectMany(pairs => (nint[])[pairs, _tokenOf.Length, between, copies])], heard = new nint[told.Length]; // [ranks, 4]
        group.AllToAll<nint>(told, heard, member, file, line);
        nint[][] others = [.. heard.Chunk(4)];
        _receives = [.. others.Select(static other => other[0])];
        Received = _receives.Sum();
        (_pairs, _pairsBetween, _copiesBetween) = (others.Select(static other => other[1]).Sum(), others.Select(static other => other[2]).Sum(), others.Select(static other => other[3]).Sum());
    }

    /// <summary>How many tokens this rank has.</summary>
    public int Tokens { get; }

    /// <summary>How many pairs this rank sends.</summary>
    public int Pairs => _tokenOf.Length;

    /// <summary>How many pairs come to this rank.</summary>
    public nint Received { get; }

    /// <summary>How many pairs come from each rank [ranks].</summary>
    public ReadOnlySpan<nint> ReceivedPerRank => _receives;

    /// <summary>By which factor one copy per node cuts the rows between nodes, over all ranks; 1 where nothing goes between nodes.</summary>
    public double Saving => _copiesBetween == 0 ? 1 : (double)_pairsBetween / _copiesBetween;

    /// <summary>Brings every pair's token to its rank.</summary>
    /// <param name="tokens">This rank's tokens [tokens, width].</param>
    /// <param name="rows">Where pairs come [received, width]: by the rank they come from, in the order that it gave.</param>
    /// <param name="width">Elements of a row, the same everywhere.</param>
    /// <exception cref="ArgumentException">A length is not what the routing says.</exception>
    /// <inheritdoc cref="ProcessGroup.Barrier"/>
    public unsafe void Dispatch<T>(
        ReadOnlyLongSpan<T> tokens, LongSpan<T> rows, int width,
        [CallerMemberName] string member = "", [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        where T : unmanaged
    {
        Check(nameof(tokens), tokens.Length, Tokens, width);
        Check(nameof(rows), rows.Length, Received, width);
        _group.EnsureCalibrated();
        using ProcessGroup.Use use = _group.Enter(Call<T>(nameof(Dispatch), width, new(member, file, line)));
        nint rowBytes = (nint)width * sizeof(T);
        fixed (T* from = tokens, to = rows)
        {
            Region source = new(from, tokens.Length * sizeof(T)), target = new(to, rows.Length * sizeof(T));
            AllToAllAlgorithm algorithm = _group.Choose(_pairs * rowBytes, 1 / Saving);
            if (algorithm == AllToAllAlgorithm.Deduplicated)
            {
                Copies.Dispatch(source, target, rowBytes);
                return;
            }

            Region pairs = _group.PairRows.Take(_tokenOf.Length * rowBytes); // [pairs, width]
            Rows.Gather(source, _tokenOf, pairs, rowBytes);
            algorithm.Exchange(_group, new Blocks(pairs, InBytes(_sends, rowBytes), target, InBytes(_receives, rowBytes), Equal: false));
        }
    }

    /// <summary>Brings what became of the pairs back, and adds it up for every token: the adjoint of <see cref="Dispatch{T}"/>.</summary>
    /// <param name="rows">The rows of the pairs that came [received, width], in the same order.</param>
    /// <param name="tokens">Where the sums come [tokens, width]; 0 for a token without a pair.</param>
    /// <param name="width">Elements of a row, the same everywhere.</param>
    /// <inheritdoc cref="Dispatch{T}"/>
    public unsafe void Combine<T>(
        ReadOnlyLongSpan<T> rows, LongSpan<T> tokens, int width,
        [CallerMemberName] string member = "", [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        where T : unmanaged, INumber<T>
    {
        Check(nameof(rows), rows.Length, Received, width);
        Check(nameof(tokens), tokens.Length, Tokens, width);
        _group.EnsureCalibrated();
        using ProcessGroup.Use use = _group.Enter(Call<T>(nameof(Combine), width, new(member, file, line)));
        nint rowBytes = (nint)width * sizeof(T);
        fixed (T* from = rows, to = tokens)
        {
            Region source = new(from, rows.Length * sizeof(T)), target = new(to, tokens.Length * sizeof(T));
            AllToAllAlgorithm algorithm = _group.Choose(_pairs * rowBytes, 1 / Saving);
            if (algorithm == AllToAllAlgorithm.Deduplicated)
            {
                Copies.Combine<T>(source, target, width);
                return;
            }

            Region pairs = _group.PairRows.Take(_tokenOf.Length * rowBytes); // [pairs, width]
            algorithm.Exchange(_group, new Blocks(source, InBytes(_receives, rowBytes), pairs, InBytes(_sends, rowBytes), Equal: false));
            Sums.Add<T>(pairs, target, width);
        }
    }

    /// <summary>Brings a value of each pair to its rank, as weights are.</summary>
    /// <param name="values">A row per pair [pairs, width], in the order of the ranks that they go to.</param>
    /// <param name="rows">Where they come [received, width], in the order of <see cref="Dispatch{T}"/>.</param>
    /// <param name="width">Elements of a row, the same everywhere.</param>
    /// <inheritdoc cref="Dispatch{T}"/>
    public void SendPairs<T>(
        ReadOnlyLongSpan<T> values, LongSpan<T> rows, int width,
        [CallerMemberName] string member = "", [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        where T : unmanaged
        => _group.AllToAllV(values, InBytes(_sends, width), rows, InBytes(_receives, width), member, file, line);

    /// <summary>Brings a value of each pair back to where it came from, as gradients of weights are.</summary>
    /// <param name="rows">A row per pair that came [received, width].</param>
    /// <param name="values">Where they come [pairs, width], in the order of the ranks that the pairs went to.</param>
    /// <param name="width">Elements of a row, the same everywhere.</param>
    /// <inheritdoc cref="Dispatch{T}"/>
    public void ReturnPairs<T>(
        ReadOnlyLongSpan<T> rows, LongSpan<T> values, int width,
        [CallerMemberName] string member = "", [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
        where T : unmanaged
        => _group.AllToAllV(rows, InBytes(_receives, width), values, InBytes(_sends, width), member, file, line);

    private NodeCopies Copies => _copies ??= new NodeCopies(_group, Tokens, List, _sends, _receives);

    private CopyList List => _list ??= CopyList.Of(_group.Topology, Tokens, _tokenOf, _sends);

    private RowSums Sums => _sums ??= SumsByNode();

    private Call Call<T>(string what, int width, SourceLine line) => new(what, typeof(T).Name, width, _group.ChoiceOfAlgorithm, line);

    private static nint[] InBytes(nint[] counts, nint each) => [.. counts.Select(count => count * each)];

    private static void Check(string name, nint length, nint rows, int width)
    {
        if (length != rows * width) throw new ArgumentException($"{name} has {length} elements, but {rows} rows of {width} make {rows * width}", name);
    }

    private RowSums SumsByNode()
    {
        int[] nodeOf = new int[_tokenOf.Length];
        for (int rank = 0, pair = 0; rank < _sends.Length; rank++)
            for (nint i = 0; i < _sends[rank]; i++) nodeOf[pair++] = _group.Topology.NodeOf(rank);
        return new RowSums(Tokens, _tokenOf, nodeOf);
    }
}

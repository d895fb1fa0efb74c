using System.Diagnostics;
using System.Runtime.CompilerServices;
using Switchyard.Collectives.AllToAll;
using Switchyard.Collectives.Transport;

namespace Switchyard.Collectives;

/// <summary>
/// The ranks that work on one thing together, as one of them sees it. Every rank calls the same operations in the same
/// order; a call returns when this rank's part of it is done. Reductions add in the order of the ranks, so every kind of
/// group gives the same bits.
/// </summary>
/// <remarks>
/// Every operation throws <see cref="ProcessGroupException"/>, on every rank and within <see cref="Timeout"/>, when ranks
/// call different operations, give different shapes, or do not come; the group is of no use after that. One thread at a
/// time may use a group: another thread takes a <see cref="Duplicate"/>, and both then go on side by side.
/// </remarks>
public abstract partial class ProcessGroup : IDisposable
{
    // Below this a reduction is one exchange of all with all; above it every rank reduces a part.
    private const nint SmallReduction = 4096;

    // What one pass of a large reduction works on: it stays in the cache, and bounds the memory beside it.
    private const nint ReductionPass = 1 << 22;

    // Of this many ranks on, passing small messages on by doubling costs less than one to each: their starts add up, waits for others do not.
    private const int ManyRanks = 16;

    private readonly Scratch _small = new();
    private int _inUse;

    private protected ProcessGroup(int rank, Topology topology)
    {
        Rank = rank;
        Topology = topology;
    }

    /// <summary>The number of this rank, from 0 to <see cref="Size"/> - 1.</summary>
    public int Rank { get; }

    /// <summary>How many ranks there are.</summary>
    public int Size => Topology.Size;

    /// <summary>Which ranks share a node.</summary>
    public Topology Topology { get; }

    /// <summary>How long a call waits for the other ranks; five minutes unless set. Groups made from this one take it over.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>What this rank has sent through this group.</summary>
    public Traffic Traffic { get; } = new();

    /// <summary>How all ranks exchange with all; null to choose per call by <see cref="CostModel"/>. The same on every rank; groups made from this one take it over.</summary>
    public AllToAllAlgorithm? Algorithm { get; set; }

    /// <summary>What exchanges cost here; null until the first choice between algorithms measures it, or <see cref="Calibrate"/>.</summary>
    public CostModel? CostModel { get; set; }

    /// <summary>Told which algorithm was chosen, once per algorithm and size of exchange. Groups made from this one take it over.</summary>
    public Action<string>? Log { get; set; }

    /// <summary>Waits until every rank has come here.</summary>
    /// <param name="member">The calling method, filled in by the compiler for error messages.</param>
    /// <param name="file">Its source file, likewise.</param>
    /// <param name="line">The line, likewise.</param>
    /// <exception cref="ProcessGroupException">Ranks call different things, or one does not come.</exception>
    public void Barrier([CallerMemberName] string member = "", [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        using Use use = Enter(new Call(nameof(Barrier), "", 0, "", new(member, file, line)));
    }

    /// <summary>Parts the group: ranks that give the same colour form a group of their own.</summary>
    /// <param name="colour">Which group this rank joins.</param>
    /// <param name="key">Ranks of the new group are ordered by key, then by their rank here.</param>
    /// <returns>The new group, to be disposed.</returns>
    /// <remarks>Two threads that part two groups at the same time must take turns.</remarks>
    /// <inheritdoc cref="Barrier"/>
    public ProcessGroup Split(int colour, int key = 0, [CallerMemberName] string member = "", [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        long[] all = new long[3 * Size]; // [ranks, 3]
        AllGather<long>((long[])[colour, key, NextSplit()], all, member, file, line);
        int[] members = [.. Enumerable.Range(0, Size).Where(rank => all[3 * rank] == colour).OrderBy(rank => all[3 * rank + 1])];
        ProcessGroup group = Join(members, colour, Enumerable.Range(0, Size).Max(rank => all[3 * rank + 2]));
        group.Timeout = Timeout;
        (group.Algorithm, group.Log) = (Algorithm, Log);
        if (group.Topology.Equals(Topology)) group.CostModel = CostModel;
        return group;
    }

    /// <summary>The same ranks as another group, whose calls do not mix with those of this one: for another thread.</summary>
    /// <returns>The new group, to be disposed.</returns>
    /// <inheritdoc cref="Barrier"/>
    public ProcessGroup Duplicate([CallerMemberName] string member = "", [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) => Split(0, 0, member, file, line);

    /// <summary>The ranks of this node as a group of their own.</summary>
    /// <returns>The new group, to be disposed.</returns>
    /// <inheritdoc cref="Barrier"/>
    public ProcessGroup SplitByNode([CallerMemberName] string member = "", [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) =>
        Split(Topology.NodeOf(Rank), 0, member, file, line);

    /// <summary>Gives back what the group holds. Not a collective call, except for a group that <c>Start</c> gave.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives back what the group holds.</summary>
    /// <param name="disposing">Whether it was asked for.</param>
    protected virtual void Dispose(bool disposing)
    {
        Scratch.Dispose();
        PairRows.Dispose();
        _small.Dispose();
    }

    /// <summary>Memory of the steps of one call.</summary>
    internal Scratch Scratch { get; } = new();

    /// <summary>Memory of the rows of pairs, for the time of one call.</summary>
    internal Scratch PairRows { get; } = new();

    /// <summary>Moves the messages of one step: at most one to and one from each rank. Those to this rank itself are copied.</summary>
    internal void Exchange(Channel channel, ReadOnlySpan<Transfer> sends, ReadOnlySpan<Transfer> receives)
    {
        foreach (Transfer send in sends)
        {
            if (send.Peer == Rank || send.Data.Bytes == 0) continue;
            Traffic.Count(channel != Channel.Payload && channel != Channel.Pair, Topology.NodeOf(send.Peer) != Topology.NodeOf(Rank), send.Data.Bytes);
        }

        Move(channel, sends, receives);
    }

    /// <summary>Lets others find out, should they wait in vain, where this rank is.</summary>
    private protected abstract void Announce(in Call call);

    /// <summary>Waits until all ranks have come to a call, and compares.</summary>
    private protected abstract Agreement Agree(in Call call);

    /// <summary>Lets ranks tell each other counts.</summary>
    internal void ExchangeCounts(IReadOnlyList<(int Peer, nint[] Counts)> sends, IReadOnlyList<(int Peer, nint[] Counts)> receives)
    {
        nint[] sent = [.. sends.Select(static send => Bytes(send.Counts))], received = [.. receives.Select(static receive => Bytes(receive.Counts))];
        Region memory = _small.Take(sent.Sum() + received.Sum());
        Transfer[] outgoing = Transfer.Parts([.. sends.Select(static send => send.Peer)], sent, memory.Slice(0, sent.Sum()));
        Transfer[] incoming = Transfer.Parts([.. receives.Select(static receive => receive.Peer)], received, memory.Slice(sent.Sum(), received.Sum()));
        foreach ((Transfer transfer, (_, nint[] counts)) in outgoing.Zip(sends)) counts.CopyTo(transfer.Data.AsSpan<nint>(0, counts.Length));
        Exchange(Channel.Control, outgoing, incoming);
        foreach ((Transfer transfer, (_, nint[] counts)) in incoming.Zip(receives)) transfer.Data.AsSpan<nint>(0, counts.Length).CopyTo(counts);

        static unsafe nint Bytes(nint[] counts) => (nint)counts.Length * sizeof(nint);
    }

    /// <summary>Tells all that the program of this rank is over, which fits only if theirs are too.</summary>
    private protected void End()
    {
        using Use use = Enter(new Call("end of the program", "", 0, "", new SourceLine("", "", 0)));
    }

    /// <summary>Copies the message from this rank to itself, if there is one.</summary>
    private protected void CopyOwn(ReadOnlySpan<Transfer> sends, ReadOnlySpan<Transfer> receives)
    {
        foreach (Transfer receive in receives)
        {
            if (receive.Peer != Rank) continue;
            foreach (Transfer send in sends)
                if (send.Peer == Rank) send.Data.CopyTo(receive.Data);
        }
    }

    /// <summary>Carries out <see cref="Exchange"/>: all sends and receives that are not empty.</summary>
    private protected abstract void Move(Channel channel, ReadOnlySpan<Transfer> sends, ReadOnlySpan<Transfer> receives);

    /// <summary>A number that no group made here has; the largest of all ranks numbers the next split.</summary>
    private protected abstract long NextSplit();

    /// <summary>Makes the group of these ranks of this one; every one of them calls it.</summary>
    private protected abstract ProcessGroup Join(int[] members, int colour, long split);

    /// <summary>Takes the group for one call, on which all ranks agree.</summary>
    /// <param name="call">The call.</param>
    /// <param name="sends">Bytes for each rank, where the call has a balance.</param>
    /// <param name="receives">Bytes from each rank, likewise.</param>
    internal Use Enter(in Call call, nint[]? sends = null, nint[]? receives = null)
    {
        Use use = Take();
        try
        {
            Announce(call);
            long came = Stopwatch.GetTimestamp();
            Agreement agreement = Agree(call);
            use.Begun = Stopwatch.GetTimestamp();
            Traffic.Waiting += Stopwatch.GetElapsedTime(came, use.Begun);
            if (!agreement.SameDigest) throw DifferentCalls(call);
            if (agreement.Balance != 0) throw DifferentCounts(call, sends!, receives!);
            use.Volume = agreement.Volume;
            return use;
        }
        catch
        {
            use.Dispose();
            throw;
        }
    }

    private Use Take() => Interlocked.Exchange(ref _inUse, 1) == 0
        ? new Use(this)
        : throw new InvalidOperationException("two threads use the same process group: give one of them its Duplicate()");

    /// <summary>The time for which a call has the group to itself.</summary>
    internal ref struct Use(ProcessGroup group) : IDisposable
    {
        /// <summary>The payload that all ranks send in this call, in bytes.</summary>
        public long Volume { get; set; }

        /// <summary>When all ranks had agreed; 0 before.</summary>
        public long Begun { get; set; }

        public readonly void Dispose()
        {
            if (Begun != 0) group.Traffic.Moving += Stopwatch.GetElapsedTime(Begun);
            Volatile.Write(ref group._inUse, 0);
        }
    }
}

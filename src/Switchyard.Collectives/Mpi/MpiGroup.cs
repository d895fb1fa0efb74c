using System.Text;
using Switchyard.Collectives.Mpi;
using Switchyard.Collectives.Transport;

namespace Switchyard.Collectives;

/// <summary>
/// Ranks as processes that <c>mpirun</c> launched, on one host or many. MPI carries bytes; the order of reductions and the
/// steps of every operation are those of <see cref="ProcessGroup"/>, so results are those of ranks as threads, bit for bit.
/// </summary>
/// <remarks>
/// A rank that waits looks for messages without pause for a tenth of a millisecond, then ever more rarely, down to every 0.2 ms: ranks may
/// outnumber processors.
/// </remarks>
public sealed class MpiGroup : ProcessGroup
{
    private const int HostBytes = 256;

    // Larger messages leave one after the other. MPI asks whether their receivers are ready, and the answers would wait in
    // the network behind all that was sent at once.
    private const int LargeMessage = 1 << 15;

    // Tags below the limit that every MPI keeps, 32767; the alarm has the first four, then each group has one per channel.
    private const int Channels = 4, LastGroup = 32767 / Channels - 1;

    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    private static int _groups;

    private readonly MpiLibrary _mpi;
    private readonly Alarm _alarm;
    private readonly int[] _members;
    private readonly long _number;
    private readonly bool _crowded;
    private nint[] _requests = [];
    private Call _call;

    private MpiGroup(MpiLibrary mpi, Alarm alarm, int[] members, Topology topology, long number)
        : base(Array.IndexOf(members, mpi.Rank), topology)
    {
        (_mpi, _alarm, _members, _number) = (mpi, alarm, members, number);
        _crowded = topology.RanksOf(topology.NodeOf(Rank)).Length > Environment.ProcessorCount;
    }

    /// <summary>Whether a launcher of MPI started this process.</summary>
    public static bool IsLaunched => Flavour.OfLauncher() is not null;

    /// <summary>Runs a program as one rank of those that were launched together; once per process.</summary>
    /// <param name="program">What each rank does.</param>
    /// <param name="topology">Which of so many ranks to take for neighbours on a node; null for those with the same host name.</param>
    /// <exception cref="ProcessGroupException">There is no MPI, the ranks did not fit together, or another rank failed.</exception>
    /// <exception cref="ArgumentException">The topology has another number of ranks.</exception>
    /// <exception cref="InvalidOperationException">It was called before.</exception>
    public static void Run(Action<ProcessGroup> program, Func<int, Topology>? topology = null)
    {
        ArgumentNullException.ThrowIfNull(program);
        MpiLibrary mpi = MpiLibrary.Start();
        Alarm alarm = new(mpi, tag: 0);
        try
        {
            Topology? given = topology?.Invoke(mpi.Size);
            if (given is not null && given.Size != mpi.Size) throw new ArgumentException($"the topology {given} has {given.Size} ranks, but {mpi.Size} were launched", nameof(topology));
            int[] members = [.. Enumerable.Range(0, mpi.Size)];
            using MpiGroup unplaced = new(mpi, alarm, members, Topology.OneNode(mpi.Size), NewNumber());
            using MpiGroup group = new(mpi, alarm, members, given ?? unplaced.Hosts(), NewNumber());
            program(group);
            group.End();
        }
        catch (Exception exception)
        {
            alarm.Raise(exception is ProcessGroupException ? exception.Message : $"rank {mpi.Rank} failed: {exception.Message}");
            // The launcher ends all processes as soon as one has gone: the others get the time to say what they found.
            Thread.Sleep(LastWords);
            throw;
        }

        alarm.Dispose();
        mpi.Finish();
    }

    private protected override void Announce(in Call call) => _call = call;

    // Recursive doubling: ranks beyond the largest power of two give theirs to a neighbour first, and hear the result last.
    private protected override Agreement Agree(in Call call)
    {
        Agreement all = Agreement.Of(call);
        int power = 1 << (31 - int.LeadingZeroCount(Size));
        int extra = Size - power;
        if (Rank >= power) Trade(Rank - power, gives: true, takes: false, ref all);
        else if (Rank < extra) Trade(Rank + power, gives: false, takes: true, ref all);
        for (int distance = 1; distance < power && Rank < power; distance *= 2) Trade(Rank ^ distance, gives: true, takes: true, ref all);
        if (Rank >= power) Trade(Rank - power, gives: false, takes: true, ref all, replaces: true);
        else if (Rank < extra) Trade(Rank + power, gives: true, takes: false, ref all);
        return all;
    }

    private protected override unsafe void Move(Channel channel, ReadOnlySpan<Transfer> sends, ReadOnlySpan<Transfer> receives)
    {
        int tag = checked((int)(_number * Channels) + (int)channel), begun = 0;
        if (_requests.Length < 2 * (sends.Length + receives.Length)) _requests = new nint[2 * (sends.Length + receives.Length)];
        foreach (Transfer receive in receives)
        {
            if (receive.Data.Bytes == 0 || receive.Peer == Rank) continue;
            (nint first, nint rest) = MpiLibrary.Parts(receive.Data.Bytes);
            _requests[begun++] = _mpi.Receive(receive.Data.Address, first, _members[receive.Peer], tag);
            if (rest > 0) _requests[begun++] = _mpi.Receive(receive.Data.Address + first, rest, _members[receive.Peer], tag);
        }

        int incoming = begun;
        CopyOwn(sends, receives);
        // Every rank begins with the one after it, so that no one is called by all at once.
        foreach (Transfer send in sends.ToArray().OrderBy(send => (send.Peer - Rank + Size) % Size))
        {
            if (send.Data.Bytes == 0 || send.Peer == Rank) continue;
            (nint first, nint rest) = MpiLibrary.Parts(send.Data.Bytes);
            _requests[begun++] = _mpi.Send(send.Data.Address, first, _members[send.Peer], tag);
            if (rest > 0) _requests[begun++] = _mpi.Send(send.Data.Address + first, rest, _members[send.Peer], tag);
            if (send.Data.Bytes > LargeMessage) Complete(incoming, begun, incoming);
        }

        Complete(0, begun, incoming);
    }

    private protected override long NextSplit() => NewNumber();

    private protected override ProcessGroup Join(int[] members, int colour, long split)
    {
        // Whoever made fewer groups so far catches up, so that numbers stay new everywhere.
        int seen = Volatile.Read(ref _groups);
        while (seen <= split && Interlocked.CompareExchange(ref _groups, (int)split + 1, seen) != seen) seen = Volatile.Read(ref _groups);
        if (split > LastGroup) throw new ProcessGroupException($"there are more than {LastGroup} groups", "make groups once, not for every step");
        return new MpiGroup(_mpi, _alarm, [.. members.Select(rank => _members[rank])], new Topology([.. members.Select(Topology.NodeOf)]), split);
    }

    private static int NewNumber() => Interlocked.Increment(ref _groups);

    // Waits for some of the requests that were begun, of which the first are those to receive.
    private void Complete(int from, int to, int incoming)
    {
        Waiting waiting = new(_crowded);
        // In order: every look lets MPI work on all of them, and there is nothing to do before the last is done.
        for (int next = from; next < to;)
        {
            if (_mpi.IsDone(ref _requests[next]))
            {
                next++;
                continue;
            }

            bool late = waiting.Elapsed > Timeout;
            if (late || (waiting.IsLong && _alarm.IsRaised))
            {
                for (int i = 0; i < incoming; i++) _mpi.GiveUp(ref _requests[i]);
                throw _alarm.Failure(_call.ToString(), late ? Timeout : null);
            }

            waiting.Pause();
        }
    }

    private unsafe void Trade(int peer, bool gives, bool takes, ref Agreement all, bool replaces = false)
    {
        Agreement mine = all, theirs = default;
        Transfer give = new(peer, new Region(&mine, sizeof(Agreement))), take = new(peer, new Region(&theirs, sizeof(Agreement)));
        Move(Channel.Agreement, gives ? [give] : [], takes ? [take] : []);
        if (takes) all = replaces ? theirs : all.With(theirs);
    }

    private Topology Hosts()
    {
        byte[] own = new byte[HostBytes], all = new byte[HostBytes * Size];
        Encoding.UTF8.GetBytes(Environment.MachineName).AsSpan().CopyTo(own);
        AllGather<byte>(own, all);
        string[] hosts = [.. all.Chunk(HostBytes).Select(Encoding.UTF8.GetString)];
        return new Topology([.. hosts.Select(host => Array.IndexOf(hosts, host))]);
    }
}

using System.Runtime.ExceptionServices;
using Switchyard.Collectives.InProcess;
using Switchyard.Collectives.Transport;

namespace Switchyard.Collectives;

/// <summary>Ranks as threads of one process: a message is one copy from the memory of one rank to that of another.</summary>
public sealed class InProcessGroup : ProcessGroup
{
    private readonly Hub _hub;
    private long _splits;

    private InProcessGroup(Hub hub, int rank, Topology topology)
        : base(rank, topology) => _hub = hub;

    /// <summary>Runs a program once per rank, each on a thread of its own, and waits for all.</summary>
    /// <param name="size">How many ranks, on one node.</param>
    /// <param name="program">What each rank does.</param>
    /// <inheritdoc cref="Run(Topology, Action{ProcessGroup})"/>
    public static void Run(int size, Action<ProcessGroup> program) => Run(Topology.OneNode(size), program);

    /// <summary>Runs a program once per rank, each on a thread of its own, and waits for all.</summary>
    /// <param name="topology">How many ranks, and which of them to take for neighbours on a node.</param>
    /// <param name="program">What each rank does.</param>
    /// <exception cref="RankFailedException">One rank threw, which ended all.</exception>
    /// <exception cref="ProcessGroupException">The ranks did not fit together.</exception>
    /// <exception cref="OperationCanceledException">One rank was interrupted, which ended all.</exception>
    public static void Run(Topology topology, Action<ProcessGroup> program)
    {
        ArgumentNullException.ThrowIfNull(topology);
        ArgumentNullException.ThrowIfNull(program);
        World world = new(topology.Size);
        Hub hub = world.Add(new Hub(world, [.. Enumerable.Range(0, topology.Size)]));
        List<(int Rank, Exception Thrown)> failures = [];
        Thread[] threads = [.. Enumerable.Range(0, topology.Size).Select(rank => new Thread(() => RunRank(rank)) { Name = $"rank {rank}", IsBackground = true })];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();

        if (failures.Count == 0) return;
        // What a rank threw by itself is the cause; that others could not go on without it is the consequence.
        (int first, Exception cause) = failures.Find(failure => failure.Thrown is not ProcessGroupException) is { Thrown: not null } own ? own : failures[0];
        if (cause is ProcessGroupException or OperationCanceledException) ExceptionDispatchInfo.Throw(cause);
        throw new RankFailedException(first, cause);

        void RunRank(int rank)
        {
            Exception? thrown = null;
            try
            {
                using InProcessGroup group = new(hub, rank, topology);
                program(group);
            }
            catch (Exception exception)
            {
                thrown = exception;
                lock (failures) failures.Add((rank, exception));
            }

            world.End(rank, thrown);
        }
    }

    private protected override void Announce(in Call call) => _hub.Announce(Rank, call);

    private protected override Agreement Agree(in Call call) => _hub.Agree(Rank, call, Timeout);

    private protected override void Move(Channel channel, ReadOnlySpan<Transfer> sends, ReadOnlySpan<Transfer> receives)
    {
        try
        {
            foreach (Transfer send in sends)
            {
                if (send.Peer == Rank || send.Data.Bytes == 0) continue;
                _hub[Rank, send.Peer].Post(channel, send.Data);
                _hub.Knock(send.Peer);
            }

            foreach (Transfer receive in receives)
                if (receive.Data.Bytes > 0 && receive.Peer != Rank) Take(channel, receive);

            CopyOwn(sends, receives);

            foreach (Transfer send in sends) _hub.Await(Rank, Rank, send.Peer, posted: false, Timeout);
        }
        catch
        {
            foreach (Transfer send in sends) _hub[Rank, send.Peer].Withdraw();
            throw;
        }
    }

    private protected override long NextSplit() => _splits++;

    private protected override ProcessGroup Join(int[] members, int colour, long split) =>
        new InProcessGroup(_hub.Part(split, colour, members), Array.IndexOf(members, Rank), new Topology([.. members.Select(Topology.NodeOf)]));

    private void Take(Channel channel, Transfer receive)
    {
        _hub.Await(Rank, receive.Peer, Rank, posted: true, Timeout);
        if (!_hub[receive.Peer, Rank].TryTake(channel, receive.Data))
            _hub.World.Fail($"rank {Rank} waits for another message than rank {receive.Peer} sends: use one group per thread");
        _hub.Knock(receive.Peer);
    }
}

using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Switchyard.Collectives.Transport;

namespace Switchyard.Collectives.InProcess;

/// <summary>What the threads of one group share: a place where they agree on calls, and a slot per pair for a message.</summary>
/// <param name="world">All ranks of the run.</param>
/// <param name="members">Which of them form the group.</param>
internal sealed class Hub(World world, int[] members)
{
    // Waiting costs least by looking again and again, where every rank has a processor to do so.
    private static readonly long Patience = Stopwatch.Frequency / 50_000; // 20 microseconds

    private readonly Slot[] _slots = new Slot[members.Length * members.Length];
    private readonly object[] _doors = [.. members.Select(_ => new object())];
    private readonly Call?[] _calls = new Call?[members.Length];
    private readonly bool[] _here = new bool[members.Length];
    private readonly Dictionary<(long Split, int Colour), Hub> _parts = [];
    private readonly bool _spins = members.Length <= Environment.ProcessorCount;
    private int _arrived, _round;
    private Agreement _gathering, _agreed;

    /// <summary>The slot of the messages from one rank to another.</summary>
    public ref Slot this[int from, int to] => ref _slots[from * members.Length + to];

    /// <summary>All ranks of the run.</summary>
    public World World => world;

    /// <summary>Notes where a rank is.</summary>
    public void Announce(int rank, in Call call)
    {
        lock (_slots) _calls[rank] = call;
    }

    /// <summary>The group of some of these ranks; the first of them to ask makes it.</summary>
    /// <param name="split">Which split of this group.</param>
    /// <param name="colour">Which part of it.</param>
    /// <param name="part">The ranks, numbered as here.</param>
    public Hub Part(long split, int colour, int[] part)
    {
        lock (_parts)
        {
            if (!_parts.TryGetValue((split, colour), out Hub? hub)) _parts[(split, colour)] = hub = world.Add(new Hub(world, [.. part.Select(rank => members[rank])]));
            return hub;
        }
    }

    /// <summary>Waits until every rank has come.</summary>
    public Agreement Agree(int rank, in Call call, TimeSpan timeout)
    {
        Agreement mine = Agreement.Of(call);
        int round;
        lock (_slots)
        {
            round = _round;
            _gathering = _arrived == 0 ? mine : _gathering.With(mine);
            _here[rank] = true;
            if (++_arrived == members.Length)
            {
                _agreed = _gathering;
                _arrived = 0;
                Array.Clear(_here);
                Volatile.Write(ref _round, round + 1);
                Monitor.PulseAll(_slots);
                return _agreed;
            }
        }

        long started = Stopwatch.GetTimestamp();
        while (IsPatient(started))
            if (Volatile.Read(ref _round) != round) return _agreed;
        string? failure = null;
        lock (_slots)
        {
            while (_round == round && failure is null) failure = Sleep(_slots, null, started, timeout);
        }

        if (failure is not null) Fail(failure);
        return _agreed;
    }

    /// <summary>Waits until a slot is in a state.</summary>
    /// <param name="rank">Who waits.</param>
    /// <param name="from">The sender of the slot.</param>
    /// <param name="to">Its receiver.</param>
    /// <param name="posted">Whether to wait for a message, or for its end.</param>
    /// <param name="timeout">How long.</param>
    public void Await(int rank, int from, int to, bool posted, TimeSpan timeout)
    {
        ref Slot slot = ref this[from, to];
        if (slot.IsPosted == posted) return;
        long started = Stopwatch.GetTimestamp();
        while (IsPatient(started))
            if (slot.IsPosted == posted) return;
        string? failure = null;
        lock (_doors[rank])
        {
            while (slot.IsPosted != posted && failure is null) failure = Sleep(_doors[rank], rank == from ? to : from, started, timeout);
        }

        if (failure is not null) Fail(failure);
    }

    /// <summary>Tells a rank that one of its slots has changed.</summary>
    public void Knock(int rank)
    {
        lock (_doors[rank]) Monitor.PulseAll(_doors[rank]);
    }

    /// <summary>Lets all that wait look again.</summary>
    public void WakeAll()
    {
        for (int rank = 0; rank < members.Length; rank++) Knock(rank);
        lock (_slots) Monitor.PulseAll(_slots);
    }

    private bool IsPatient(long started)
    {
        if (!_spins || Stopwatch.GetTimestamp() - started > Patience) return false;
        Thread.SpinWait(20);
        return true;
    }

    // Sleeps until somebody knocks. Gives what makes waiting vain: for one rank, or for all that have not come.
    private string? Sleep(object door, int? peer, long started, TimeSpan timeout)
    {
        if (world.Failure is { } failure) return failure;
        int[] awaited = peer is { } one ? [one] : [.. Enumerable.Range(0, members.Length).Where(rank => !_here[rank])];
        if (awaited.Where(rank => world.HasEnded(members[rank])).ToArray() is { Length: > 0 } gone) return $"{Ranks.Name(gone)} ended its program too early";
        TimeSpan left = timeout - Stopwatch.GetElapsedTime(started);
        if (left <= TimeSpan.Zero) return $"{Ranks.Name(awaited)} did not come within {timeout.TotalSeconds:0.#} s";
        Monitor.Wait(door, left);
        return null;
    }

    [DoesNotReturn]
    private void Fail(string failure)
    {
        string places;
        lock (_slots) places = Ranks.Where([.. _calls.Select(call => call?.ToString())]);
        world.Fail(world.Failure ?? $"{failure}: {places}");
    }
}

using System.Diagnostics.CodeAnalysis;

namespace Switchyard.Collectives.InProcess;

/// <summary>The ranks of one run as threads, and what ends them all.</summary>
internal sealed class World(int size)
{
    private readonly List<Hub> _hubs = [];
    private readonly bool[] _ended = new bool[size];
    private string? _failure;

    /// <summary>Why nobody can go on; null while all is well.</summary>
    public string? Failure => Volatile.Read(ref _failure);

    /// <summary>Whether the program of a rank is over.</summary>
    public bool HasEnded(int rank) => Volatile.Read(ref _ended[rank]);

    /// <summary>Adds a group whose ranks are to hear of failures.</summary>
    public Hub Add(Hub hub)
    {
        lock (_hubs) _hubs.Add(hub);
        return hub;
    }

    /// <summary>Wakes everybody, to fail with this message; a failure before it stands.</summary>
    [DoesNotReturn]
    public void Fail(string message)
    {
        _ = Interlocked.CompareExchange(ref _failure, message, null);
        WakeAll();
        throw new ProcessGroupException(Failure!);
    }

    /// <summary>The program of a rank is over.</summary>
    /// <param name="rank">Whose.</param>
    /// <param name="thrown">What it threw, or null.</param>
    public void End(int rank, Exception? thrown)
    {
        string? failure = (thrown is null or ProcessGroupException) ? thrown?.Message : $"rank {rank} failed: {thrown.Message}";
        if (failure is not null) _ = Interlocked.CompareExchange(ref _failure, failure, null);
        Volatile.Write(ref _ended[rank], true);
        WakeAll();
    }

    private void WakeAll()
    {
        Hub[] hubs;
        lock (_hubs) hubs = [.. _hubs];
        foreach (Hub hub in hubs) hub.WakeAll();
    }
}

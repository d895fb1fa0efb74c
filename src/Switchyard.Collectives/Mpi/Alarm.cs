using System.Buffers.Binary;
using System.Diagnostics;
using Switchyard.Collectives.Transport;

namespace Switchyard.Collectives.Mpi;

/// <summary>
/// How processes learn that they wait in vain. One that fails says so to all; one that has waited too long says where
/// it is, and who hears that answers where it is itself, so that all of them find out who is missing.
/// </summary>
internal sealed class Alarm : IDisposable
{
    // How long to wait for the places of others once one has been heard, and before a rank that failed leaves.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1), Farewell = TimeSpan.FromSeconds(5);

    private const int HeaderBytes = 8, MessageBytes = HeaderBytes + CallText.Bytes;

    private readonly MpiLibrary _mpi;
    private readonly int _tag;
    private readonly Scratch _incoming = new(), _outgoing = new();
    private readonly Region _message;
    private readonly string?[] _places;
    private readonly bool[] _heard;
    private readonly Lock _mine = new();
    private nint _request;
    private string? _failure;
    private bool _raised;

    public Alarm(MpiLibrary mpi, int tag)
    {
        (_mpi, _tag) = (mpi, tag);
        (_places, _heard) = (new string?[mpi.Size], new bool[mpi.Size]);
        _heard[mpi.Rank] = true;
        _message = _incoming.Take(MessageBytes);
        _request = mpi.Receive(_message.Address, MessageBytes, null, tag);
    }

    /// <summary>Whether somebody has called; then nothing remains but <see cref="Failure"/>.</summary>
    public bool IsRaised
    {
        get
        {
            lock (_mine)
            {
                while (_mpi.IsDone(ref _request))
                {
                    Span<byte> message = _message.AsSpan<byte>(0, MessageBytes);
                    int rank = BinaryPrimitives.ReadInt32LittleEndian(message);
                    bool failed = message[4] != 0;
                    string text = CallText.Read(message[HeaderBytes..]);
                    if (failed) _failure ??= text;
                    else _places[rank] = text;
                    _raised = _heard[rank] = true;
                    _request = _mpi.Receive(_message.Address, MessageBytes, null, _tag);
                }

                return _raised;
            }
        }
    }

    /// <summary>Tells everybody that this rank's program failed, unless all know, and waits until they have answered.</summary>
    public void Raise(string failure)
    {
        if (!IsRaised) Tell(failed: true, failure);
        // A message leaves while its sender looks after it.
        for (long started = Stopwatch.GetTimestamp(); !_heard.All(static heard => heard) && Stopwatch.GetElapsedTime(started) < Farewell; Thread.Sleep(1))
            _ = IsRaised;
    }

    /// <summary>Finds out why this rank waits in vain.</summary>
    /// <param name="here">Where it is.</param>
    /// <param name="waited">How long it has waited, where that was too long; null where another has.</param>
    public ProcessGroupException Failure(string here, TimeSpan? waited)
    {
        Tell(failed: false, here);
        for (long started = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(started) < Grace; Thread.Sleep(1))
            if (IsRaised && (_failure is not null || Silent().Length == 0)) break;
        lock (_mine)
        {
            if (_failure is not null) return new ProcessGroupException(_failure);
            int[] silent = Silent();
            string missing = silent.Length > 0 ? $"{Ranks.Name(silent)} did not come" : "the ranks wait for each other";
            return new ProcessGroupException($"{missing}{(waited is { } time ? $" within {time.TotalSeconds:0.#} s" : "")}: {Ranks.Where(_places)}");
        }
    }

    /// <summary>Ends the wait for calls, before MPI is left. Nothing may have been told.</summary>
    public void Dispose()
    {
        lock (_mine) _mpi.GiveUp(ref _request);
        _incoming.Dispose();
        _outgoing.Dispose();
    }

    private int[] Silent() => [.. Enumerable.Range(0, _places.Length).Where(rank => _places[rank] is null)];

    private void Tell(bool failed, string text)
    {
        // The memory is never given back: nobody knows when the last message has left.
        Region region = _outgoing.Take(MessageBytes);
        Span<byte> message = region.AsSpan<byte>(0, MessageBytes);
        BinaryPrimitives.WriteInt32LittleEndian(message, _mpi.Rank);
        message[4] = failed ? (byte)1 : (byte)0;
        CallText.Write(text, message[HeaderBytes..]);
        lock (_mine)
        {
            if (failed) _failure ??= text;
            else _places[_mpi.Rank] = text;
        }

        for (int rank = 0; rank < _mpi.Size; rank++)
            if (rank != _mpi.Rank) _ = _mpi.Send(region.Address, MessageBytes, rank, _tag);
    }
}

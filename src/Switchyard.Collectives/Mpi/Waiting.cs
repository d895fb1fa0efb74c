using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Switchyard.Collectives.Mpi;

/// <summary>
/// One wait for messages that somebody must look for. It begins by looking as often as it can, if every rank has a
/// processor of its own; then it sleeps between two looks, longer and longer, so that ranks without one can compute.
/// </summary>
/// <param name="crowded">Whether the ranks of this machine share processors.</param>
internal ref partial struct Waiting(bool crowded)
{
    private const uint LongestSleep = 200; // microseconds: at 10 Gbit/s a quarter of a megabyte, which sockets hold

    private static readonly TimeSpan Eager = TimeSpan.FromMicroseconds(100);

    private readonly long _started = Stopwatch.GetTimestamp();
    private uint _sleep = 5;

    /// <summary>How long it has been.</summary>
    public readonly TimeSpan Elapsed => Stopwatch.GetElapsedTime(_started);

    /// <summary>Whether it is time to ask what is wrong: first after half a millisecond.</summary>
    public readonly bool IsLong => _sleep == LongestSleep;

    /// <summary>Lets time pass.</summary>
    public void Pause()
    {
        TimeSpan elapsed = Elapsed;
        if (elapsed < Eager)
        {
            if (crowded) Thread.Yield();
            else Thread.SpinWait(10);
            return;
        }

        _ = Sleep(_sleep);
        _sleep = Math.Min(2 * _sleep, LongestSleep);
    }

    [LibraryImport("libc", EntryPoint = "usleep")]
    private static partial int Sleep(uint microseconds);
}

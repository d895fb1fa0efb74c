using System.Diagnostics;

namespace Switchyard.Collectives;

/// <summary>What one rank has sent: payload by the kind of link, and the bookkeeping beside it.</summary>
public sealed class Traffic
{
    /// <summary>Payload to ranks of other nodes, through the network.</summary>
    public LinkTraffic Between { get; private set; }

    /// <summary>Payload to other ranks of the same node.</summary>
    public LinkTraffic Inside { get; private set; }

    /// <summary>Counts and other bookkeeping of exchanges, to any rank. Agreeing on a call is not counted.</summary>
    public LinkTraffic Control { get; private set; }

    /// <summary>The time spent waiting for the other ranks to come to the same calls.</summary>
    public TimeSpan Waiting { get; internal set; }

    /// <summary>The time spent in calls once all had come, and in <see cref="Await"/>.</summary>
    public TimeSpan Moving { get; internal set; }

    /// <summary>Waits for an exchange that another thread carries out for this one.</summary>
    /// <param name="exchange">The exchange; what it threw is thrown here.</param>
    public void Await(Task exchange)
    {
        ArgumentNullException.ThrowIfNull(exchange);
        long started = Stopwatch.GetTimestamp();
        exchange.GetAwaiter().GetResult();
        Moving += Stopwatch.GetElapsedTime(started);
    }

    /// <summary>Sets every counter to zero.</summary>
    public void Reset() => (Between, Inside, Control, Waiting, Moving) = (default, default, default, default, default);

    internal void Count(bool control, bool between, nint bytes)
    {
        if (control) Control = Control.With(bytes);
        else if (between) Between = Between.With(bytes);
        else Inside = Inside.With(bytes);
    }
}

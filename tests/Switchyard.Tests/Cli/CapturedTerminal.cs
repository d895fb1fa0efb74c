using System.CommandLine;
using System.Text;
using Switchyard.Cli;

namespace Switchyard.Tests.Cli;

/// <summary>Runs command lines in this process and keeps what they write.</summary>
internal sealed class CapturedTerminal
{
    private readonly StringBuilder _out = new();
    private readonly StringBuilder _error = new();

    public CapturedTerminal(int? width = null, bool colour = false) =>
        Terminal = new(new StringWriter(_out), new StringWriter(_error), Clock, width is { } columns ? () => columns : null, colour);

    public ManualClock Clock { get; } = new();

    public Terminal Terminal { get; }

    public string Out => _out.ToString();

    public string Error => _error.ToString();

    public string[] OutLines => Lines(Out);

    public string[] ErrorLines => Lines(Error);

    public int Run(IEnumerable<Command> commands, string[] arguments, CancellationTokenSource? signal = null) =>
        new CommandLine(commands).Run(arguments, Terminal, signal?.Token ?? CancellationToken.None);

    private static string[] Lines(string text) => text.Length == 0 ? [] : text.TrimEnd('\n').Split('\n');
}

/// <summary>A clock that moves only when told to.</summary>
internal sealed class ManualClock : TimeProvider
{
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _ticks;

    public void Advance(double seconds) => _ticks += TimeSpan.FromSeconds(seconds).Ticks;
}

using System.Globalization;
using System.Text;

namespace Switchyard.Cli;

/// <summary>A number that a piece of work shows beside its progress.</summary>
/// <param name="Name">What it is: "loss".</param>
/// <param name="Value">How much it is; shown with three digits.</param>
internal readonly record struct Figure(string Name, double Value);

/// <summary>
/// Shows on standard error how far a long piece of work has come, how fast it goes and how long it will
/// still take. On a terminal that is one line, drawn anew at most ten times a second; elsewhere it is a line now
/// and then. Work that takes less than two seconds shows nothing. Reporting makes next to no garbage.
/// </summary>
internal sealed class Progress : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Redraw = TimeSpan.FromSeconds(0.1);
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(10);
    private const int BarColumns = 20;

    private readonly Terminal _terminal;
    private readonly string _activity;
    private readonly string _unit;
    private readonly long _startedAt;
    private readonly StringBuilder _line = new(256);
    private readonly Lock _drawing = new();
    private long _done;
    private TimeSpan _due = Patience;
    private bool _visible;

    /// <summary>Starts the clock.</summary>
    /// <param name="terminal">Where to show it, and the clock.</param>
    /// <param name="activity">What goes on, as one word: "training".</param>
    /// <param name="unit">What is counted, in the plural: "tokens".</param>
    /// <param name="total">How many there are in all, or null where nobody knows.</param>
    public Progress(Terminal terminal, string activity, string unit, long? total)
    {
        (_terminal, _activity, _unit, Total) = (terminal, activity, unit, total);
        _startedAt = terminal.Clock.GetTimestamp();
    }

    /// <summary>How many there are in all, or null where nobody knows; an estimate may be mended on the way.</summary>
    public long? Total { get; set; }

    /// <summary>How many were done before, by an earlier run: they do not count into the rate.</summary>
    public long Start { get; set; }

    /// <summary>Tells how far the work has come.</summary>
    /// <param name="done">How many are done, those of an earlier run included.</param>
    /// <param name="figures">What else to show, most telling first.</param>
    public void Report(long done, params ReadOnlySpan<Figure> figures)
    {
        _done = done;
        TimeSpan elapsed = Elapsed;
        if (elapsed < _due) return;

        lock (_drawing)
        {
            if (_terminal.Width is { } width)
            {
                _due = elapsed + Redraw;
                DrawLive(elapsed, figures, width());
            }
            else
            {
                // Dense at first, when people wonder whether it works at all.
                _due = elapsed + TimeSpan.FromTicks(Math.Clamp(elapsed.Ticks / 2, Patience.Ticks, LongestSilence.Ticks));
                WritePlain(elapsed, figures);
            }
        }
    }

    /// <summary>Takes the live line away, so that something else can be written; the next report draws it again.</summary>
    public void Hide()
    {
        lock (_drawing)
        {
            if (!_visible) return;
            _terminal.Error.Write("\r\e[K");
            _terminal.Error.Flush();
            _visible = false;
        }
    }

    /// <summary>Ends the display with a line that says how much was done, if it was worth showing.</summary>
    public void Dispose()
    {
        Hide();
        TimeSpan elapsed = Elapsed;
        if (elapsed < Patience) return;
        _line.Clear().Append(CultureInfo.InvariantCulture, $"{_activity}: {_done:N0} {_unit} in ").AppendDuration(elapsed);
        if (_done > Start) AppendRate(", ", elapsed);
        _terminal.Error.WriteLine(_line);
    }

    private TimeSpan Elapsed => _terminal.Clock.GetElapsedTime(_startedAt);

    // training ━━━━━━──────── 48%  1m 12s left  21.4k tokens/s  loss 1.51  2,880,000 of 6,000,000 tokens
    private void DrawLive(TimeSpan elapsed, ReadOnlySpan<Figure> figures, int width)
    {
        _line.Clear().Append('\r').Append(_activity).Append(' ');
        int invisible = 1;
        if (Share is { } share)
        {
            invisible += AppendBar(share);
            _line.Append(CultureInfo.InvariantCulture, $" {Math.Floor(share * 100):0}%");
            AppendRemaining("  ", elapsed);
        }
        AppendRate("  ", elapsed);
        foreach (Figure figure in figures) _line.Append("  ").Append(figure.Name).Append(' ').AppendRounded(figure.Value);
        AppendCount("  ");

        // The last column stays free: some terminals wrap as soon as it is written.
        _line.Length = Math.Min(_line.Length, Math.Max(0, width - 1) + invisible);
        if (_terminal.Colour) _line.Append("\e[0m");
        _line.Append("\e[K");
        _terminal.Error.Write(_line);
        _terminal.Error.Flush();
        _visible = true;
    }

    // training: 48%, 2,880,000 of 6,000,000 tokens, 21.4k tokens/s, 1m 12s left, loss 1.51
    private void WritePlain(TimeSpan elapsed, ReadOnlySpan<Figure> figures)
    {
        _line.Clear().Append(_activity).Append(": ");
        if (Share is { } share) _line.Append(CultureInfo.InvariantCulture, $"{Math.Floor(share * 100):0}%, ");
        AppendCount("");
        AppendRate(", ", elapsed);
        AppendRemaining(", ", elapsed);
        foreach (Figure figure in figures) _line.Append(", ").Append(figure.Name).Append(' ').AppendRounded(figure.Value);
        _terminal.Error.WriteLine(_line);
    }

    private double? Share => Total is > 0 ? Math.Clamp((double)_done / Total.Value, 0, 1) : null;

    private double Rate(TimeSpan elapsed) => (_done - Start) / elapsed.TotalSeconds;

    // Returns how many of the characters take no column.
    private int AppendBar(double share)
    {
        int filled = (int)(share * BarColumns);
        if (!_terminal.Colour)
        {
            _line.Append('━', filled).Append('─', BarColumns - filled);
            return 0;
        }
        _line.Append("\e[32m").Append('━', filled).Append("\e[90m").Append('━', BarColumns - filled).Append("\e[0m");
        return "\e[32m".Length + "\e[90m".Length + "\e[0m".Length;
    }

    private void AppendCount(string before)
    {
        _line.Append(CultureInfo.InvariantCulture, $"{before}{_done:N0}");
        if (Total is { } total) _line.Append(CultureInfo.InvariantCulture, $" of {total:N0}");
        _line.Append(' ').Append(_unit);
    }

    private void AppendRate(string before, TimeSpan elapsed) =>
        _line.Append(before).AppendRounded(Rate(elapsed)).Append(' ').Append(_unit).Append("/s");

    private void AppendRemaining(string before, TimeSpan elapsed)
    {
        if (Total is not { } total || _done <= Start) return;
        double seconds = Math.Max(0, total - _done) / Rate(elapsed);
        if (seconds < TimeSpan.MaxValue.TotalSeconds / 2) _line.Append(before).AppendDuration(TimeSpan.FromSeconds(seconds)).Append(" left");
    }
}

using System.Text.RegularExpressions;
using Switchyard.Cli;

namespace Switchyard.Tests.Cli;

public partial class ProgressTests
{
    [Fact]
    public void Short_work_shows_nothing()
    {
        CapturedTerminal terminal = new();
        using (Progress progress = new(terminal.Terminal, "training", "steps", 100))
        {
            for (int step = 1; step <= 19; step++)
            {
                terminal.Clock.Advance(0.1);
                progress.Report(step);
            }
        }
        Assert.Empty(terminal.Error);
    }

    [Fact]
    public void Without_a_terminal_there_are_lines_at_growing_intervals()
    {
        CapturedTerminal terminal = new();
        List<double> seen = [];
        using Progress progress = new(terminal.Terminal, "training", "tokens", 6_000_000);
        for (int tenth = 1; tenth <= 600; tenth++)
        {
            int before = terminal.ErrorLines.Length;
            terminal.Clock.Advance(0.1);
            progress.Report(tenth * 5000, new Figure("loss", 1.5123));
            if (terminal.ErrorLines.Length > before) seen.Add(tenth / 10.0);
        }
        Assert.Equal([2, 4, 6, 9, 13.5, 20.3, 30.3, 40.3, 50.3], seen);
        Assert.Equal("training: 1%, 100,000 of 6,000,000 tokens, 50.0k tokens/s, 1m 58s left, loss 1.51", terminal.ErrorLines[0]);
        Assert.DoesNotContain('\e', terminal.Error);
        Assert.DoesNotContain('\r', terminal.Error);
    }

    [Fact]
    public void On_a_terminal_there_is_one_line_drawn_at_most_ten_times_a_second()
    {
        CapturedTerminal terminal = new(width: 120);
        using Progress progress = new(terminal.Terminal, "training", "steps", 1000);
        for (int step = 1; step <= 500; step++)
        {
            terminal.Clock.Advance(0.01);
            progress.Report(step, new Figure("loss", 1.5), new Figure("rate", 0.002));
        }
        // Nothing for two seconds, then ten a second for three.
        Assert.InRange(terminal.Error.Count(letter => letter == '\r'), 28, 31);
        Assert.DoesNotContain('\n', terminal.Error);
        Assert.EndsWith("\rtraining ━━━━━━━━━━────────── 50%  5s left  100 steps/s  loss 1.50  rate 0.002  500 of 1,000 steps\e[K", terminal.Error);
    }

    [Theory]
    [InlineData(30, true)]
    [InlineData(30, false)]
    [InlineData(79, true)]
    [InlineData(5, false)]
    public void The_line_never_reaches_the_last_column(int width, bool colour)
    {
        CapturedTerminal terminal = new(width, colour);
        using Progress progress = new(terminal.Terminal, "training", "tokens", 6_000_000);
        terminal.Clock.Advance(3);
        progress.Report(3_000_000, new Figure("loss", 1.5), new Figure("validation", 1.6), new Figure("norm", 0.3));
        string visible = Escapes().Replace(terminal.Error, "").TrimStart('\r');
        Assert.Equal(width - 1, visible.Length);
        Assert.Equal(colour, terminal.Error.Contains("\e[32m", StringComparison.Ordinal));
        if (colour) Assert.EndsWith("\e[0m\e[K", terminal.Error);
    }

    [Fact]
    public void The_line_makes_way_for_other_text_and_comes_back()
    {
        CapturedTerminal terminal = new(width: 80);
        Output output = new(terminal.Terminal, json: false, quiet: false);
        using Progress progress = output.Progress("training", "steps", 10);
        terminal.Clock.Advance(2);
        progress.Report(1);
        output.Say("checkpoint written");
        Assert.EndsWith("\e[K\r\e[Kcheckpoint written\n", terminal.Error);
        output.Say("again");
        Assert.EndsWith("written\nagain\n", terminal.Error);
        terminal.Clock.Advance(1);
        progress.Report(2);
        Assert.EndsWith("\e[K", terminal.Error);
    }

    [Fact]
    public void The_end_says_what_was_done()
    {
        CapturedTerminal terminal = new(width: 80);
        using (Progress progress = new(terminal.Terminal, "training", "steps", 900) { Start = 500 })
        {
            terminal.Clock.Advance(100);
            progress.Report(900);
        }
        Assert.EndsWith("\r\e[Ktraining: 900 steps in 1m 40s, 4.00 steps/s\n", terminal.Error);
    }

    [Fact]
    public void Resumed_work_is_not_taken_for_fast()
    {
        CapturedTerminal terminal = new();
        using Progress progress = new(terminal.Terminal, "training", "steps", 1000) { Start = 500 };
        terminal.Clock.Advance(10);
        progress.Report(600);
        Assert.Equal("training: 60%, 600 of 1,000 steps, 10.0 steps/s, 40s left", Assert.Single(terminal.ErrorLines));
    }

    [Fact]
    public void Without_a_total_there_is_no_share_and_no_end()
    {
        CapturedTerminal terminal = new();
        using Progress progress = new(terminal.Terminal, "reading", "bytes", total: null);
        terminal.Clock.Advance(2);
        progress.Report(0);
        terminal.Clock.Advance(2);
        progress.Report(4096);
        Assert.Equal(["reading: 0 bytes, 0.00 bytes/s", "reading: 4,096 bytes, 1.02k bytes/s"], terminal.ErrorLines);
    }

    [Theory]
    [InlineData(120)]
    [InlineData(null)]
    public void Reporting_makes_next_to_no_garbage(int? width)
    {
        ManualClock clock = new();
        Terminal terminal = new(TextWriter.Null, TextWriter.Null, clock, width is { } columns ? () => columns : null, Colour: true);
        using Progress progress = new(terminal, "training", "tokens", 1_000_000);
        for (int warm = 0; warm < 100; warm++) Step(warm);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int step = 100; step < 1100; step++) Step(step);
        // None once the compiler has optimised the formatting, which before then boxes the numbers.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000 * 256);

        void Step(int step)
        {
            clock.Advance(0.5);
            progress.Report(step * 100, new Figure("loss", 1.5 / (step + 1)), new Figure("norm", step));
        }
    }

    [GeneratedRegex(@"\e\[[0-9;]*[A-Za-z]")]
    private static partial Regex Escapes();
}

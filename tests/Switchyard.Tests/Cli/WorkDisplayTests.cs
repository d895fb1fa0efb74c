using Switchyard.Cli;
using Switchyard.Training;

namespace Switchyard.Tests.Cli;

public sealed class WorkDisplayTests
{
    [Fact]
    public void Work_inside_other_work_is_shown_in_its_place_and_leaves_no_line_behind()
    {
        CapturedTerminal terminal = new(width: 120);
        Output output = new(terminal.Terminal, json: false, quiet: false);
        using Progress training = output.Progress("training", "tokens", 1000);
        terminal.Clock.Advance(3);
        training.Report(100);
        Assert.EndsWith("100 of 1,000 tokens\e[K", terminal.Error);

        WorkDisplay work = new(output);
        for (int window = 1; window <= 50; window++)
        {
            work.Report(new WorkProgress("evaluating", "windows", window, 50));
            terminal.Clock.Advance(0.1);
        }
        Assert.Contains("10% ", terminal.Error, StringComparison.Ordinal);
        Assert.Contains("\revaluating ", terminal.Error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', terminal.Error);
        Assert.EndsWith("\r\e[K", terminal.Error);

        // And the outer work goes on, and makes room for a line.
        training.Report(200);
        output.Say("step 2: held-out 1.5");
        Assert.EndsWith("200 of 1,000 tokens\e[K\r\e[Kstep 2: held-out 1.5\n", terminal.Error);
    }

    [Fact]
    public void Short_work_shows_nothing()
    {
        CapturedTerminal terminal = new();
        WorkDisplay work = new(new Output(terminal.Terminal, json: false, quiet: false));
        for (int window = 1; window <= 10; window++) work.Report(new WorkProgress("evaluating", "windows", window, 10));
        Assert.Empty(terminal.Error);
    }
}

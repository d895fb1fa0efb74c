using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Switchyard.Cli;

namespace Switchyard.Tests.Cli;

public class CommandLineTests
{
    private readonly CapturedTerminal _terminal = new();

    private static RunnableCommand Bake(Action<ParseResult, Output, CancellationToken> run) =>
        new("bake", "Bakes bread.", run, new Example("switchyard bake --loaves 3", "Bakes three loaves."), new Example("switchyard bake", "Bakes one."))
        {
            SharedOptions.Seed(),
            SharedOptions.Threads(),
            new Option<double>("--heat") { DefaultValueFactory = _ => 220 },
        };

    private int Run(Action<Output> run, params string[] arguments) =>
        _terminal.Run([Bake((_, output, _) => run(output))], ["bake", .. arguments]);

    [Fact]
    public void A_command_that_returns_is_done()
    {
        Assert.Equal(0, Run(output => output.WriteLine("bread")));
        Assert.Equal("bread\n", _terminal.Out);
        Assert.Empty(_terminal.Error);
    }

    [Fact]
    public void Json_is_the_last_line_and_the_only_one()
    {
        int code = Run(
            output =>
            {
                output.Result(new JsonObject { ["loaves"] = 3, ["crust"] = "braun & knusprig, größer" });
                output.WriteLine("bread");
                output.Say("the oven is hot");
            },
            "--json");

        Assert.Equal(0, code);
        string line = Assert.Single(_terminal.OutLines);
        using JsonDocument json = JsonDocument.Parse(line);
        Assert.Equal(3, json.RootElement.GetProperty("loaves").GetInt32());
        Assert.Contains("braun & knusprig, größer", line);
        Assert.Equal(["bread", "the oven is hot"], _terminal.ErrorLines);
    }

    [Fact]
    public void Without_json_the_object_is_not_printed()
    {
        Run(output => output.Result(new JsonObject { ["loaves"] = 3 }));
        Assert.Empty(_terminal.Out);
    }

    [Fact]
    public void A_command_without_a_result_for_json_is_our_fault()
    {
        Assert.Equal(1, Run(_ => { }, "--json"));
        Assert.Empty(_terminal.Out);
        Assert.Contains("this is our fault", _terminal.Error);
    }

    [Fact]
    public void Quiet_leaves_results_and_warnings()
    {
        Run(
            output =>
            {
                output.Say("the oven is hot");
                using Progress progress = output.Progress("baking", "loaves", 10);
                _terminal.Clock.Advance(5);
                progress.Report(5);
                output.Warn("little flour left");
                output.Write("bread\n");
            },
            "--quiet");
        Assert.Equal(["bread"], _terminal.OutLines);
        Assert.Equal(["switchyard: warning: little flour left"], _terminal.ErrorLines);
    }

    public static TheoryData<Exception, string[]> Misuses => new()
    {
        { new SwitchyardException("oven.json: 900 degrees\nis too hot", "at most 300"), ["switchyard: oven.json: 900 degrees is too hot", "  hint: at most 300"] },
        { new SwitchyardException("no flour"), ["switchyard: no flour"] },
        { new ArgumentException("gate has 8 experts, bank has 16", "bank"), ["switchyard: gate has 8 experts, bank has 16"] },
        { new AggregateException(new SwitchyardException("no flour")), ["switchyard: no flour"] },
        { new InsufficientMemoryException(), ["switchyard: there is not enough memory for that", "  hint: choose fewer or smaller layers and experts, a smaller batch or a shorter context"] },
        { new IOException("No space left on device"), ["switchyard: No space left on device"] },
    };

    [Theory]
    [MemberData(nameof(Misuses))]
    public void Bad_input_ends_with_2_and_one_line(Exception exception, string[] expected)
    {
        Assert.Equal(2, Run(_ => throw exception, "--json"));
        Assert.Equal(expected, _terminal.ErrorLines);
        Assert.Empty(_terminal.Out);
    }

    [Fact]
    public void Our_own_fault_ends_with_1_and_shows_the_trace_only_when_asked()
    {
        Assert.Equal(1, Run(_ => throw new InvalidOperationException("yeast\nis null")));
        Assert.Equal(2, _terminal.ErrorLines.Length);
        Assert.StartsWith("switchyard: this is our fault: InvalidOperationException: yeast is null", _terminal.Error);
        Assert.DoesNotContain("   at ", _terminal.Error);

        Assert.Equal(1, Run(_ => throw new InvalidOperationException("yeast"), "--verbose"));
        Assert.Contains("   at ", _terminal.Error);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_interrupted_command_saves_and_ends_with_130(bool throws)
    {
        using CancellationTokenSource signal = new();
        bool saved = false;
        int code = _terminal.Run(
            [Bake((_, output, interrupted) =>
            {
                signal.Cancel();
                Assert.True(interrupted.IsCancellationRequested);
                saved = true;
                output.Result(new JsonObject { ["loaves"] = 1 });
                if (throws) interrupted.ThrowIfCancellationRequested();
            })],
            ["bake", "--json"], signal);
        Assert.Equal(130, code);
        Assert.True(saved);
        Assert.StartsWith("interrupted: ", Assert.Single(_terminal.ErrorLines));
        if (!throws) Assert.Equal("""{"loaves":1}""", Assert.Single(_terminal.OutLines));
    }

    [Fact]
    public void An_interruption_needs_no_result()
    {
        using CancellationTokenSource signal = new();
        Assert.Equal(130, _terminal.Run([Bake((_, _, _) => signal.Cancel())], ["bake", "--json"], signal));
        Assert.Empty(_terminal.Out);
    }

    [Theory]
    [InlineData("", "no command given", "'switchyard --help'")]
    [InlineData("bkae", "unknown command 'bkae'", "did you mean 'bake'? 'switchyard --help'")]
    [InlineData("frobnicate", "unknown command 'frobnicate'", "'switchyard --help'")]
    [InlineData("bake --het 3", "unknown option '--het'", "did you mean '--heat'? 'switchyard bake --help'")]
    [InlineData("bake --jsno", "unknown option '--jsno'", "did you mean '--json'?")]
    [InlineData("bake rye", "unknown argument 'rye'", "'switchyard bake --help'")]
    [InlineData("bake --seed -3", "--seed is '-3', which is not a whole number of at least 0", "'switchyard bake --help'")]
    [InlineData("bake --threads many", "--threads is 'many', which is not a whole number", "'switchyard bake --help'")]
    [InlineData("bake --threads 0", "--threads is 0, and must be at least 1", "'switchyard bake --help'")]
    [InlineData("bake --heat hot", "--heat is 'hot', which is not a number", "'switchyard bake --help'")]
    [InlineData("bake --heat", "Required argument missing for option: '--heat'", "'switchyard bake --help'")]
    [InlineData("bake --heat 1 --heat 2", "Option '--heat' expects a single argument but 2 were provided", "'switchyard bake --help'")]
    [InlineData("bench", "'bench' needs a command after it", "'switchyard bench --help'")]
    [InlineData("bench trian", "unknown command 'trian'", "did you mean 'train'? 'switchyard bench --help'")]
    [InlineData("look --jsn file", "unknown option '--jsn'", "did you mean '--json'? 'switchyard look --help'")]
    public void A_command_line_that_cannot_be_understood_ends_with_2_and_names_the_way_out(string typed, string message, string hint)
    {
        static RunnableCommand Nothing(string name) => new(name, "Nothing.", (_, _, _) => Assert.Fail("it must not run"));
        Command bench = new("bench", "Measures.") { Nothing("train") };
        RunnableCommand look = new("look", "Looks.", (_, _, _) => Assert.Fail("it must not run")) { new Argument<string>("PATH") };

        int code = _terminal.Run([Bake((_, _, _) => Assert.Fail("it must not run")), bench, look], typed.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal(2, code);
        Assert.Empty(_terminal.Out);
        Assert.Equal(2, _terminal.ErrorLines.Length);
        Assert.Equal($"switchyard: {message}", _terminal.ErrorLines[0]);
        Assert.StartsWith($"  hint: {hint}", _terminal.ErrorLines[1]);
    }

    [Theory]
    [InlineData("@prompt")]
    [InlineData("-abc")]
    [InlineData("")]
    public void Values_are_taken_as_they_are(string value)
    {
        Option<string> prompt = new("--prompt");
        string? taken = null;
        RunnableCommand ask = new("ask", "Asks.", (parse, _, _) => taken = parse.GetValue(prompt)) { prompt };
        Assert.Equal(0, _terminal.Run([ask], ["ask", "--prompt", value]));
        Assert.Equal(value, taken);
    }

    [Fact]
    public void Help_shows_every_option_and_the_examples()
    {
        Assert.Equal(0, _terminal.Run([Bake((_, _, _) => { })], ["bake", "--help"]));
        foreach (string part in (string[])["Bakes bread.", "--seed <N>", "--threads <N>", "--heat", "--json", "--quiet", "--verbose", "Examples:", "  switchyard bake --loaves 3\n      Bakes three loaves.\n  switchyard bake\n"])
            Assert.Contains(part, _terminal.Out);
    }

    [Fact]
    public void The_programs_help_shows_the_first_example_of_each_command()
    {
        Assert.Equal(0, _terminal.Run([Bake((_, _, _) => { })], ["--help"]));
        Assert.EndsWith("Examples:\n  switchyard bake --loaves 3\n      Bakes three loaves.\n", _terminal.Out);
    }

    [Fact]
    public void The_version_is_a_number()
    {
        Assert.Equal(0, _terminal.Run([], ["--version"]));
        Assert.Matches(@"^\d+\.\d+\.\d+", Assert.Single(_terminal.OutLines));
    }
}

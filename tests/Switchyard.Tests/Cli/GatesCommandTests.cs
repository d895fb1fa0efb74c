using System.Text.Json.Nodes;
using Switchyard.Cli;
using Switchyard.Cli.Commands;
using Switchyard.Experts.Gates;

namespace Switchyard.Tests.Cli;

public sealed class GatesCommandTests : IDisposable
{
    private static readonly string[] Tiny = ["--layers", "1", "--width", "16", "--heads", "2", "--hidden", "8", "--context", "16", "--batch", "2", "--steps", "1", "--quiet"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_gate_is_listed_with_source_causality_and_knobs()
    {
        CapturedTerminal terminal = new();
        Assert.Equal(ExitCode.Done, terminal.Run(CommandList.Create(), ["gates", "--json"]));
        JsonArray gates = JsonNode.Parse(terminal.Out)!["gates"]!.AsArray();
        Assert.Equal(GateCatalogue.All.Select(static gate => gate.Name), gates.Select(static gate => (string?)gate!["name"]));
        Assert.All(gates, gate =>
        {
            Assert.NotEmpty((string?)gate!["source"] ?? "");
            Assert.NotEmpty(gate["knobs"]!.AsObject());
        });
        Assert.Equal(["expert-choice", "soft-moe", "topology"], gates.Where(static gate => !(bool)gate!["causal"]!).Select(static gate => (string?)gate!["name"]).Order());
    }

    [Fact]
    public void One_gate_shows_its_knobs_and_an_unknown_one_the_names_there_are()
    {
        CapturedTerminal terminal = new();
        Assert.Equal(ExitCode.Done, terminal.Run(CommandList.Create(), ["gates", "hash"]));
        Assert.Contains("segments = 1", terminal.Out, StringComparison.Ordinal);
        CapturedTerminal unknown = new();
        Assert.Equal(ExitCode.Misuse, unknown.Run(CommandList.Create(), ["gates", "magic"]));
        Assert.Contains("there is no gate 'magic': choose top-k, switch", unknown.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_looked_ahead_generates_only_when_told_to()
    {
        string run = Path.Combine(_folder.Path, "run"), text = _folder.Write("book.txt", [.. Enumerable.Repeat("the cat sat on the mat.\n"u8.ToArray(), 100).SelectMany(static line => line)]);
        CapturedTerminal terminal = new();
        Assert.True(terminal.Run(CommandList.Create(), ["train", "--data", text, "--out", run, "--gate", "soft-moe", "--knob", "slots_per_expert=2", .. Tiny]) == ExitCode.Done, terminal.Error);
        CapturedTerminal refused = new();
        Assert.Equal(ExitCode.Misuse, refused.Run(CommandList.Create(), ["generate", "--run", run, "--prompt", "the", "--max-tokens", "2"]));
        Assert.Contains("the gate 'soft-moe' looks at later tokens", refused.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.Done, new CapturedTerminal().Run(CommandList.Create(), ["generate", "--run", run, "--prompt", "the", "--max-tokens", "2", "--allow-non-causal"]));
        CapturedTerminal export = new();
        Assert.Equal(ExitCode.Misuse, export.Run(CommandList.Create(), ["export", "--run", run, "--to", "huggingface", Path.Combine(_folder.Path, "out")]));
        Assert.Contains("OLMoE cannot express the gate 'soft-moe'", export.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("groups", "'groups' turns no knob")]
    [InlineData("magic=1", "unknown key 'model.routing.magic'")]
    [InlineData("groups=many", "model.routing.groups has a value of the wrong type")]
    [InlineData("groups=3", "8 experts do not make 3 equal groups")]
    public void A_knob_that_cannot_be_turned_is_named(string knob, string expected)
    {
        string text = _folder.Write("book.txt", [.. Enumerable.Repeat("the cat sat on the mat.\n"u8.ToArray(), 100).SelectMany(static line => line)]);
        CapturedTerminal terminal = new();
        Assert.Equal(ExitCode.Misuse, terminal.Run(CommandList.Create(), ["train", "--data", text, "--out", Path.Combine(_folder.Path, "run"), "--gate", "group-limited", "--knob", knob, .. Tiny]));
        Assert.Contains(expected, terminal.Error, StringComparison.Ordinal);
    }
}

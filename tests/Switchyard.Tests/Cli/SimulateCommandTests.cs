using System.Text.Json.Nodes;
using Switchyard.Cli.Commands;

namespace Switchyard.Tests.Cli;

public sealed class SimulateCommandTests
{
    [Fact]
    public void A_cluster_is_simulated_for_every_size_and_algorithm()
    {
        CapturedTerminal terminal = new();
        Assert.Equal(0, terminal.Run(CommandList.Create(), ["simulate", "cluster", "--nodes", "4", "--per-node", "2", "--nic", "0.2", "--latency", "60", "--bytes", "65536", "--bytes", "1048576", "--json"]));
        JsonNode result = JsonNode.Parse(terminal.OutLines[^1])!;
        Assert.Equal([65536, 1048576], result["sizes"]!.AsArray().Select(static size => (long)size!["bytes"]!));
        foreach (JsonNode? size in result["sizes"]!.AsArray())
        {
            Assert.Equal(["flat", "leader", "2dh", "deduplicated"], size!["times"]!.AsObject().Select(static time => time.Key));
            Assert.Equal(size["times"]!.AsObject().MinBy(static time => (double)time.Value!).Key, (string?)size["fastest"]);
        }
        Assert.True((double)result["step"]!["parameters"]! > 1e12);
    }

    [Theory]
    [InlineData("--nodes", "0", "--nodes is 0, and must be at least 1")]
    [InlineData("--nic", "0", "a link of no speed: give more than 0")]
    [InlineData("--bytes", "0", "--bytes is 0, and must be at least 1")]
    public void What_cannot_be_is_refused(string option, string value, string message)
    {
        CapturedTerminal terminal = new();
        Assert.Equal(2, terminal.Run(CommandList.Create(), ["simulate", "cluster", option, value]));
        Assert.Contains(message, terminal.Error, StringComparison.Ordinal);
    }
}

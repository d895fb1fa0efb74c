using System.Text.Json.Nodes;
using Switchyard.Experts.Gates;

namespace Switchyard.Tests.Docs;

/// <summary>docs/gates.md has a row and a section for every gate, with the knobs that are its own and their defaults.</summary>
public sealed class DocumentedGatesTests
{
    private const string Page = "docs/gates.md";

    public static TheoryData<string> Names => [.. GateCatalogue.All.Select(static gate => gate.Name)];

    [Fact]
    public void The_table_has_every_gate_in_order()
    {
        List<string[]> rows = Documentation.Table(Page, "gate", "experts per token", "causal", "loss", "load", "load in evaluation", "dropped");
        Assert.Equal(GateCatalogue.All.Select(static gate => gate.Name), rows.Select(static row => row[0]));
        Assert.All(rows, row =>
        {
            GateOptions defaults = GateCatalogue.Find(row[0]).Defaults;
            Assert.Equal(!defaults.IsCausal ? "no" : defaults.IsCausalInTraining ? "yes" : "in evaluation", row[2]);
        });
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_section_of_a_gate_has_its_knobs_with_their_defaults(string name)
    {
        string[] lines = [.. Documentation.Lines(Page)];
        int start = Array.IndexOf(lines, $"### {name}");
        Assert.True(start >= 0, $"{Page} has no section '### {name}'");
        string section = string.Join(' ', lines.Skip(start + 1).TakeWhile(static line => !line.StartsWith('#')));
        JsonObject general = GateCatalogue.Write(new TopKOptions());
        foreach ((string knob, JsonNode? value) in GateCatalogue.Write(GateCatalogue.Find(name).Defaults))
            if (name == "top-k" || !general.ContainsKey(knob) || !JsonNode.DeepEquals(general[knob], value))
                Assert.Contains($"`{knob}` {value?.ToString() ?? "none"}", section, StringComparison.OrdinalIgnoreCase);
    }
}

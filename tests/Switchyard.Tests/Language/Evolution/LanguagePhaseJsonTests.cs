using System.Text.Json.Nodes;
using Switchyard.Experts.Evolution;
using Switchyard.Experts.Gates;
using Switchyard.Language.Evolution;
using Switchyard.Language.Runs;

namespace Switchyard.Tests.Language.Evolution;

/// <summary>Phases in a file of settings.</summary>
public sealed class LanguagePhaseJsonTests
{
    [Fact]
    public void Keys_that_are_missing_have_their_defaults()
    {
        IReadOnlyList<LanguagePhase> phases = Read("""[{ "name": "dense", "dense": true, "until": 0.1 }, { "name": "soft", "spawn": { "mode": "Noise" }, "gate": "dense-to-sparse", "routing": { "threshold": 0.01 } }]""");
        Assert.Equal(new LanguagePhase { Name = "dense", Dense = true, Until = 0.1 }, phases[0]);
        Assert.Equal(new SpawnOptions { Mode = SpawnMode.Noise }, phases[1].Spawn);
        Assert.Equal(new DenseToSparseOptions { Threshold = 0.01 }, phases[1].Routing);
    }

    [Fact]
    public void Phases_given_beside_a_recipe_take_the_place_of_its_own()
    {
        LanguageRunOptions options = LanguageRunJson.Change(new(), JsonNode.Parse("""{ "recipe": "evomoe", "phases": [{ "name": "only", "gate": "switch" }] }""")!.AsObject(), "the test");
        Assert.Equal("only", Assert.Single(options.Phases).Name);
        Assert.Equal(3, LanguageRunJson.Change(options, JsonNode.Parse("""{ "recipe": "evomoe" }""")!.AsObject(), "the test").Phases.Count);
    }

    [Theory]
    [InlineData("7", "phases")]
    [InlineData("[7]", "phases[0]")]
    [InlineData("""[{ "name": "a", "dens": true }]""", "phases[0]")]
    [InlineData("""[{ "name": "a", "until": "soon" }]""", "phases[0]")]
    [InlineData("""[{ "name": null }]""", "phases[0]")]
    [InlineData("""[{ "name": "a" }, { "name": "b", "spawn": { "mode": "Clone" } }]""", "phases[1]")]
    [InlineData("""[{ "name": "a", "spawn": { "shares": 0.1 } }]""", "phases[0]")]
    [InlineData("""[{ "name": "a", "spawn": null }]""", "phases[0]")]
    [InlineData("""[{ "name": "a", "gate": 3 }]""", "phases[0]")]
    [InlineData("""[{ "name": "a", "gate": "switch", "routing": { "slots": 1 } }]""", "phases[0]")]
    [InlineData("""[{ "name": "a", "routing": { "top_k": 1 } }]""", "phases[0]")]
    public void What_is_no_phase_is_refused_with_its_place(string phases, string place)
    {
        SwitchyardException failure = Assert.Throws<SwitchyardException>(() => Read(phases));
        Assert.Contains(place, failure.Message, StringComparison.Ordinal);
        Assert.Contains("settings.json", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""[{ "name": "a", "gate": "no-such-gate" }]""", "no gate 'no-such-gate'")]
    [InlineData("""[{ "name": "a" }, { "name": "b" }]""", "never ends")]
    [InlineData("""[{ "name": "a", "until": 0.5 }, { "name": "b", "dense": true }]""", "many do not become one")]
    [InlineData("""[{ "name": "a", "spawn": { "share": 2 } }]""", "a share of 2")]
    [InlineData("""[{ "name": "a", "gate": "dense-to-sparse", "routing": { "threshold": 0.125 } }]""", "less than 0.125")]
    public void What_cannot_be_carried_out_is_refused(string phases, string named)
        => Assert.Contains(named, Assert.Throws<ArgumentException>(() => LanguagePhase.Check(Read(phases), new LanguageRunOptions().Model)).Message, StringComparison.Ordinal);

    private static IReadOnlyList<LanguagePhase> Read(string phases)
        => LanguageRunJson.Change(new(), new JsonObject { ["phases"] = JsonNode.Parse(phases) }, "settings.json").Phases;
}

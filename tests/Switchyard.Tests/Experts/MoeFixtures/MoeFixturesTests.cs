using System.Text.Json;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.MoeFixtures;

/// <summary>
/// Walks every case of the manifest in both precisions. A case of the classic mixture belongs to another walk; one whose
/// rule is a peer's own, or whose gate is in no table, is skipped by name.
/// </summary>
[Trait("Category", "Fixtures")]
public sealed class MoeFixturesTests
{
    private static readonly Dictionary<string, Action<MoeCase>> Walks = Merge(
        TokenChoiceCases.Table,
        HashCases.Table,
        NoisyCases.Table,
        ExpertSideCases.Table,
        AssignmentCases.Table,
        StagedCases.Table,
        BalancingCases.Table,
        LossCases.Table,
        LayerCases.Table);

    public static IEnumerable<TheoryDataRow<string, ElementType>> Cases()
    {
        if (MoeManifest.Cases.Count == 0)
        {
            yield return new("cases.json", ElementType.Float64) { Skip = $"no fixtures at {Path.Combine(Fixtures.Root, "moe")}" };
            yield break;
        }
        foreach ((string name, JsonElement source) in MoeManifest.Cases)
        {
            string gate = source.GetProperty("gate").GetString()!;
            if (gate.StartsWith("mixture_", StringComparison.Ordinal)) continue;
            bool isPeers = source.GetProperty("match").GetString() == "peer";
            foreach (ElementType type in (ElementType[])[ElementType.Float64, ElementType.Float32])
            {
                yield return new(name, type)
                {
                    TestDisplayName = $"moe/{name} {type}",
                    Skip = isPeers ? "a peer's own rule, kept for information" : Walks.ContainsKey(gate) ? null : $"{gate} is not here yet",
                };
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Gives_what_the_reference_gives(string name, ElementType type)
    {
        using TensorScope scope = new();
        MoeCase c = new(MoeManifest.Cases[name], type);
        Walks[c.Gate](c);
        c.Report();
    }

    private static Dictionary<string, Action<MoeCase>> Merge(params Dictionary<string, Action<MoeCase>>[] tables)
        => tables.SelectMany(static table => table).ToDictionary(StringComparer.Ordinal);
}

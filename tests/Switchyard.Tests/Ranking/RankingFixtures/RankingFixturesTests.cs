using System.Text.Json;
using Switchyard.Tensors;

namespace Switchyard.Tests.Ranking.RankingFixtures;

/// <summary>Walks every case of the manifest; models in both precisions.</summary>
[Trait("Category", "Fixtures")]
public sealed class RankingFixturesTests
{
    private static readonly Dictionary<string, Action<RankingCase>> Walks = ModelCases.Table.Concat(BiasCases.Table).Concat(MetricCases.Table).ToDictionary();

    private static readonly Dictionary<string, JsonElement> AllCases = ReadAll();

    public static IEnumerable<TheoryDataRow<string, ElementType>> Cases()
    {
        if (AllCases.Count == 0)
        {
            yield return new("cases.json", ElementType.Float64) { Skip = $"no fixtures at {Path.Combine(Fixtures.Root, "ranking")}" };
            yield break;
        }
        foreach ((string name, JsonElement source) in AllCases)
        {
            string kind = source.GetProperty("kind").GetString()!;
            bool hasSingle = source.TryGetProperty("tolerance", out JsonElement tolerance) && tolerance.ValueKind == JsonValueKind.Object && tolerance.TryGetProperty("float32_relative", out _);
            foreach (ElementType type in hasSingle ? (ElementType[])[ElementType.Float64, ElementType.Float32] : [ElementType.Float64])
                yield return new(name, type) { TestDisplayName = $"ranking/{name} {type}", Skip = Walks.ContainsKey(kind) ? null : $"{kind} is not here yet" };
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Gives_what_the_reference_gives(string name, ElementType type)
    {
        using TensorScope scope = new();
        RankingCase c = new(AllCases[name], type);
        Walks[AllCases[name].GetProperty("kind").GetString()!](c);
        c.Report();
    }

    private static Dictionary<string, JsonElement> ReadAll()
    {
        if (Fixtures.Find("ranking", "cases.json") is not { } path) return [];
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.GetProperty("cases").Clone().EnumerateArray().ToDictionary(static c => c.GetProperty("name").GetString()!);
    }
}

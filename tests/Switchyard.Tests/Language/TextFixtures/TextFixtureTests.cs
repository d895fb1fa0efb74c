namespace Switchyard.Tests.Language.TextFixtures;

/// <summary>Walks every case of the manifest; a kind that nobody here knows is skipped by name.</summary>
[Trait("Category", "Fixtures")]
public sealed class TextFixtureTests
{
    private static readonly Dictionary<string, Action<TextCase>> Walks = new()
    {
        ["tokenizers"] = ScoreCases.Tokenisers,
        ["bleu"] = ScoreCases.Corpus,
        ["significance"] = ScoreCases.Significance,
        ["bpe"] = SubwordCases.Walk,
        ["mlm_mask"] = MaskingCases.Given,
        ["mlm_statistics"] = MaskingCases.Shares,
        ["mlm_counts"] = MaskingCases.Counts,
        ["label_smoothing"] = LabelSmoothingCases.Walk,
        ["beam"] = BeamCases.Walk,
    };

    public static IEnumerable<TheoryDataRow<string>> Cases()
    {
        if (TextManifest.Cases.Count == 0)
            yield return new("cases.json") { Skip = $"no fixtures at {Path.Combine(Fixtures.Root, "text")}" };
        foreach ((string name, TextCase one) in TextManifest.Cases)
            yield return new(name) { TestDisplayName = $"text/{name}", Skip = Walks.ContainsKey(one.Kind) ? null : $"{one.Kind} is not here yet" };
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Gives_what_the_reference_gives(string name)
    {
        TextCase one = TextManifest.Cases[name];
        Walks[one.Kind](one);
    }
}

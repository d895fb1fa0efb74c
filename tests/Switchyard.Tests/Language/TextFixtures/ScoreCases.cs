using System.Text.Json;
using Switchyard.Language.Evaluations;

namespace Switchyard.Tests.Language.TextFixtures;

/// <summary>BLEU with its tokenisers, chrF, TER, and the significance of differences.</summary>
internal static class ScoreCases
{
    private static readonly Dictionary<string, BleuTokenization> Tokenizations = new()
    {
        ["13a"] = BleuTokenization.ThirteenA,
        ["intl"] = BleuTokenization.International,
        ["char"] = BleuTokenization.Characters,
        ["zh"] = BleuTokenization.Chinese,
        ["none"] = BleuTokenization.None,
    };

    private static readonly Dictionary<string, BleuSmoothing> Smoothings = new()
    {
        ["exp"] = BleuSmoothing.Exponential,
        ["none"] = BleuSmoothing.None,
        ["floor"] = BleuSmoothing.Floor,
        ["add-k"] = BleuSmoothing.AddK,
    };

    public static void Tokenisers(TextCase one)
    {
        foreach (JsonElement row in one.Values.EnumerateArray())
            foreach (JsonProperty expected in row.EnumerateObject().Where(static property => property.Name != "line"))
                Assert.Equal(expected.Value.GetString(), BleuWords.Tokenise(row.GetProperty("line").GetString()!, Tokenizations[expected.Name]));
    }

    public static void Corpus(TextCase one)
    {
        string[] hypotheses = TextCase.Lines(one.Values.GetProperty("hypotheses"));
        List<List<string?>> references = [.. one.Values.GetProperty("references").EnumerateArray().Select(static set => set.EnumerateArray().Select(static line => line.GetString()).ToList())];
        double tolerance = one.Tolerance("score_absolute");
        foreach (JsonElement expected in one.Values.GetProperty("bleu").EnumerateArray())
        {
            BleuScore score = new Bleu(Options(expected)).Score(hypotheses, references);
            Assert.Equal(expected.GetProperty("score").GetDouble(), score.Score, tolerance);
            Near(expected.GetProperty("precisions"), score.Precisions, tolerance);
            Near(expected.GetProperty("counts"), score.Matches, 0);
            Near(expected.GetProperty("totals"), score.Totals, 0);
            Assert.Equal(expected.GetProperty("brevity_penalty").GetDouble(), score.BrevityPenalty, tolerance);
            Assert.Equal(expected.GetProperty("hypothesis_length").GetInt64(), score.HypothesisLength);
            Assert.Equal(expected.GetProperty("reference_length").GetInt64(), score.ReferenceLength);
        }
        Bleu sentence = new(new BleuOptions { EffectiveOrder = true });
        Near(one.Values.GetProperty("sentence_bleu"), [.. hypotheses.Select((line, segment) => sentence.Score(sentence.Count(line, references.Select(set => set[segment]))).Score)], tolerance);
        Characters(one.Values.GetProperty("chrf"), hypotheses, references, tolerance);
        Dictionary<string, TranslationEditRate> rates = new() { ["ter"] = new(), ["ter_normalized"] = new() { Normalises = true }, ["ter_case_sensitive"] = new() { IsCaseSensitive = true } };
        foreach (JsonProperty rate in one.Values.GetProperty("ter").EnumerateObject()) Assert.Equal(rate.Value.GetDouble(), rates[rate.Name].Score(hypotheses, references), tolerance);
    }

    public static void Significance(TextCase one)
    {
        string[] references = TextCase.Lines(one.Values.GetProperty("references"));
        Bleu bleu = new(new BleuOptions());
        Dictionary<string, List<BleuCounts>> counts = one.Values.GetProperty("systems").EnumerateObject().ToDictionary(
            static system => system.Name, system => TextCase.Lines(system.Value).Select((line, segment) => bleu.Count(line, references[segment])).ToList());
        double tolerance = one.Tolerance("score_absolute");
        foreach ((string name, List<BleuCounts> segments) in counts)
        {
            Assert.Equal(one.Tensor<int>($"stats.{name}").Select(static number => (long)number), segments.SelectMany(static segment => (long[])[segment.HypothesisLength, segment.ReferenceLength, .. segment.Matches, .. segment.Totals]));
            Assert.Equal(one.Values.GetProperty("scores").GetProperty(name).GetDouble(), bleu.Score(segments.Aggregate(static (sum, other) => sum.Plus(other))).Score, tolerance);
        }
        List<int[]> resamples = [.. one.Tensor<int>("input.bootstrap_indices").Chunk(references.Length)], keeps = [.. one.Tensor<int>("input.randomisation_keep").Chunk(references.Length)];
        foreach (JsonProperty expected in one.Values.GetProperty("results").EnumerateObject())
        {
            PairedSignificance test = new(bleu, counts["baseline"], counts[expected.Name]);
            PairedResult bootstrap = test.Bootstrap(resamples);
            Assert.Equal(expected.Value.GetProperty("difference").GetDouble(), bootstrap.Difference, tolerance);
            Assert.Equal(expected.Value.GetProperty("p_bootstrap").GetDouble(), bootstrap.Probability, 1e-12);
            Assert.Equal(expected.Value.GetProperty("p_randomisation").GetDouble(), test.Randomisation(keeps).Probability, 1e-12);
            BootstrapInterval interval = test.Interval(resamples);
            Assert.Equal(expected.Value.GetProperty("mean").GetDouble(), interval.Mean, tolerance);
            Assert.Equal(expected.Value.GetProperty("half_width_95").GetDouble(), interval.HalfWidth, tolerance);
        }
    }

    private static void Characters(JsonElement expected, string[] hypotheses, List<List<string?>> references, double tolerance)
    {
        Dictionary<string, CharacterFScore> variants = new()
        {
            ["chrf"] = new(),
            ["chrf_plus"] = new() { WordOrder = 1 },
            ["chrf_plus_plus"] = new() { WordOrder = 2 },
            ["chrf_whitespace"] = new() { CountsWhiteSpace = true },
            ["chrf_eps"] = new() { AveragesScores = true },
            ["chrf_beta1_order4"] = new() { Beta = 1, CharacterOrder = 4 },
        };
        foreach (JsonProperty variant in expected.EnumerateObject())
        {
            if (variant.Name == "sentence_chrf") Near(variant.Value, [.. hypotheses.Select((line, segment) => variants["chrf"].Score([line], references.Select(set => (IReadOnlyList<string?>)[set[segment]]).ToList()))], tolerance);
            else Assert.Equal(variant.Value.GetDouble(), variants[variant.Name].Score(hypotheses, references), tolerance);
        }
    }

    private static BleuOptions Options(JsonElement setting) => new()
    {
        Tokenization = Tokenizations[setting.GetProperty("tokenize").GetString()!],
        Smoothing = Smoothings[setting.GetProperty("smooth_method").GetString()!],
        SmoothingValue = setting.TryGetProperty("smooth_value", out JsonElement value) ? value.GetDouble() : null,
        EffectiveOrder = setting.TryGetProperty("effective_order", out JsonElement effective) && effective.GetBoolean(),
        Lowercase = setting.TryGetProperty("lowercase", out JsonElement lowercase) && lowercase.GetBoolean(),
        MaximalOrder = setting.TryGetProperty("max_ngram_order", out JsonElement order) ? order.GetInt32() : 4,
    };

    private static void Near(JsonElement expected, IReadOnlyList<double> got, double tolerance)
    {
        Assert.Equal(expected.GetArrayLength(), got.Count);
        for (int i = 0; i < got.Count; i++) Assert.Equal(expected[i].GetDouble(), got[i], tolerance);
    }
}

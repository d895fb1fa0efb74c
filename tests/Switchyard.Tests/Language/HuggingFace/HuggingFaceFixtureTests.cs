using System.Text.Json;
using Switchyard.Experts;
using Switchyard.Language;
using Switchyard.Language.HuggingFace;
using Switchyard.Language.Transformer;
using Switchyard.Modules.Safetensors;
using Switchyard.Tensors;

namespace Switchyard.Tests.Language.HuggingFace;

/// <summary>Walks every checkpoint of the <c>hf</c> fixtures: logits, hidden routing, greedy tokens and gradients as transformers computes them.</summary>
[Trait("Category", "Fixtures")]
public sealed class HuggingFaceFixtureTests
{
    private static readonly string[] Supported = ["olmoe", "llama"];

    public static IEnumerable<TheoryDataRow<string>> Folders()
    {
        if (Fixtures.Find("hf", "index.json") is not { } index)
        {
            yield return new TheoryDataRow<string>("") { Skip = "no fixtures at " + Path.Combine(Fixtures.Root, "hf") };
            yield break;
        }
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(index));
        foreach (JsonElement entry in document.RootElement.EnumerateArray())
        {
            string folder = entry.GetProperty("folder").GetString()!;
            yield return new TheoryDataRow<string>(folder) { TestDisplayName = $"hf/{folder}", Skip = WhyNot(folder, entry.GetProperty("family").GetString()!) };
        }
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void ACheckpointComputesWhatTransformersComputes(string folder)
    {
        using DecoderModel model = HuggingFaceCheckpoint.Load(Fixtures.Require("hf", folder));
        using JsonDocument facts = JsonDocument.Parse(File.ReadAllBytes(Fixtures.Require("hf", folder, "expected.json")));
        using SafetensorsFile expected = SafetensorsFile.Open(Fixtures.Require("hf", folder, "expected.safetensors"));
        using TensorScope scope = new();
        model.Train(false);

        double tolerance = 1e-3 * facts.RootElement.GetProperty("max_abs_logit").GetDouble();
        Tensor ids = expected.ReadTensor(expected.Header["input_ids"]); // [batch, tokens]
        LanguageModelOutput output = model.Forward(ids);
        AssertClose(expected, "logits", output.Logits, tolerance);
        for (int layer = 0; layer < output.Routings.Count; layer++) AssertRouting(expected, layer, output.Routings[layer]);

        double crossEntropy = CrossEntropy(output.Logits, ids).ToDouble();
        Assert.Equal(facts.RootElement.GetProperty("cross_entropy").GetDouble(), crossEntropy, 1e-3);

        int[] greedy = expected.ReadTensor(expected.Header["greedy"]).ToArray<int>();
        int prompt = facts.RootElement.GetProperty("greedy_prompt_length").GetInt32();
        Switchyard.Language.Generation.TextGenerator generator = new(model, new(new() { Temperature = 0 }, new Philox(0)));
        Assert.Equal(greedy[prompt..], generator.Continue(greedy[..prompt]).Take(greedy.Length - prompt));
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void ACheckpointHasTheGradientsThatTransformersHas(string folder)
    {
        string? path = Fixtures.Find("hf", folder, "expected-gradients.safetensors");
        Assert.SkipWhen(path is null, $"hf/{folder} has no gradients");
        using DecoderModel model = HuggingFaceCheckpoint.Load(Fixtures.Require("hf", folder));
        using JsonDocument facts = JsonDocument.Parse(File.ReadAllBytes(Fixtures.Require("hf", folder, "expected.json")));
        using SafetensorsFile expected = SafetensorsFile.Open(path!);
        using SafetensorsFile inputs = SafetensorsFile.Open(Fixtures.Require("hf", folder, "expected.safetensors"));
        double coefficient = facts.RootElement.GetProperty("training").TryGetProperty("router_aux_loss_coef", out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : 0;

        foreach (string loss in expected.Header.Entries.Select(entry => entry.Name.Split('.')[0]).Distinct().ToArray())
        {
            using TensorScope scope = new();
            model.ClearGradients();
            Tensor ids = inputs.ReadTensor(inputs.Header["input_ids"]);
            LanguageModelOutput output = model.Forward(ids);
            Tensor crossEntropy = CrossEntropy(output.Logits, ids);
            Tensor total = loss switch
            {
                "cross_entropy" => crossEntropy,
                "balance" => PooledBalance(model, output.Routings),
                _ => output.Routings.Count == 0 ? crossEntropy : crossEntropy + PooledBalance(model, output.Routings) * coefficient,
            };
            total.Backward();
            Dictionary<string, Tensor> gradients = Gradients(model);
            foreach (SafetensorsEntry entry in expected.Header.Entries.Where(entry => entry.Name.StartsWith(loss + ".", StringComparison.Ordinal)))
            {
                float[] want = expected.ReadTensor(entry).ToArray<float>();
                AssertClose(want, gradients[entry.Name[(loss.Length + 1)..]].ToArray<float>(), 1e-3 * want.Max(Math.Abs), $"{folder} {entry.Name}");
            }
        }
    }

    /// <summary>transformers' balance loss: the rows of all layers pooled, and the choices not divided by k.</summary>
    private static Tensor PooledBalance(DecoderModel model, IReadOnlyList<Routing> routings)
    {
        int experts = model.Options.Experts, rows = routings.Sum(routing => routing.Tokens);
        Tensor probabilities = Tensor.Concat([.. routings.Select(routing => routing.Logits!)], 0).Softmax(-1);
        float[] chosen = new float[experts];
        foreach (Routing routing in routings)
            for (int expert = 0; expert < experts; expert++) chosen[expert] += routing.Statistics.Load[expert] / (float)rows;
        return (probabilities.Mean([0]) * Tensor.From(chosen, [experts])).Sum() * experts;
    }

    private static Tensor CrossEntropy(Tensor logits, Tensor ids)
    {
        int batch = ids.Shape[0], tokens = ids.Shape[1], vocabulary = logits.Shape[2];
        Tensor predictions = logits.Slice(1, 0, tokens - 1).Reshape([batch * (tokens - 1), vocabulary]);
        return predictions.LogSoftmax(-1).Gather(-1, ids.Slice(1, 1, tokens).Reshape([batch * (tokens - 1), 1])).Mean() * -1;
    }

    private static Dictionary<string, Tensor> Gradients(DecoderModel model)
    {
        Dictionary<string, Tensor> gradients = [];
        foreach ((string name, Tensor parameter) in HuggingFaceCheckpoint.NamedGradients(model)) gradients[name] = parameter;
        return gradients;
    }

    private static void AssertRouting(SafetensorsFile expected, int layer, Routing routing)
    {
        Tensor indices = expected.ReadTensor(expected.Header[$"layer.{layer}.topk_indices"]); // [tokens, k]
        float[] weights = expected.ReadTensor(expected.Header[$"layer.{layer}.topk_weights"]).ToArray<float>();
        int[] chosen = indices.ToArray<int>();
        int topK = indices.Shape[1];
        Dictionary<(int Token, int Expert), float> got = [];
        int[] tokenOf = routing.TokenOf.ToArray<int>(), offsets = routing.Offsets.ToArray<int>();
        float[] weightOf = routing.Weights.ToArray<float>();
        for (int expert = 0; expert < routing.Experts; expert++)
            for (int pair = offsets[expert]; pair < offsets[expert + 1]; pair++) got[(tokenOf[pair], expert)] = weightOf[pair];

        Assert.Equal(chosen.Length, got.Count);
        for (int i = 0; i < chosen.Length; i++)
        {
            Assert.True(got.TryGetValue((i / topK, chosen[i]), out float weight), $"layer {layer}: token {i / topK} does not see expert {chosen[i]}");
            Assert.Equal(weights[i], weight, 1e-4f);
        }
    }

    private static void AssertClose(SafetensorsFile expected, string name, Tensor got, double tolerance)
        => AssertClose(expected.ReadTensor(expected.Header[name]).ToArray<float>(), got.ToArray<float>(), tolerance, name);

    private static void AssertClose(float[] want, float[] got, double tolerance, string name)
    {
        Assert.Equal(want.Length, got.Length);
        for (int i = 0; i < want.Length; i++)
            if (!(Math.Abs(want[i] - got[i]) <= tolerance)) Assert.Fail($"{name}[{i}] is {got[i]}, {want[i]} ± {tolerance:g3} was expected");
    }

    private static string? WhyNot(string folder, string family)
    {
        if (!Supported.Contains(family)) return $"hf/{folder}: models of type {family} are not here yet";
        try
        {
            HuggingFaceConfig.Read(Fixtures.Require("hf", folder, "config.json"));
            return null;
        }
        catch (SwitchyardException unsupported)
        {
            return $"hf/{folder}: {unsupported.Message}";
        }
    }
}

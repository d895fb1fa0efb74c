using Switchyard.Experts.Gates;
using Switchyard.Language;
using Switchyard.Language.Transformer;
using Switchyard.Modules.Optimisers;
using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tests.Language.Transformer;

[Collection(nameof(WorkerPool))]
public sealed class DecoderModelTests : IDisposable
{
    private static readonly DecoderOptions Small = new()
    {
        Vocabulary = 23,
        Context = 12,
        Layers = 2,
        Width = 16,
        Heads = 4,
        Hidden = 8,
        Experts = 4,
        InitialDeviation = 0.3,
    };

    /// <summary>What the options can make of a decoder.</summary>
    private static readonly Dictionary<string, DecoderOptions> Variants = new()
    {
        ["experts"] = Small,
        ["dense"] = Small with { Experts = 0 },
        ["grouped heads"] = Small with { KeyValueHeads = 2 },
        ["one key/value head"] = Small with { KeyValueHeads = 1, HeadWidth = 6 },
        ["tied embeddings"] = Small with { TieEmbeddings = true },
        ["every other layer"] = Small with { MixtureEvery = 2 },
        ["shared expert"] = Small with { SharedHidden = 6 },
        ["switch gate"] = Small with { Routing = new SwitchOptions() },
        ["capacity"] = Small with { Routing = new TopKOptions { CapacityFactor = 1, ZCoefficient = 1e-3, Jitter = 0.1 } },
        ["no norms, clipped"] = Small with { QueryKeyNorm = false, ClipQkv = 0.5 },
        ["dropout"] = Small with { Dropout = 0.2 },
    };

    private readonly int _threads = WorkerPool.Threads;

    public static TheoryData<string> Names => [.. Variants.Keys];

    public void Dispose() => WorkerPool.Threads = _threads;

    [Theory]
    [MemberData(nameof(Names))]
    public void Decoding_with_the_cache_is_a_whole_forward_pass(string variant)
    {
        using DecoderModel model = New(variant);
        model.Train(false);
        using TensorScope scope = new();
        using Gradients.Pause pause = Gradients.Paused();
        int[] ids = Ids(12, 1);
        float[] whole = model.Forward(Tensor.From(ids, [1, 12])).Logits.ToArray<float>();
        using SequenceState state = model.NewState();
        List<float> parts = [];
        foreach (Range part in (Range[])[(..5), 5..6, 6..7, 7..10, (10..)]) // a prompt, then tokens one by one or several at once
            parts.AddRange(model.Forward(Tensor.From(ids[part], [1, ids[part].Length]), null, state).Logits.ToArray<float>());
        Assert.Equal(whole.Length, parts.Count);
        for (int i = 0; i < whole.Length; i++) Assert.Equal(whole[i], parts[i], 2e-5f);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_later_token_leaves_earlier_logits_alone(string variant)
    {
        using DecoderModel model = New(variant);
        model.Train(false);
        using TensorScope scope = new();
        int[] before = Ids(12, 1), after = [.. before];
        for (int changed = 11; changed > 0; changed--)
        {
            after[changed] = (before[changed] + 7) % 23;
            float[] expected = model.Forward(Tensor.From(before, [1, 12])).Logits.ToArray<float>(), actual = model.Forward(Tensor.From(after, [1, 12])).Logits.ToArray<float>();
            Assert.Equal(expected[..(changed * 23)], actual[..(changed * 23)]);
            Assert.NotEqual(expected[(changed * 23)..], actual[(changed * 23)..]);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_variant_learns_and_every_parameter_has_a_gradient(string variant)
    {
        using DecoderModel model = New(variant);
        using AdamW optimiser = new(model.Parameters());
        double first = Step(model, optimiser, 0), last = 0;
        for (int step = 1; step < 40; step++) last = Step(model, optimiser, step);
        Assert.True(last < 0.7 * first, $"the loss went from {first} to {last}");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Training_gives_the_same_bits_for_any_number_of_threads(string variant)
    {
        byte[] expected = TrainedBits(variant, 1);
        Assert.Equal(expected, TrainedBits(variant, 2));
        Assert.Equal(expected, TrainedBits(variant, 3));
    }

    [Fact]
    public void Grouped_heads_are_the_model_whose_key_and_value_heads_are_repeated()
    {
        using DecoderModel grouped = new(Small with { KeyValueHeads = 2, QueryKeyNorm = false }, new Philox(4));
        using DecoderModel full = new(Small with { QueryKeyNorm = false }, new Philox(5));
        using TensorScope scope = new();
        using Gradients.Pause pause = Gradients.Paused();
        Dictionary<string, Tensor> weights = grouped.Parameters().ToDictionary(static parameter => parameter.Name, static parameter => parameter.Tensor);
        full.Load(name => name.Contains("k_proj", StringComparison.Ordinal) || name.Contains("v_proj", StringComparison.Ordinal)
            ? weights[name].Reshape([2, 4, 16]).RepeatInterleave(0, 2).Reshape([16, 16])
            : weights[name]);
        Tensor ids = Tensor.From(Ids(24, 2), [2, 12]);
        float[] expected = full.Forward(ids).Logits.ToArray<float>(), actual = grouped.Forward(ids).Logits.ToArray<float>();
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 1e-5f);
    }

    [Fact]
    public void Tied_embeddings_are_the_model_whose_output_layer_equals_its_embedding()
    {
        using DecoderModel tied = new(Small with { TieEmbeddings = true }, new Philox(4));
        using DecoderModel apart = new(Small, new Philox(5));
        Dictionary<string, Tensor> weights = tied.Parameters().ToDictionary(static parameter => parameter.Name, static parameter => parameter.Tensor);
        Assert.DoesNotContain("lm_head.weight", weights.Keys);
        apart.Load(name => weights[name == "lm_head.weight" ? "model.embed_tokens.weight" : name]);
        using TensorScope scope = new();
        Tensor ids = Tensor.From(Ids(24, 2), [2, 12]);
        Tensor logits = tied.Forward(ids).Logits, expected = apart.Forward(ids).Logits;
        Assert.Equal(expected.ToArray<float>(), logits.ToArray<float>());

        logits.Square().Mean().Backward();
        expected.Square().Mean().Backward();
        Dictionary<string, Tensor> gradients = apart.Parameters().ToDictionary(static parameter => parameter.Name, static parameter => parameter.Tensor.Gradient!);
        float[] sum = (gradients["model.embed_tokens.weight"] + gradients["lm_head.weight"]).ToArray<float>();
        float[] got = weights["model.embed_tokens.weight"].Gradient!.ToArray<float>();
        for (int i = 0; i < sum.Length; i++) Assert.Equal(sum[i], got[i], 1e-5f);
    }

    [Fact]
    public void Mixture_layers_are_where_the_options_say()
    {
        DecoderOptions options = Small with { Layers = 4, MixtureEvery = 2 };
        Assert.Equal([1, 3], options.MixtureLayers);
        using DecoderModel model = new(options, new Philox(0));
        using TensorScope scope = new();
        Assert.Equal(2, model.Forward(Tensor.From(Ids(12, 1), [1, 12])).Routings.Count);
        Assert.Equal(
            ["model.layers.1.mlp.gate.weight", "model.layers.3.mlp.gate.weight"],
            model.Parameters().Select(static parameter => parameter.Name).Where(static name => name.EndsWith("mlp.gate.weight", StringComparison.Ordinal)));
    }

    [Fact]
    public void Parameters_and_operations_of_the_reference_model_are_those_counted_by_hand()
    {
        using DecoderModel model = new(new DecoderOptions(), new Philox(0));
        const long Embedding = 256 * 256, Attention = 4 * 256 * 256, Norms = 4 * 256, Router = 8 * 256, Expert = 3 * 256 * 512, LastNorm = 256, Head = 256 * 256;
        Assert.Equal(Embedding + 4 * (Attention + Norms + Router + 8 * Expert) + LastNorm + Head, model.ParameterCount);
        const long Active = Embedding + 4 * (Attention + Norms + Router + 2 * Expert) + LastNorm + Head;
        Assert.Equal(Active, model.ActiveParameterCount);
        // Scores and their sums of values: 2 · 2 operations for each of 256 columns and 128 tokens seen, three times with the backward pass.
        Assert.Equal(6.0 * (Active - Embedding) + 3.0 * 4 * 2 * 2 * 256 * 128, model.TrainingFlopsPerToken);
    }

    [Fact]
    public void A_tied_embedding_and_a_shared_expert_count_as_active()
    {
        using DecoderModel model = new(Small with { TieEmbeddings = true, SharedHidden = 6, MixtureEvery = 2 }, new Philox(0));
        const long Embedding = 23 * 16, Attention = 4 * 16 * 16, Norms = 4 * 16, Dense = 3 * 16 * (2 * 8), Router = 4 * 16, Expert = 3 * 16 * 8, Shared = 3 * 16 * 6;
        Assert.Equal(Embedding + 2 * (Attention + Norms) + Dense + Router + 4 * Expert + Shared + 16, model.ParameterCount);
        const long Active = Embedding + 2 * (Attention + Norms) + Dense + Router + 2 * Expert + Shared + 16;
        Assert.Equal(Active, model.ActiveParameterCount);
        Assert.Equal(6.0 * Active + 3.0 * 2 * 2 * 2 * 16 * 6, model.TrainingFlopsPerToken); // the embedding multiplies at the end
    }

    [Fact]
    public void Embeddings_that_a_gate_looks_up_do_not_multiply()
    {
        using DecoderModel plain = new(Small with { Routing = new SwitchOptions() }, new Philox(0)), stable = new(Small with { Routing = new StableOptions { DistilledWidth = 5 } }, new Philox(0));
        const long Experts = 4, Layers = 2;
        Assert.Equal(plain.ParameterCount + Layers * 5 * (23 + Experts), stable.ParameterCount);
        Assert.Equal(plain.TrainingFlopsPerToken + 6.0 * Layers * 5 * Experts, stable.TrainingFlopsPerToken);
    }

    private static DecoderModel New(string variant) => new(Variants[variant], new Philox(3));

    private static int[] Ids(int count, ulong seed)
    {
        Philox random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(23))];
    }

    /// <summary>One step on three windows that are always the same.</summary>
    private static double Step(DecoderModel model, AdamW optimiser, int step)
    {
        using TensorScope scope = new();
        Tensor ids = Tensor.From(Ids(3 * 13, 9), [3, 13]);
        LanguageModelOutput output = model.Forward(ids.Slice(1, 0, 12), new Philox((ulong)step));
        Tensor loss = Tensor.CrossEntropy(output.Logits.Reshape([36, 23]), ids.Slice(1, 1, 13).Reshape([36]));
        (output.RoutingLoss() is { } routing ? loss + routing : loss).Backward();
        foreach ((string name, Tensor parameter) in model.Parameters()) Assert.True(parameter.Gradient is not null, $"{name} has no gradient");
        optimiser.Step(0.01, GradientNorm.Clip(GradientNorm.Euclidean(optimiser.Parameters), 1));
        model.ClearGradients();
        return loss.ToDouble();
    }

    private static byte[] TrainedBits(string variant, int threads)
    {
        WorkerPool.Threads = threads;
        using DecoderModel model = New(variant);
        using AdamW optimiser = new(model.Parameters());
        for (int step = 0; step < 3; step++) Step(model, optimiser, step);
        List<byte> bits = [];
        foreach ((_, Tensor tensor) in model.State().Concat(optimiser.State)) bits.AddRange(tensor.AsReadOnlyBytes(0, (int)tensor.Elements * 4));
        return [.. bits];
    }
}

using System.Text.Json.Nodes;
using Switchyard.Experts;
using Switchyard.Experts.Banks;
using Switchyard.Experts.Gates;
using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;
using Switchyard.Tests.Tensors;

namespace Switchyard.Tests.Experts.Gates;

/// <summary>What holds for every gate of the catalogue, in a layer of experts.</summary>
[Collection(nameof(WorkerPool))]
public sealed class EveryGateTests
{
    private const int Tokens = 12, Width = 6, Hidden = 4, Experts = 8, Vocabulary = 11;
    private const double Tolerance = 1e-6;

    public static TheoryData<string> Names => [.. GateCatalogue.All.Select(static gate => gate.Name)];

    /// <summary>The tokens, the router, the experts and the losses, in training, with noise held fixed, away from ties.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Gradients_agree_with_differences(string name)
    {
        using TensorScope scope = new();
        using MoeLayer layer = Layer(name);
        Tensor x = Leaf();
        // Thresholds that a batch set move no more; a stage is entered; the routing is then forced, so that differences cannot flip it.
        layer.Forward(x, Context(Tokens));
        layer.Gate.EndStep();
        Routing first = layer.Forward(x, Context(Tokens)).Routing;
        RoutingContext context = Context(Tokens) with { Replay = first.Choices is null ? null : first };
        GradientCheck.RequireOfLeaves(
            () =>
            {
                (Tensor output, Routing routing) = layer.Forward(x, context with { Random = new Philox(5) });
                Tensor flat = output.Reshape([Tokens * Width]);
                return routing.TotalLoss() is { } losses ? Tensor.Concat([flat, losses.Reshape([1])], 0) : flat;
            },
            Tolerance,
            [x, .. layer.Parameters().Select(static parameter => parameter.Tensor)]);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_replayed_routing_has_the_same_pairs_and_the_same_output(string name)
    {
        using TensorScope scope = new();
        using MoeLayer layer = Layer(name);
        Tensor x = Leaf();
        (Tensor output, Routing routing) = layer.Forward(x, Context(Tokens));
        if (routing.Choices is null)
        {
            Assert.Throws<ArgumentException>(() => layer.Forward(x, Context(Tokens) with { Replay = routing }));
            return;
        }
        (Tensor again, Routing replayed) = layer.Forward(x, Context(Tokens) with { Replay = routing });
        Assert.Equal(routing.TokenOf.ToArray<int>(), replayed.TokenOf.ToArray<int>());
        Assert.Equal(routing.Offsets.ToArray<int>(), replayed.Offsets.ToArray<int>());
        Assert.Equal(routing.Statistics.Dropped, replayed.Statistics.Dropped);
        Assert.Equal(output.ToArray<double>(), again.ToArray<double>());
        Assert.Equal(routing.TotalLoss()?.ToDouble() ?? 0, replayed.TotalLoss()?.ToDouble() ?? 0);

        // Of other tokens, the same pairs too: nothing is chosen anew.
        Tensor other = Tensor.Normal([Tokens, Width], 0, 1, new Philox(99), ElementType.Float64);
        Assert.Equal(routing.TokenOf.ToArray<int>(), layer.Forward(other, Context(Tokens) with { Replay = routing }).Routing.TokenOf.ToArray<int>());
    }

    /// <summary>What the experts computed is computed once more by the routing that noise had decided: the gradients are the same bits.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Experts_computed_once_more_have_the_same_gradients(string name)
    {
        using TensorScope scope = new();
        float[][] kept = Run(recompute: false), computed = Run(recompute: true);
        Assert.Equal(kept.Length, computed.Length);
        for (int i = 0; i < kept.Length; i++) Assert.Equal(kept[i], computed[i]);

        float[][] Run(bool recompute)
        {
            using MoeLayer layer = Layer(name, recompute);
            layer.To(ElementType.Float32);
            Tensor x = Leaf().Detach().To(ElementType.Float32);
            x.RequiresGradient = true;
            (Tensor output, Routing routing) = layer.Forward(x, Context(Tokens));
            Tensor residual = output + x;
            (routing.TotalLoss() is { } losses ? residual.Square().Sum() + losses : residual.Square().Sum()).Backward();
            return [output.ToArray<float>(), x.Gradient!.ToArray<float>(), .. layer.Parameters().Select(static parameter => parameter.Tensor.Gradient?.ToArray<float>() ?? [])];
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_pair_is_in_its_experts_run_once(string name)
    {
        using TensorScope scope = new();
        using MoeLayer layer = Layer(name);
        Routing routing = layer.Forward(Leaf(), Context(Tokens)).Routing;
        if (routing is SoftRouting) return;
        int[] offsets = routing.Offsets.ToArray<int>(), pairs = routing.Pairs!.ToArray<int>(), tokenOf = routing.TokenOf.ToArray<int>(), choices = routing.Choices!.ToArray<int>();
        Assert.Equal(0, offsets[0]);
        Assert.Equal(pairs.Length, offsets[^1]);
        Assert.Equal(pairs.Length, pairs.Distinct().Count());
        for (int expert = 0; expert < Experts; expert++)
            for (int pair = offsets[expert]; pair < offsets[expert + 1]; pair++)
            {
                Assert.Equal(expert, choices[pairs[pair]]);
                Assert.Equal(tokenOf[pair], pairs[pair] / routing.Choices!.Shape[1]);
            }
        Assert.Equal(routing.Statistics.Load.Sum() - pairs.Length, routing.Statistics.Dropped);
        Assert.True(routing.Statistics.Dropped == 0 || layer.IsTraining);
    }

    /// <summary>Padding goes nowhere, gets nothing, and changes nothing for the others.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Padding_does_not_matter(string name)
    {
        using TensorScope scope = new();
        using MoeLayer layer = Layer(name);
        Tensor x = Leaf();
        const int Padded = Tokens - 4;
        int[] flags = [.. Enumerable.Range(0, Tokens).Select(static token => token < Padded ? 1 : 0)];
        RoutingContext masked = Context(Tokens) with { Random = null, Mask = Tensor.From(flags, [Tokens]) };
        RoutingContext cut = Context(Padded) with { Random = null };
        (Tensor output, Routing routing) = layer.Forward(x, masked);
        (Tensor alone, Routing without) = layer.Forward(x.Slice(0, 0, Padded), cut);
        double[] y = output.ToArray<double>(), expected = alone.ToArray<double>();
        for (int i = 0; i < y.Length; i++) Assert.Equal(i < expected.Length ? expected[i] : 0, y[i], 1e-12);
        Assert.Equal(without.Statistics.Load, routing.Statistics.Load);
        Assert.Equal(without.TotalLoss()?.ToDouble() ?? 0, routing.TotalLoss()?.ToDouble() ?? 0, 1e-12);
        Assert.Equal(without.Statistics.TokenEntropy, routing.Statistics.TokenEntropy, 1e-12);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void No_tokens_are_no_trouble(string name)
    {
        using TensorScope scope = new();
        using MoeLayer layer = Layer(name);
        (Tensor output, Routing routing) = layer.Forward(Tensor.Zeros([0, Width], ElementType.Float64), Context(0));
        Assert.Equal<Shape>([0, Width], output.Shape);
        Assert.True(double.IsFinite(routing.TotalLoss()?.ToDouble() ?? 0));
        layer.Gate.EndStep();
        Assert.True(double.IsFinite(layer.Forward(Leaf(), Context(Tokens)).Output.Sum().ToDouble()));
    }

    /// <summary>A single expert, a single token, fewer tokens than experts, and all experts for every token.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Any_sizes_will_do(string name)
    {
        foreach ((int experts, int tokens, bool all) in ((int, int, bool)[])[(1, 5, true), (1, 1, true), (Experts, 3, false), (Experts, 1, false), (4, 9, true)])
        {
            JsonObject knobs = GateCatalogue.Write(GateCatalogue.Find(name).Defaults);
            if (all && knobs.ContainsKey("top_k")) knobs["top_k"] = experts;
            if (experts == 1 && knobs.ContainsKey("capacity_factor")) knobs["capacity_factor"] = 1;
            foreach (string parts in (string[])["groups", "groups_kept", "prototypes", "experts_per_node"])
                if (all && knobs.ContainsKey(parts)) knobs[parts] = 1;
            if (name == "hierarchical" && experts == 4) knobs["groups"] = knobs["top_k"] = 2;
            using TensorScope scope = new();
            GateOptions options = GateCatalogue.Read(name, knobs);
            // These send a token to one or to two, or must leave an expert out.
            bool isParticular = options is SwitchOptions or Top2Options or TopologyOptions or QuantileOptions;
            if (all && isParticular && Record.Exception(() => options.Check(experts)) is ArgumentException) continue;
            using MoeLayer layer = new(options.Make(new GateSize(Width, experts, Vocabulary), new Philox(6)), new FeedForwardBank(experts, Width, Hidden, new Philox(7), deviation: 0.7));
            Tensor x = Tensor.Normal([tokens, Width], 0, 1, new Philox(8));
            x.RequiresGradient = true;
            (Tensor output, Routing routing) = layer.Forward(x, Context(tokens));
            Assert.Equal<Shape>([tokens, Width], output.Shape);
            if (routing is not SoftRouting) Assert.Equal(routing.Pairs!.Elements, routing.Statistics.Pairs - routing.Statistics.Dropped);
            Tensor objective = routing.TotalLoss() is { } losses ? output.Square().Sum() + losses : output.Square().Sum();
            Assert.All(Gradients.Of(objective, [x])[0].ToArray<float>(), static number => Assert.True(float.IsFinite(number)));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Results_are_the_same_bits_for_any_number_of_threads(string name) => ThreadCounts.AssertSameBits(() =>
    {
        // Enough tokens for several parts of the counting.
        const int Many = 5000;
        using MoeLayer layer = Layer(name);
        layer.To(ElementType.Float32);
        Tensor x = ThreadCounts.Random(3, [Many, Width]);
        x.RequiresGradient = true;
        (Tensor output, Routing routing) = layer.Forward(x, Context(Many));
        Tensor objective = routing.TotalLoss() is { } losses ? output.Square().Sum() + losses : output.Square().Sum();
        return [output, .. Gradients.Of(objective, [x])];
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Evaluation_has_no_noise_and_leaves_the_buffers_alone(string name)
    {
        using TensorScope scope = new();
        using MoeLayer layer = Layer(name);
        Tensor x = Leaf();
        layer.Forward(x, Context(Tokens));
        layer.Gate.EndStep();
        layer.Train(false);
        double[][] before = Buffers(layer);
        double[] first = layer.Forward(x, Context(Tokens)).Output.ToArray<double>();
        layer.Gate.EndStep();
        Assert.Equal(first, layer.Forward(x, Context(Tokens) with { Random = new Philox(77) }).Output.ToArray<double>());
        Assert.Equal(before, Buffers(layer));
    }

    /// <summary>What a causal gate makes of a token depends on no later one.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Causal_gates_look_at_no_later_token(string name)
    {
        if (!GateCatalogue.Find(name).Defaults.IsCausal) return;
        using TensorScope scope = new();
        using MoeLayer layer = Layer(name);
        Tensor x = Leaf();
        layer.Forward(x, Context(Tokens));
        layer.Gate.EndStep();
        layer.Train(false);
        double[] all = layer.Forward(x, Context(Tokens)).Output.ToArray<double>();
        double[] early = layer.Forward(x.Slice(0, 0, 5), Context(5)).Output.ToArray<double>();
        for (int i = 0; i < early.Length; i++) Assert.Equal(all[i], early[i], 1e-12);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_policy_survives_json(string name)
    {
        GateOptions defaults = GateCatalogue.Find(name).Defaults;
        Assert.Equal(defaults, GateCatalogue.Read(name, GateCatalogue.Write(defaults)));
        Assert.Equal(name, GateCatalogue.NameOf(defaults));
        Assert.Equal(defaults, GateCatalogue.Read(name, []));
    }

    [Theory]
    [InlineData("top-k")]
    [InlineData("sigmoid-bias")]
    [InlineData("noisy-top-k")]
    [InlineData("dense-to-sparse")]
    public void Logits_that_are_not_finite_are_refused(string name)
    {
        using TensorScope scope = new();
        using MoeLayer layer = Layer(name);
        Tensor x = Tensor.Normal([Tokens, Width], 0, 1, new Philox(8), ElementType.Float64);
        x.AsSpan<double>()[3 * Width] = double.NaN;
        SwitchyardException refusal = Assert.Throws<SwitchyardException>(() => layer.Forward(x, Context(Tokens)));
        Assert.Equal("the router's logits of token 3 are not finite", refusal.Message);
    }

    private static MoeLayer Layer(string name, bool recompute = false)
    {
        Philox random = new(6);
        GateOptions options = GateCatalogue.Find(name).Defaults switch
        {
            CosineOptions cosine => cosine with { Projection = 5 },
            SoftMoeOptions soft => soft with { SlotsPerExpert = 2 },
            var other => other,
        };
        Gate gate = options.Make(new GateSize(Width, Experts, Vocabulary), random);
        MoeLayer layer = new(gate, new FeedForwardBank(Experts, Width, Hidden, random, deviation: 0.7)) { Recompute = recompute };
        // Gates begin close to undecided: far enough apart that differences flip nothing.
        using (Gradients.Paused())
            foreach ((string parameter, Tensor tensor) in gate.Parameters())
                tensor.CopyFrom(parameter == "thresholds" ? Tensor.Full(tensor.Shape, 0.45) : Tensor.Normal(tensor.Shape, 0, 1, random));
        layer.To(ElementType.Float64);
        return layer;
    }

    private static RoutingContext Context(int tokens) => new(new Philox(5))
    {
        TokenIds = Tensor.From([.. Enumerable.Range(0, tokens).Select(static token => token * 7 % Vocabulary)], [tokens]),
        PreviousIds = Tensor.From([.. Enumerable.Range(0, tokens).Select(static token => Math.Max(0, token - 1) * 7 % Vocabulary)], [tokens]),
        Positions = Tensor.From([.. Enumerable.Range(0, tokens)], [tokens]),
    };

    private static Tensor Leaf()
    {
        Tensor x = Tensor.Normal([Tokens, Width], 0, 1, new Philox(8), ElementType.Float64);
        x.RequiresGradient = true;
        return x;
    }

    private static double[][] Buffers(MoeLayer layer)
        => [.. layer.Buffers().Select(static buffer => buffer.Tensor.To(ElementType.Float64).ToArray<double>())];
}

using Switchyard.Experts;
using Switchyard.Experts.Banks;
using Switchyard.Experts.Dispatch;
using Switchyard.Experts.Gates;
using Switchyard.Experts.Selection;
using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts;

public sealed class MoeLayerTests
{
    private const int Tokens = 7, Width = 4, Hidden = 3, Experts = 5;
    private const double Tolerance = 1e-6;

    private static readonly TopKOptions Losses = new() { BalanceCoefficient = 0.3, ZCoefficient = 0.2 };

    private static readonly Dictionary<string, TopKOptions> Policies = new()
    {
        ["renormalised before dropping"] = Losses,
        ["not renormalised"] = Losses with { Renormalise = Renormalisation.None },
        ["softmax over the chosen"] = Losses with { Weights = CombineWeights.SoftmaxOverChosen, Renormalise = Renormalisation.None },
        ["one expert"] = Losses with { TopK = 1, Renormalise = Renormalisation.None },
        ["all experts"] = Losses with { TopK = Experts },
        ["capacity, renormalised before dropping"] = Losses with { CapacityFactor = 0.7m },
        ["capacity, renormalised after dropping"] = Losses with { CapacityFactor = 0.7m, Renormalise = Renormalisation.AfterDropping },
        ["capacity, lowest weights dropped"] = Losses with { CapacityFactor = 0.7m, DropRule = DropRule.LowestWeight },
        ["capacity, token order"] = Losses with { CapacityFactor = 0.7m, SlotOrder = SlotOrder.TokenThenChoice },
    };

    public static TheoryData<string> PolicyNames => [.. Policies.Keys];

    /// <summary>The tokens, the router, every expert matrix and the shared expert, with the losses, away from ties; second order too.</summary>
    [Theory]
    [MemberData(nameof(PolicyNames))]
    public void Gradients_of_everything_agree_with_differences(string policy)
    {
        using TensorScope scope = new();
        using MoeLayer layer = Layer(Policies[policy], shared: true);
        Tensor x = Leaf();
        AssertNoTies(layer, x);
        GradientCheck.RequireOfLeaves(
            () =>
            {
                (Tensor output, Routing routing) = layer.Forward(x, default);
                return Tensor.Concat([output.Reshape([Tokens * Width]), routing.TotalLoss()!.Reshape([1])], 0);
            },
            Tolerance,
            [x, .. layer.Parameters().Select(static parameter => parameter.Tensor)]);
    }

    [Theory]
    [MemberData(nameof(PolicyNames))]
    public void The_list_of_pairs_is_a_loop_over_tokens(string policy)
    {
        using TensorScope scope = new();
        using MoeLayer layer = Layer(Policies[policy], shared: true);
        Tensor x = Leaf();
        (Tensor output, Routing routing) = layer.Forward(x, default);
        double[] expected = PlainLoop(layer, x, routing), actual = output.ToArray<double>();
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 1e-12);
        Assert.Equal(Policies[policy].CapacityFactor is not null, routing.Statistics.Dropped > 0);
    }

    [Fact]
    public void Dropless_is_a_capacity_that_is_large_enough()
    {
        using TensorScope scope = new();
        using MoeLayer dropless = Layer(Losses), roomy = Layer(Losses with { CapacityFactor = Experts });
        Tensor x = Leaf();
        Tensor expected = dropless.Forward(x, default).Output, actual = roomy.Forward(x, default).Output;
        Assert.Equal(expected.ToArray<double>(), actual.ToArray<double>());
        expected.Square().Sum().Backward();
        actual.Square().Sum().Backward();
        foreach ((Tensor a, Tensor b) in dropless.Parameters().Zip(roomy.Parameters(), static (a, b) => (a.Tensor, b.Tensor)))
            Assert.Equal(a.Gradient!.ToArray<double>(), b.Gradient!.ToArray<double>());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void No_tokens_are_no_trouble(bool hasCapacity)
    {
        using TensorScope scope = new();
        using MoeLayer layer = Layer(hasCapacity ? Losses with { CapacityFactor = 1 } : Losses, shared: true);
        Tensor x = Tensor.Zeros([0, Width], ElementType.Float64);
        (Tensor output, Routing routing) = layer.Forward(x, default);
        Assert.Equal<Shape>([0, Width], output.Shape);
        Assert.Equal(0, routing.Statistics.Pairs);
        Assert.Equal((0, 0.0, 0.0), (routing.Statistics.DroppedFraction, routing.Statistics.MaxOverMean, routing.Statistics.TokenEntropy));
        output.Sum().Backward();
        foreach ((string name, Tensor parameter) in layer.Parameters())
            Assert.All(parameter.Gradient is { } gradient ? gradient.ToArray<double>() : [], number => Assert.True(number == 0, name));
    }

    [Fact]
    public void All_tokens_may_go_to_one_expert_and_the_others_get_a_gradient_of_zeros()
    {
        using TensorScope scope = new();
        using MoeLayer layer = Layer(new() { TopK = 1, Renormalise = Renormalisation.None, BalanceCoefficient = 0 });
        Tensor x = Tensor.Uniform([Tokens, Width], 0.5, 1.5, new Philox(2), ElementType.Float64);
        Dictionary<string, Tensor> parameters = Parameters(layer);
        // Expert 3 likes positive numbers, the others do not.
        Span<double> router = parameters["gate.weight"].AsSpan<double>();
        for (int i = 0; i < router.Length; i++) router[i] = i / Width == 3 ? 1 : -1 - i * 0.01;

        (Tensor output, Routing routing) = layer.Forward(x, default);
        Assert.Equal([0L, 0, 0, Tokens, 0], routing.Statistics.Load);
        Assert.Equal((Experts, 0.0), (routing.Statistics.MaxOverMean, routing.Statistics.LoadEntropy));
        Assert.Equal(Enumerable.Range(0, Tokens), routing.TokenOf.ToArray<int>());
        double[] expected = PlainLoop(layer, x, routing), actual = output.ToArray<double>();
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 1e-12);

        output.Square().Sum().Backward();
        foreach (string bank in (string[])["experts.gate_proj", "experts.up_proj", "experts.down_proj"])
        {
            double[] gradient = parameters[bank].Gradient!.ToArray<double>();
            const int Size = Width * Hidden;
            for (int expert = 0; expert < Experts; expert++)
                Assert.Equal(expert == 3, gradient[(expert * Size)..((expert + 1) * Size)].Any(static number => number != 0));
        }
    }

    [Fact]
    public void A_token_whose_pairs_were_all_dropped_gets_nothing()
    {
        using TensorScope scope = new();
        using MoeLayer layer = Layer(new() { TopK = 1, CapacityFactor = 0.5m });
        Tensor x = Leaf();
        (Tensor output, Routing routing) = layer.Forward(x, default);
        HashSet<int> kept = [.. routing.TokenOf.ToArray<int>()];
        Assert.InRange(kept.Count, 1, Tokens - 1);
        output.Square().Sum().Backward();
        double[] y = output.ToArray<double>(), dx = x.Gradient!.ToArray<double>();
        for (int token = 0; token < Tokens; token++)
        {
            Assert.Equal(kept.Contains(token), y[(token * Width)..((token + 1) * Width)].Any(static number => number != 0));
            Assert.Equal(kept.Contains(token), dx[(token * Width)..((token + 1) * Width)].Any(static number => number != 0));
        }
    }

    [Fact]
    public void A_gate_and_a_bank_of_different_sizes_are_refused()
    {
        ArgumentException refusal = Assert.Throws<ArgumentException>(() => new MoeLayer(new TopKGate(Width, 8, new(), new Philox(0)), new FeedForwardBank(16, Width, Hidden, new Philox(0))));
        Assert.Equal("the gate has 8 experts, the bank has 16: give both the same count", refusal.Message);
    }

    private static MoeLayer Layer(TopKOptions options, bool shared = false)
    {
        Philox random = new(6);
        MoeLayer layer = new(
            new TopKGate(Width, Experts, options, random, deviation: 1),
            new FeedForwardBank(Experts, Width, Hidden, random, deviation: 0.7),
            shared ? new FeedForward(Width, Hidden + 1, random, deviation: 0.7) : null);
        layer.To(ElementType.Float64);
        return layer;
    }

    private static Tensor Leaf()
    {
        Tensor x = Tensor.Normal([Tokens, Width], 0, 1, new Philox(8), ElementType.Float64);
        x.RequiresGradient = true;
        return x;
    }

    private static Dictionary<string, Tensor> Parameters(MoeLayer layer) => layer.Parameters().ToDictionary(static parameter => parameter.Name, static parameter => parameter.Tensor);

    // Differences move a logit by less than this; a choice must not flip on the way.
    private static void AssertNoTies(MoeLayer layer, Tensor x)
    {
        double[] logits = layer.Forward(x, default).Routing.Logits!.ToArray<double>();
        foreach (double[] token in logits.Chunk(Experts))
        {
            double[] sorted = [.. token.Order()];
            for (int i = 1; i < Experts; i++) Assert.InRange(sorted[i] - sorted[i - 1], 0.012, double.PositiveInfinity);
        }
    }

    /// <summary>Σ weight · down(silu(gate·x) ⊙ up·x) over the pairs of every token, and the shared expert.</summary>
    private static double[] PlainLoop(MoeLayer layer, Tensor x, Routing routing)
    {
        Dictionary<string, Tensor> parameters = Parameters(layer);
        double[] input = x.ToArray<double>(), output = new double[input.Length], weights = routing.Weights.ToArray<double>();
        int[] offsets = routing.Offsets.ToArray<int>(), tokenOf = routing.TokenOf.ToArray<int>();
        for (int expert = 0; expert < Experts; expert++)
            for (int pair = offsets[expert]; pair < offsets[expert + 1]; pair++) Add("experts.{0}", expert, tokenOf[pair], weights[pair], Hidden);
        if (parameters.ContainsKey("shared_expert.up_proj.weight"))
            for (int token = 0; token < x.Shape[0]; token++) Add("shared_expert.{0}.weight", 0, token, 1, Hidden + 1);
        return output;

        void Add(string name, int expert, int token, double weight, int hidden)
        {
            double[] gate = Matrix("gate_proj"), up = Matrix("up_proj"), down = Matrix("down_proj");
            for (int h = 0; h < hidden; h++)
            {
                double g = 0, u = 0;
                for (int i = 0; i < Width; i++)
                {
                    g += gate[h * Width + i] * input[token * Width + i];
                    u += up[h * Width + i] * input[token * Width + i];
                }
                for (int o = 0; o < Width; o++) output[token * Width + o] += weight * down[o * hidden + h] * g / (1 + Math.Exp(-g)) * u;
            }

            double[] Matrix(string projection)
                => parameters[string.Format(null, name, projection)].AsReadOnlySpan<double>().Slice(expert * Width * hidden, Width * hidden).ToArray();
        }
    }
}

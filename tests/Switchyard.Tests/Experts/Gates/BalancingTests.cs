using Switchyard.Experts;
using Switchyard.Experts.Gates;
using Switchyard.Experts.Losses;
using Switchyard.Experts.Selection;
using Switchyard.Modules.Optimisers;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.Gates;

/// <summary>Gates that are to spread tokens do, and stages that are to come come.</summary>
public sealed class BalancingTests
{
    private const int Tokens = 2048, Experts = 8;

    [Theory]
    [InlineData("sigmoid-bias", 400)]
    [InlineData("quantile", 5)]
    public void A_bias_balances_skewed_logits(string name, int steps)
    {
        using TensorScope scope = new();
        GateOptions options = GateCatalogue.Find(name).Defaults is SigmoidBiasOptions bias ? bias with { BiasRate = 0.005 } : GateCatalogue.Find(name).Defaults;
        using TopKGate gate = (TopKGate)options.Make(new GateSize(1, Experts), new Philox(0));
        Tensor logits = Skewed();
        double before = gate.Decide(logits, default).Statistics.MaxOverMean;
        Assert.InRange(before, 1.5, Experts);
        for (int step = 0; step < steps; step++)
        {
            using TensorScope inner = new();
            gate.Decide(logits, default);
            gate.EndStep();
        }
        Assert.InRange(gate.Decide(logits, default).Statistics.MaxOverMean, 1, 1.1);
    }

    [Fact]
    public void A_bias_is_corrected_once_for_all_micro_batches_of_a_step()
    {
        using TensorScope scope = new();
        using SigmoidBiasGate gate = new(1, 2, new SigmoidBiasOptions { TopK = 1, BiasRate = 0.01 }, new Philox(0));
        Tensor toFirst = Tensor.From([1f, 0, 1, 0, 1, 0], [3, 2]), toSecond = Tensor.From([0f, 1], [1, 2]);
        gate.Decide(toFirst, default);
        gate.Decide(toSecond, default);
        gate.Decide(toFirst, new RoutingContext { Replay = gate.Decide(toSecond, default) }); // recomputation does not count, being routed once more does
        gate.EndStep();
        Assert.Equal([-0.01f, 0.01f], gate.Buffers().Single().Tensor.ToArray<float>());
    }

    [Fact]
    public void Sinkhorn_spreads_and_its_sums_are_equal()
    {
        using TensorScope scope = new();
        Tensor logits = Skewed();
        double[] matrix = SinkhornMatrix.Of(logits, 0, 1e-9, 10_000).ToArray<double>();
        for (int token = 0; token < Tokens; token++) Assert.Equal(1.0 / Tokens, matrix.Skip(token * Experts).Take(Experts).Sum(), 1e-8);
        for (int expert = 0; expert < Experts; expert++) Assert.Equal(1.0 / Experts, matrix.Where((_, i) => i % Experts == expert).Sum(), 1e-8);
        using SinkhornGate gate = new(1, Experts, new SinkhornOptions(), new Philox(0));
        double balanced = gate.Decide(logits, default).Statistics.MaxOverMean;
        gate.Train(false);
        Assert.InRange(balanced, 1, 1.3);
        Assert.InRange(gate.Decide(logits, default).Statistics.MaxOverMean, 2, Experts);
    }

    [Fact]
    public void Every_expert_that_chooses_gets_its_share()
    {
        using TensorScope scope = new();
        using ExpertChoiceGate gate = new(1, Experts, new ExpertChoiceOptions(), new Philox(0));
        Assert.All(gate.Decide(Skewed(), default).Statistics.Load, load => Assert.Equal(Tokens * 2 / Experts, load));
    }

    [Fact]
    public void Thresholds_keep_the_share_on_average()
    {
        using TensorScope scope = new();
        using ExpertThresholdGate gate = new(1, Experts, new ExpertThresholdOptions(), new Philox(0));
        for (int step = 0; step < 5; step++)
        {
            Routing routing = gate.Decide(Skewed((ulong)step), default);
            Assert.All(routing.Statistics.Load, load => Assert.InRange(load, 0.85 * Tokens * 2 / Experts, 1.15 * Tokens * 2 / Experts));
            gate.EndStep();
        }
    }

    /// <summary>A router that sends every token to the same two experts learns from nothing but its losses to use them all.</summary>
    [Theory]
    [InlineData("noisy-top-k", 2)]
    [InlineData("hierarchical", 4)]
    public void The_losses_of_importance_and_load_undo_a_collapse(string name, int perToken)
    {
        const int Width = 6, Many = 16, Steps = 300;
        using Gate gate = GateCatalogue.Find(name).Defaults.Make(new GateSize(Width, Many), new Philox(1));
        foreach ((string parameter, Tensor tensor) in gate.Parameters())
        {
            if (parameter.Contains("noise", StringComparison.Ordinal)) continue;
            // Every token has a one in its first place, and that is worth much to the first of every four.
            Span<float> weights = tensor.AsSpan<float>();
            for (int expert = 0; expert < tensor.Shape[0]; expert++)
                weights[expert * Width] = expert % 4 < 2 && (name == "hierarchical" || expert < 2) ? 4 : 0;
        }
        double before = MaxOverMean();
        Assert.Equal((double)Many / perToken, before, 1e-9);
        using AdamW optimiser = new(gate.Parameters());
        for (int step = 0; step < Steps; step++)
        {
            using TensorScope scope = new();
            optimiser.ClearGradients();
            gate.Route(Rows((ulong)step), new RoutingContext(new Philox((ulong)step))).TotalLoss()!.Backward();
            optimiser.Step(0.03);
        }
        Assert.InRange(MaxOverMean(), 1, before / 3);

        static Tensor Rows(ulong seed)
        {
            Tensor rows = Tensor.Normal([512, Width], 0, 1, new Philox(seed));
            for (int row = 0; row < 512; row++) rows.AsSpan<float>()[row * Width] = 1;
            return rows;
        }

        double MaxOverMean()
        {
            using TensorScope scope = new();
            gate.Train(false);
            double ratio = gate.Route(Rows(1000), default).Statistics.MaxOverMean;
            gate.Train();
            return ratio;
        }
    }

    /// <summary>The probability that an expert stays among the top k if only its own noise is drawn again, by drawing it.</summary>
    [Fact]
    public void The_load_of_noisy_logits_is_a_probability()
    {
        const int Draws = 100_000, Few = 5, K = 2;
        using TensorScope scope = new();
        Philox random = new(11);
        Tensor clean = Tensor.Normal([1, Few], 0, 1, random, ElementType.Float64), deviation = Tensor.Uniform([1, Few], 0.5, 1.5, random, ElementType.Float64);
        Tensor noisy = clean + Tensor.Normal([1, Few], 0, 1, random, ElementType.Float64) * deviation;
        double[] probability = NoisyLoad.Probability(clean, deviation, noisy, Choices.Top(noisy, K), oneThreshold: false).ToArray<double>();
        double[] mean = clean.ToArray<double>(), spread = deviation.ToArray<double>(), drawn = noisy.ToArray<double>();
        for (int expert = 0; expert < Few; expert++)
        {
            double kth = drawn.Where((_, other) => other != expert).OrderDescending().ElementAt(K - 1);
            int inside = 0;
            for (int i = 0; i < Draws; i++)
                if (mean[expert] + spread[expert] * random.NextNormal() > kth) inside++;
            Assert.Equal(inside / (double)Draws, probability[expert], 0.01);
        }
    }

    [Fact]
    public void Dense_becomes_sparse()
    {
        using TensorScope scope = new();
        using DenseToSparseGate gate = new(1, Experts, new DenseToSparseOptions(), new Philox(0));
        Tensor logits = Tensor.Normal([Tokens, Experts], 0, 2, new Philox(1));
        List<double> active = [];
        foreach (double progress in (double[])[0, 0.1, 0.2, 0.249, 0.3, 1])
        {
            gate.BeginStep(progress);
            Routing routing = gate.Decide(logits, new RoutingContext(new Philox(2)));
            Assert.Equal(Tokens, routing.TokenOf.ToArray<int>().Distinct().Count()); // nobody is left without an expert
            active.Add(routing.Statistics.Pairs / (double)Tokens);
        }
        Assert.Equal(active.OrderDescending(), active);
        Assert.Equal(8, active[0], 0.05);
        Assert.Equal([1, 1], active[^2..]);
        Assert.Equal(0.3, gate.Temperature, 1e-6);
        Assert.Throws<ArgumentException>(() => new DenseToSparseGate(1, Experts, new DenseToSparseOptions { Threshold = 0.125 }, new Philox(0)));
    }

    [Fact]
    public void A_frozen_routing_stays_whatever_happens_to_what_it_was_distilled_from()
    {
        using TensorScope scope = new();
        using StableGate gate = new(4, Experts, 50, new StableOptions(), new Philox(0));
        RoutingContext context = new() { TokenIds = Tensor.From([.. Enumerable.Range(0, 50)], [50]) };
        Tensor x = Tensor.Normal([50, 4], 0, 1, new Philox(3));
        gate.BeginStep(0.05);
        Assert.False(gate.IsFrozen);
        Assert.Equal(["balance", "distil"], gate.Route(x, context).Losses.Select(static loss => loss.Name));
        gate.BeginStep(0.1);
        Assert.True(gate.IsFrozen);
        Routing before = gate.Route(x, context);
        Assert.Empty(before.Losses);
        foreach ((string name, Tensor parameter) in gate.Parameters())
            if (name.StartsWith("distilled", StringComparison.Ordinal))
                using (Gradients.Paused()) parameter.MultiplyInPlace(-1);
        Assert.Equal(before.Choices!.ToArray<int>(), gate.Route(x, context).Choices!.ToArray<int>());
    }

    [Theory]
    [InlineData(HashKind.Balanced)]
    [InlineData(HashKind.Clustered)]
    [InlineData(HashKind.Dispersed)]
    public void Tables_are_made_from_the_text(HashKind kind)
    {
        // Two kinds of ids that never stand where the other does: even ones after 0, odd ones after 1.
        Philox random = new(1);
        int[] text = [.. Enumerable.Range(0, 20_000).SelectMany(i => i % 2 == 0 ? new[] { 0, 2 + 2 * random.Next(10) } : [1, 3 + 2 * random.Next(10)])];
        using HashGate gate = new(22, 2, new HashOptions { Hash = kind }, new Philox(0));
        gate.Prepare(new TokenStatistics(text, 22));
        int[] table = gate.Buffers().Single().Tensor.ToArray<int>();
        int evenOnFirst = Enumerable.Range(1, 10).Count(i => table[2 * i] == table[2]), oddOnSame = Enumerable.Range(1, 10).Count(i => table[2 * i + 1] == table[2]);
        if (kind == HashKind.Clustered) Assert.Equal((10, 0), (evenOnFirst, oddOnSame));
        if (kind == HashKind.Dispersed) Assert.InRange(evenOnFirst, 4, 6);
        if (kind == HashKind.Balanced) Assert.InRange(text.Count(id => table[id] == 0) / (double)text.Length, 0.45, 0.55);
    }

    [Fact]
    public void Slots_of_a_sequence_are_its_own()
    {
        using TensorScope scope = new();
        using TopKGate gate = new(1, 2, new TopKOptions { TopK = 1, CapacityFactor = 1, SlotsPerSequence = true }, new Philox(0));
        // Two sequences of two tokens; all want expert 0, which has one slot in each.
        Routing routing = gate.Decide(Tensor.From([1f, 0, 1, 0, 1, 0, 1, 0], [4, 2]), new RoutingContext { Sequences = 2 });
        Assert.Equal([0, 2], routing.TokenOf.ToArray<int>());
        Assert.Equal([0, 2, 2], routing.Offsets.ToArray<int>());
    }

    private static Tensor Skewed(ulong seed = 4)
    {
        Tensor logits = Tensor.Normal([Tokens, Experts], 0, 1, new Philox(seed));
        return logits + Tensor.From([2f, 1.5f, 1, 0.5f, 0, -0.5f, -1, -1.5f], [Experts]);
    }
}

using Switchyard.Experts;
using Switchyard.Experts.Banks;
using Switchyard.Experts.Dispatch;
using Switchyard.Experts.Gates;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts;

/// <summary>Defects that other systems shipped, as tests that this one must pass.</summary>
public sealed class KnownDefectsTests
{
    /// <summary>Second choices began their slots at the wrong expert's count: pairs overwrote one another.</summary>
    [Theory]
    [InlineData(1023)]
    [InlineData(1024)]
    [InlineData(1025)]
    public void Slots_of_two_choices_are_a_bijection(int tokens)
    {
        const int Experts = 16;
        using TensorScope scope = new();
        using Top2Gate gate = new(1, Experts, new Top2Options { Second = SecondChoice.NextBest }, new Philox(0));
        Routing routing = gate.Decide(Tensor.Normal([tokens, Experts], 0, 1, new Philox(9)), default);
        int capacity = new Top2Options().Capacity(tokens, Experts, isTraining: true)!.Value;
        int[] offsets = routing.Offsets.ToArray<int>(), pairs = routing.Pairs!.ToArray<int>();
        Assert.Equal(pairs.Length, pairs.Distinct().Count());
        for (int expert = 0; expert < Experts; expert++)
            Assert.Equal(Math.Min(capacity, routing.Statistics.Load[expert]), offsets[expert + 1] - offsets[expert]);
        Assert.Equal(2 * tokens - pairs.Length, routing.Statistics.Dropped);
    }

    /// <summary>The smallest case: first choices 0 0 0 1, second choices 1 1 1 0.</summary>
    [Fact]
    public void No_slot_is_given_twice()
    {
        using TensorScope scope = new();
        Slots slots = SlotAssignment.Assign(new Choices(Tensor.From([0, 1, 0, 1, 0, 1, 1, 0], [4, 2])), 2, SlotOrder.ChoiceThenToken, [], 1, [], []);
        Assert.Equal([0, 2, 4, 7, 6, 1, 3, 5], slots.Pairs.ToArray<int>());
        Assert.Equal([0, 4, 8], slots.Offsets.ToArray<int>());
    }

    /// <summary>Slots were counted in floats, which know no odd number beyond 2^24.</summary>
    [Fact]
    [Trait("Category", "Slow")]
    public void Slots_are_told_apart_where_floats_cannot_count()
    {
        const int Tokens = (1 << 24) + 3;
        using TensorScope scope = new();
        Slots slots = SlotAssignment.Assign(new Choices(Tensor.Zeros([Tokens, 1], ElementType.Int32)), 1, SlotOrder.ChoiceThenToken, [], 1, [], []);
        ReadOnlySpan<int> pairs = slots.Pairs.AsReadOnlySpan<int>();
        Assert.Equal([0, Tokens], slots.Offsets.ToArray<int>());
        for (int slot = 0; slot < Tokens; slot++)
            if (pairs[slot] != slot) Assert.Fail($"slot {slot} has pair {pairs[slot]}");
    }

    /// <summary>The second choice's answer replaced the first's instead of being added, and wrote zeros when it was dropped.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("0.5")]
    public void Both_choices_arrive(string? factor)
    {
        const int Tokens = 9, Width = 3, Experts = 4;
        using TensorScope scope = new();
        using TopKGate gate = new(Width, Experts, new TopKOptions { CapacityFactor = factor is null ? null : decimal.Parse(factor) }, new Philox(1), deviation: 1);
        Tensor x = Tensor.Normal([Tokens, Width], 0, 1, new Philox(2));
        Routing routing = gate.Route(x, default);
        // Expert e answers e + 1 in every place: the output says who was heard.
        int[] offsets = routing.Offsets.ToArray<int>(), tokenOf = routing.TokenOf.ToArray<int>();
        float[] weights = routing.Weights.ToArray<float>(), expected = new float[Tokens];
        Tensor answers = Tensor.Empty([tokenOf.Length, Width]);
        for (int expert = 0; expert < Experts; expert++)
            for (int pair = offsets[expert]; pair < offsets[expert + 1]; pair++)
            {
                answers.AsSpan<float>().Slice(pair * Width, Width).Fill(expert + 1);
                expected[tokenOf[pair]] += weights[pair] * (expert + 1);
            }
        float[] y = routing.Combine(answers).ToArray<float>();
        for (int i = 0; i < y.Length; i++) Assert.Equal(expected[i / Width], y[i], 1e-5f);
    }

    /// <summary>Switch-and-mixture was right only where the number of groups is that of the experts in one.</summary>
    [Theory]
    [InlineData(16, 8)]
    [InlineData(16, 2)]
    [InlineData(32, 8)]
    public void Groups_may_be_of_any_size(int experts, int groups)
    {
        const int Tokens = 64, TopK = 2;
        using TensorScope scope = new();
        using SamGate gate = new(1, experts, new SamOptions { Groups = groups, TopK = TopK, CapacityFactor = null, AlignmentCoefficient = 1, AlignmentIsSum = true, BalanceCoefficient = 0 }, new Philox(0));
        Tensor logits = Tensor.Normal([Tokens, experts], 0, 1, new Philox(3), ElementType.Float64);
        Routing routing = gate.Decide(logits, default);
        double[][] p = [.. logits.Softmax().ToArray<double>().Chunk(experts)];
        int[][] chosen = [.. routing.Choices!.ToArray<int>().Chunk(TopK)];
        int each = experts / groups;
        double alignment = 0;
        for (int t = 0; t < Tokens; t++)
        {
            int group = Enumerable.Range(0, groups).MaxBy(g => p[t].Skip(g * each).Take(each).Sum());
            Assert.Equal(Enumerable.Range(group * each, each).OrderByDescending(e => p[t][e]).Take(TopK), chosen[t]);
            alignment += Enumerable.Range(0, experts).Where(e => e / each != group).Sum(e => Math.Max(0, p[t][e] - p[t][chosen[t][^1]]));
        }
        Assert.Equal(alignment, routing.TotalLoss()!.ToDouble(), 1e-9);
    }

    /// <summary>A softmax over one column stood in for the sigmoid: every weight was 1, and centroids did not learn.</summary>
    [Fact]
    public void Balanced_assignment_weighs_by_a_sigmoid_and_teaches_its_centroids()
    {
        using TensorScope scope = new();
        using BaseGate gate = new(6, 4, new BaseOptions(), new Philox(0));
        Routing routing = gate.Route(Tensor.Normal([20, 6], 0, 1, new Philox(1)), default);
        Assert.All(routing.Weights.ToArray<float>(), weight => Assert.InRange(weight, 0.2f, 0.8f));
        routing.Weights.Sum().Backward();
        Assert.Contains(gate.Parameters().Single().Tensor.Gradient!.ToArray<float>(), number => number != 0);
    }

    /// <summary>Centroids begin at right angles, each of length 0.1.</summary>
    [Fact]
    public void Centroids_begin_orthogonal()
    {
        using BaseGate gate = new(8, 6, new BaseOptions(), new Philox(0));
        using TensorScope scope = new();
        Tensor rows = gate.Parameters().Single().Tensor.Detach();
        float[] products = Tensor.MatMul(rows, rows, transposeB: true).ToArray<float>();
        for (int i = 0; i < products.Length; i++) Assert.Equal(i % 7 == 0 ? 0.01f : 0, products[i], 1e-6f);
    }

    /// <summary>The top-k kernel overwrote its input, preferred the last of equals, and could not choose what is below -10000.</summary>
    [Fact]
    public void Choosing_leaves_its_input_alone_and_knows_no_least_number()
    {
        using TensorScope scope = new();
        using TopKGate gate = new(1, 4, new TopKOptions { TopK = 3 }, new Philox(0));
        float[] numbers = [-20000, -30000, -20000, -50000];
        Tensor logits = Tensor.From(numbers, [1, 4]);
        Assert.Equal([0, 2, 1], gate.Decide(logits, default).Choices!.ToArray<int>());
        Assert.Equal(numbers, logits.ToArray<float>());
    }

    /// <summary>Buffers that an earlier, larger batch left dirty must not show.</summary>
    [Fact]
    public void Memory_that_was_used_before_does_not_show()
    {
        using MoeLayer layer = new(
            new SwitchGate(8, 4, new SwitchOptions { CapacityFactor = 0.5m, Jitter = 0 }, new Philox(0), deviation: 1), new FeedForwardBank(4, 8, 6, new Philox(1), deviation: 1));
        (float[] Output, float[] Gradient) clean = Run(50), dirty;
        for (int i = 0; i < 3; i++) Run(400);
        dirty = Run(50);
        Assert.Equal(clean.Output, dirty.Output);
        Assert.Equal(clean.Gradient, dirty.Gradient);

        (float[] Output, float[] Gradient) Run(int tokens)
        {
            using TensorScope scope = new();
            Tensor x = Tensor.Normal([tokens, 8], 0, 1, new Philox(5));
            x.RequiresGradient = true;
            (Tensor output, Routing routing) = layer.Forward(x, default);
            return (output.ToArray<float>(), Gradients.Of(output.Square().Sum() + routing.TotalLoss()!, [x])[0].ToArray<float>());
        }
    }
}

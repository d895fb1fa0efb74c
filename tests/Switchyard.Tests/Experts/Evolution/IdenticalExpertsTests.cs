using Switchyard.Experts;
using Switchyard.Experts.Banks;
using Switchyard.Experts.Evolution;
using Switchyard.Experts.Gates;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.Evolution;

/// <summary>
/// For y = Σ p_i E_i(x) with a softmax p the gradient of logit j is p_j(⟨δ, E_j⟩ - Σ p_i⟨δ, E_i⟩): nothing, where all E_i are
/// the same. Copies must be made different, or the task never teaches the gate to tell them apart.
/// </summary>
public sealed class IdenticalExpertsTests
{
    private const int Tokens = 20, Width = 6, Hidden = 10, Experts = 8;

    [Theory]
    [InlineData(SpawnMode.Copy, 0)]
    [InlineData(SpawnMode.Mask, 1e-4)]
    [InlineData(SpawnMode.Noise, 1e-4)]
    [InlineData(SpawnMode.MaskUnits, 1e-4)]
    public void The_gate_learns_from_the_task_only_where_experts_differ(SpawnMode mode, double atLeast)
    {
        using TensorScope scope = new();
        using MoeLayer layer = Spawned(mode);
        Tensor x = Tensor.Normal([Tokens, Width], 0, 1, new Philox(2), ElementType.Float64), upstream = Tensor.Normal([Tokens, Width], 0, 1, new Philox(3), ElementType.Float64);
        (Tensor output, Routing routing) = layer.Forward(x, new RoutingContext(new Philox(5)));
        Assert.Equal(Experts, routing.Statistics.ActivePerToken);
        (output * upstream).Sum().Backward();
        double largest = layer.Gate.Parameters().Single().Tensor.Gradient!.ToArray<double>().Max(Math.Abs);
        double experts = layer.Experts.Parameters().Max(static weight => weight.Tensor.Gradient!.ToArray<double>().Max(Math.Abs));
        if (atLeast == 0) Assert.InRange(largest, 0, 1e-14 * experts);
        else Assert.InRange(largest, atLeast * experts, experts);
    }

    [Fact]
    public void Copies_under_weights_that_sum_to_one_are_the_block()
    {
        using TensorScope scope = new();
        using MoeLayer layer = Spawned(SpawnMode.Copy);
        Tensor x = Tensor.Normal([Tokens, Width], 0, 1, new Philox(2), ElementType.Float64);
        Tensor output = layer.Forward(x, new RoutingContext(new Philox(5))).Output;
        Tensor one = layer.Experts.Forward(x, Tensor.From([0, Tokens, .. Enumerable.Repeat(Tokens, Experts - 1)], [Experts + 1]));
        double[] expected = one.ToArray<double>(), actual = output.ToArray<double>();
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 1e-13);
    }

    private static MoeLayer Spawned(SpawnMode mode)
    {
        Philox random = new(1);
        FeedForwardBank block = new(1, Width, Hidden, random, 0.5), bank = new(Experts, Width, Hidden, random);
        ExpertSpawner spawner = new(new SpawnOptions { Mode = mode, Share = 0.3 }, 4);
        foreach (((string name, Tensor from), (_, Tensor to)) in block.Parameters().Zip(bank.Parameters()))
            using (Gradients.Paused()) to.CopyFrom(spawner.Weights("layer", name, from.Reshape(from.Shape.Without(0)), Experts));
        DenseToSparseGate gate = new(Width, Experts, new DenseToSparseOptions { BalanceCoefficient = 0 }, random, 0.3);
        gate.Set(2, isHard: false);
        MoeLayer layer = new(gate, bank);
        layer.To(ElementType.Float64);
        return layer;
    }
}

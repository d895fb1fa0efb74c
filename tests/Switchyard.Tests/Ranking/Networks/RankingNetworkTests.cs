using Switchyard.Experts;
using Switchyard.Experts.Banks;
using Switchyard.Experts.Gates;
using Switchyard.Ranking.Networks;
using Switchyard.Tensors;

namespace Switchyard.Tests.Ranking.Networks;

public sealed class RankingNetworkTests
{
    private const int Width = 5;

    public static TheoryData<NetworkKind> Kinds => [.. Enum.GetValues<NetworkKind>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Gradients_are_those_of_finite_differences(NetworkKind kind)
    {
        using TensorScope scope = new();
        using RankingNetwork network = Make(kind, 2, dropout: 0);
        network.To(ElementType.Float64);
        // Biases of 0 would leave units exactly at the bend of their ReLU.
        using (Gradients.Paused())
        {
            Philox random = new(5);
            foreach ((_, Tensor parameter) in network.Parameters()) parameter.CopyFrom(Tensor.Normal(parameter.Shape, 0.1, 0.5, random, ElementType.Float64));
        }
        Tensor x = Tensor.Normal([3, Width], 0, 1, new Philox(2), ElementType.Float64);
        Tensor[] leaves = [x, .. network.Parameters().Select(static parameter => parameter.Tensor)];
        foreach (Tensor leaf in leaves) leaf.RequiresGradient = true;
        GradientCheck.RequireOfLeaves(() => network.Forward(x, null).Streams.Select((stream, task) => (stream.Square() * (task + 1)).Sum()).Aggregate(static (a, b) => a + b), 1e-6, leaves);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void One_task_is_enough(NetworkKind kind)
    {
        using TensorScope scope = new();
        using RankingNetwork network = Make(kind, 1, dropout: 0.3);
        Tensor stream = Assert.Single(network.Forward(Tensor.Normal([4, Width], 0, 1, new Philox(2)), new Philox(3)).Streams);
        Shape expected = [4, network.Width];
        Assert.Equal(expected, stream.Shape);
    }

    [Fact]
    public void Experts_differ_from_the_start_and_after_training()
    {
        using TensorScope scope = new();
        using RankingNetwork network = Make(NetworkKind.Mmoe, 2, dropout: 0.1);
        MlpBank bank = ((MultiGateMixture)network).Bank;
        AssertDistinct(bank);
        Tensor x = Tensor.Normal([64, Width], 0, 1, new Philox(2));
        using Switchyard.Modules.Optimisers.AdamW optimiser = new(network.Parameters());
        for (int step = 0; step < 20; step++)
        {
            Tensor loss = network.Forward(x, new Philox((ulong)step)).Streams.Select(stream => (stream - x.Slice(1, 0, 1)).Square().Mean()).Aggregate(static (a, b) => a + b);
            loss.Backward();
            optimiser.Step(0.01);
            optimiser.ClearGradients();
        }
        AssertDistinct(bank);

        static void AssertDistinct(MlpBank bank)
        {
            float[][] experts = [.. bank.Layers[0].Weight.ToArray<float>().Chunk((int)bank.Layers[0].Weight.Elements / bank.Experts)];
            for (int a = 0; a < experts.Length; a++)
                for (int b = 0; b < a; b++) Assert.Contains(experts[a].Zip(experts[b]), static pair => Math.Abs(pair.First - pair.Second) > 1e-3);
        }
    }

    [Theory]
    [InlineData(GateDropoutScope.Example)]
    [InlineData(GateDropoutScope.Batch)]
    public void A_gates_dropout_leaves_weights_that_sum_to_one_and_is_off_in_evaluation(GateDropoutScope scopeOfDraw)
    {
        using TensorScope scope = new();
        using SoftGate gate = new(Width, 6, new SoftOptions { Dropout = 0.5, DropoutScope = scopeOfDraw }, new Philox(1), 1);
        Tensor x = Tensor.Normal([50, Width], 0, 1, new Philox(2));
        float[][] training = Weights(gate.Route(x, new RoutingContext(new Philox(3))));
        Assert.All(training, static row => Assert.Equal(1, row.Sum(), 1e-5));
        int patterns = training.Select(static row => string.Concat(row.Select(static weight => weight == 0 ? '0' : '1'))).Distinct().Count();
        if (scopeOfDraw == GateDropoutScope.Batch) Assert.Equal(1, patterns);
        else Assert.InRange(patterns, 10, 50);
        gate.Train(false);
        Assert.All(Weights(gate.Route(x, new RoutingContext(new Philox(3)))), static row => Assert.DoesNotContain(0f, row));
    }

    [Fact]
    public void A_gate_that_spans_what_is_not_there_is_refused()
    {
        using MlpBank bank = new(2, Width, [3], new Philox(1));
        using SoftGate gate = new(Width, 2, new SoftOptions(), new Philox(1));
        Assert.Throws<ArgumentException>(() => new MultiGateLayer([new GateSpan("a", gate, [0, 2])], bank));
        Assert.Throws<ArgumentException>(() => new MultiGateLayer([new GateSpan("a", gate, [0])], bank));
        Assert.Throws<ArgumentException>(() => new MultiGateLayer([], bank));
    }

    private static float[][] Weights(Routing routing)
        => [.. routing.Weights.Reshape([routing.Experts, routing.Tokens]).Transpose(0, 1).ToArray<float>().Chunk(routing.Experts)];

    private static RankingNetwork Make(NetworkKind kind, int tasks, double dropout) => new NetworkOptions
    {
        Kind = kind,
        SharedWidths = [4],
        Experts = 3,
        ExpertWidths = [4, 3],
        Gate = new SoftOptions { Dropout = dropout },
    }.Make(Width, tasks, new Philox(1));
}

using Switchyard.Experts;
using Switchyard.Experts.Gates;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.Gates;

/// <summary>What the policy of a dense-to-sparse gate can change beside its schedule.</summary>
public sealed class DenseToSparseGateTests
{
    private const int Tokens = 40, Width = 6, Experts = 4, Vocabulary = 10;

    [Fact]
    public void Logits_of_ids_tell_tokens_apart_that_look_alike()
    {
        using TensorScope scope = new();
        using DenseToSparseGate gate = Gate(new DenseToSparseOptions { TokenDeviation = 4 });
        gate.Set(0.3, isHard: true);
        Tensor alike = Tensor.Full([Tokens, Width], 0.5);
        int[] experts = gate.Route(alike, Ids()).MainExperts();
        for (int token = Vocabulary; token < Tokens; token++) Assert.Equal(experts[token - Vocabulary], experts[token]);
        Assert.InRange(experts.Distinct().Count(), 2, Experts);
        Assert.Contains("give TokenIds", Assert.Throws<ArgumentException>(() => gate.Route(alike, default)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new DenseToSparseGate(Width, Experts, new DenseToSparseOptions { TokenDeviation = 4 }, new Philox(0)));
        Assert.Equal(Vocabulary * Experts, gate.TableParameterCount);
    }

    [Theory]
    [InlineData(ElementType.Float32)]
    [InlineData(ElementType.Float64)]
    public void Ids_are_dealt_evenly_by_how_often_they_occur(ElementType type)
    {
        using TensorScope scope = new();
        using DenseToSparseGate gate = Gate(new DenseToSparseOptions { TokenDeviation = 50 });
        gate.To(type);
        double[] before = [.. gate.Parameters().First(static one => one.Name == "token_logits").Tensor.To(ElementType.Float64).ToArray<double>().Order()];
        // The first id as often as all others together.
        int[] text = [.. Enumerable.Repeat(0, Vocabulary - 1), .. Enumerable.Range(1, Vocabulary - 1)];
        gate.Prepare(new TokenStatistics(text, Vocabulary));
        gate.Set(0.3, isHard: true);
        int[] experts = gate.Route(Tensor.Zeros([Vocabulary, Width], type), new RoutingContext { TokenIds = Tensor.From(Enumerable.Range(0, Vocabulary).ToArray(), [Vocabulary]) }).MainExperts();
        int[] loads = new int[Experts];
        foreach (int id in text) loads[experts[id]]++;
        Assert.Equal(Vocabulary - 1, loads.Max());
        Assert.InRange(loads.Where(static load => load < Vocabulary - 1).Max() - loads.Min(), 0, 1);
        // No logit is another than before: they only change places.
        Assert.Equal(before, gate.Parameters().First(static one => one.Name == "token_logits").Tensor.To(ElementType.Float64).ToArray<double>().Order());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Gradients_agree_with_differences(bool isHard)
    {
        using TensorScope scope = new();
        using DenseToSparseGate gate = Gate(new DenseToSparseOptions { TokenDeviation = 0.5, NoiseScale = 0.5, BalanceCoefficient = 0.7 });
        gate.To(ElementType.Float64);
        gate.Set(1, isHard);
        Tensor x = Tensor.Normal([Tokens, Width], 0, 1, new Philox(3), ElementType.Float64);
        x.RequiresGradient = true;
        GradientCheck.RequireOfLeaves(
            () =>
            {
                Routing routing = gate.Route(x, Ids() with { Random = new Philox(5) });
                return Tensor.Concat([routing.Weights, routing.TotalLoss()!.Reshape([1])], 0);
            },
            1e-6,
            [x, .. gate.Parameters().Select(static parameter => parameter.Tensor)]);
    }

    [Fact]
    public void Without_noise_training_weighs_as_evaluation_does()
    {
        using TensorScope scope = new();
        Tensor logits = Tensor.Normal([Tokens, Experts], 0, 1, new Philox(1));
        RoutingContext context = new(new Philox(2));
        using DenseToSparseGate noisy = Gate(new DenseToSparseOptions()), quiet = Gate(new DenseToSparseOptions { NoiseScale = 0 });
        foreach (DenseToSparseGate gate in (DenseToSparseGate[])[noisy, quiet])
        {
            float[] training = gate.Decide(logits, context).Weights.ToArray<float>();
            gate.Train(false);
            float[] evaluation = gate.Decide(logits, context).Weights.ToArray<float>();
            Assert.Equal(gate == quiet, training.AsSpan().SequenceEqual(evaluation));
        }
    }

    private static DenseToSparseGate Gate(DenseToSparseOptions options) => (DenseToSparseGate)options.Make(new GateSize(Width, Experts, Vocabulary), new Philox(0));

    private static RoutingContext Ids() => new() { TokenIds = Tensor.From([.. Enumerable.Range(0, Tokens).Select(static token => token % Vocabulary)], [Tokens]) };
}

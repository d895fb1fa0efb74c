using Switchyard.Experts;
using Switchyard.Experts.Banks;
using Switchyard.Experts.Gates;
using Switchyard.Modules;
using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;
using Switchyard.Tests.Tensors;

namespace Switchyard.Tests.Experts.Banks;

/// <summary>Experts that gather, work and combine in one against the three steps one after the other.</summary>
[Collection(nameof(WorkerPool))]
public sealed class FeedForwardBankTests : IDisposable
{
    private const int Experts = 5;
    private readonly int _threads = WorkerPool.Threads;

    public void Dispose() => WorkerPool.Threads = _threads;

    [Theory]
    [InlineData(FeedForwardActivation.SwiGlu, 1, 1, null)]
    [InlineData(FeedForwardActivation.SwiGlu, 40, 2, "0.6")]
    [InlineData(FeedForwardActivation.SwiGlu, 130, 3, null)]
    [InlineData(FeedForwardActivation.Relu, 17, 1, "1")]
    [InlineData(FeedForwardActivation.Relu, 130, 2, null)]
    [InlineData(FeedForwardActivation.Gelu, 30, 2, null)]
    public void A_whole_routing_is_the_three_steps(FeedForwardActivation activation, int tokens, int topK, string? capacityFactor)
    {
        const int Width = 30, Hidden = 27;
        using TensorScope scope = new();
        (TopKGate gate, FeedForwardBank bank) = Layer(Width, Hidden, activation, topK, capacityFactor);
        gate.To(ElementType.Float64);
        bank.To(ElementType.Float64);
        Tensor x = FusedGradients.Random(1, [tokens, Width]), upstream = FusedGradients.Random(2, [tokens, Width]);
        x.RequiresGradient = true;
        Tensor[] leaves = [x, .. gate.Parameters().Concat(bank.Parameters()).Select(static parameter => parameter.Tensor)];
        double[][] expected = Results(routing => routing.Combine(bank.Forward(routing.Gather(x), routing.Offsets)));
        double[][] actual = Results(routing => bank.Forward(x, routing));
        for (int i = 0; i < expected.Length; i++)
        {
            for (int j = 0; j < expected[i].Length; j++) Assert.Equal(expected[i][j], actual[i][j], 1e-12);
        }

        using (Gradients.Paused())
        {
            double[] unrecorded = bank.Forward(x, gate.Route(x, default)).ToArray<double>();
            for (int j = 0; j < unrecorded.Length; j++) Assert.Equal(expected[0][j], unrecorded[j], 1e-12);
        }

        double[][] Results(Func<Routing, Tensor> path)
        {
            Tensor y = path(gate.Route(x, default));
            return [y.ToArray<double>(), .. Gradients.Of(y, leaves, upstream).Select(static gradient => gradient.ToArray<double>())];
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Its_gradient_has_a_gradient(bool isGated)
    {
        using TensorScope scope = new();
        Tensor tokenOf = Tensor.From([0, 2, 2, 1, 0], [5]), offsets = Tensor.From([0, 2, 2, 5], [4]);
        Tensor[] inputs =
        [
            FusedGradients.Random(1, [3, 4]), FusedGradients.Random(2, [5]), FusedGradients.Random(3, [3, 2, 4]), FusedGradients.Random(4, [3, 4, 2]), FusedGradients.Random(5, [3, 2, 4]),
        ];
        Tensor Layer(Tensor[] x) => Tensor.ExpertFeedForward(x[0], tokenOf, offsets, x[1], isGated ? x[4] : null, x[2], x[3]);
        FusedGradients.Check(Layer, isGated ? inputs : inputs[..4]);
    }

    [Fact]
    public void Any_number_of_threads_gives_the_same_bits()
    {
        const int Width = 96, Hidden = 80;
        using TensorScope scope = new();
        (TopKGate gate, FeedForwardBank bank) = Layer(Width, Hidden, FeedForwardActivation.SwiGlu, 2, null);
        Tensor x = Tensor.Normal([500, Width], 0, 1, new Philox(9));
        x.RequiresGradient = true;
        Tensor[] leaves = [x, .. bank.Parameters().Select(static parameter => parameter.Tensor)];
        float[][]? first = null;
        foreach (int threads in new[] { 1, 2, 3 })
        {
            WorkerPool.Threads = threads;
            Tensor y = bank.Forward(x, gate.Route(x, default));
            float[][] results = [y.ToArray<float>(), .. Gradients.Of(y, leaves, x).Select(static gradient => gradient.ToArray<float>())];
            first ??= results;
            Assert.Equal(first, results);
        }
    }

    [Fact]
    public void What_does_not_match_is_refused()
    {
        using TensorScope scope = new();
        Tensor x = Tensor.Zeros([3, 4]), tokenOf = Tensor.From([0, 2], [2]), offsets = Tensor.From([0, 1, 2], [3]), weights = Tensor.Zeros([2]);
        Tensor up = Tensor.Zeros([2, 5, 4]), down = Tensor.Zeros([2, 4, 5]);
        Assert.Equal([3, 4], Tensor.ExpertFeedForward(x, tokenOf, offsets, weights, null, up, down).Shape.AsSpan().ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => Tensor.ExpertFeedForward(x, Tensor.From([0, 3], [2]), offsets, weights, null, up, down));
        Assert.Throws<ArgumentException>(() => Tensor.ExpertFeedForward(x, tokenOf, Tensor.From([0, 1, 3], [3]), weights, null, up, down));
        Assert.Throws<ArgumentException>(() => Tensor.ExpertFeedForward(x, tokenOf, offsets, Tensor.Zeros([3]), null, up, down));
        Assert.Throws<ArgumentException>(() => Tensor.ExpertFeedForward(x, tokenOf, offsets, weights, Tensor.Zeros([2, 4, 4]), up, down));
        Assert.Throws<ArgumentException>(() => Tensor.ExpertFeedForward(x, tokenOf, offsets, weights, null, up, up));
    }

    private static (TopKGate Gate, FeedForwardBank Bank) Layer(int width, int hidden, FeedForwardActivation activation, int topK, string? capacityFactor)
    {
        Philox random = new(5);
        TopKOptions options = new() { TopK = topK, CapacityFactor = capacityFactor is null ? null : decimal.Parse(capacityFactor, System.Globalization.CultureInfo.InvariantCulture) };
        return (new TopKGate(width, Experts, options, random, deviation: 1), new FeedForwardBank(Experts, width, hidden, random, 0.5, activation: activation));
    }
}

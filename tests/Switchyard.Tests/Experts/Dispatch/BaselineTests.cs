using Switchyard.Experts;
using Switchyard.Experts.Banks;
using Switchyard.Experts.Dispatch.Baselines;
using Switchyard.Experts.Gates;
using Switchyard.Tensors;
using Switchyard.Tests.Tensors;

namespace Switchyard.Tests.Experts.Dispatch;

/// <summary>Four ways from the same choices to the same answers: the list of pairs, the cube, the padded buffer and the loop.</summary>
public sealed class BaselineTests
{
    private const int Width = 6, Hidden = 5, Experts = 4;

    [Theory]
    [InlineData(1, 1, null)]
    [InlineData(13, 1, "1")]
    [InlineData(13, 2, null)]
    [InlineData(16, 2, "1")]
    [InlineData(16, 2, "0.5")]
    [InlineData(7, 4, null)]
    public void All_give_the_same_answers_and_gradients(int tokens, int topK, string? capacityFactor)
    {
        Compare(tokens, topK, capacityFactor, ElementType.Float64, 1e-12);
        Compare(tokens, topK, capacityFactor, ElementType.Float32, 1e-5);
    }

    private static void Compare(int tokens, int topK, string? capacityFactor, ElementType type, double tolerance)
    {
        using TensorScope scope = new();
        Philox random = new(5);
        TopKOptions options = new() { TopK = topK, CapacityFactor = capacityFactor is null ? null : decimal.Parse(capacityFactor, System.Globalization.CultureInfo.InvariantCulture) };
        using TopKGate gate = new(Width, Experts, options, random, deviation: 1);
        using FeedForwardBank bank = new(Experts, Width, Hidden, random, 0.5);
        gate.To(type);
        bank.To(type);
        Tensor x = FusedGradients.Random(1, [tokens, Width]).To(type), upstream = FusedGradients.Random(2, [tokens, Width]).To(type);
        x.RequiresGradient = true;
        Tensor[] leaves = [x, .. gate.Parameters().Concat(bank.Parameters()).Select(static parameter => parameter.Tensor)];
        Tensor Offsets(int rows) => Tensor.From([0, rows], [2]);
        Tensor One(int expert, Tensor rows)
        {
            // The same weights, cut out with their gradients.
            Tensor[] own = [.. bank.Parameters().Select(parameter => parameter.Tensor.Slice(0, expert, expert + 1))];
            Tensor inner = Tensor.SwiGlu(Tensor.GroupedLinear(rows, own[0], Offsets(rows.Shape[0])), Tensor.GroupedLinear(rows, own[1], Offsets(rows.Shape[0])));
            return Tensor.GroupedLinear(inner, own[2], Offsets(rows.Shape[0]));
        }

        RoutingStatistics statistics = gate.Route(x, default).Statistics;
        Assert.Equal(capacityFactor is not null && tokens > 1, statistics.Dropped > 0);
        int capacity = options.Capacity(tokens, Experts, isTraining: true) ?? (int)statistics.Load.Max();
        double[][] expected = Results(routing => routing.Combine(bank.Forward(routing.Gather(x), routing.Offsets)));
        AssertClose(expected, tolerance, Results(routing => EinsumDispatch.Forward(x, routing, capacity, bank)));
        AssertClose(expected, tolerance, Results(routing => PaddedBuffer.Forward(x, routing, capacity, bank)));
        AssertClose(expected, tolerance, Results(routing => SelectionLoop.Forward(x, routing, One)));

        double[][] Results(Func<Routing, Tensor> path)
        {
            Tensor y = path(gate.Route(x, default));
            return [Numbers(y), .. Gradients.Of(y, leaves, upstream).Select(Numbers)];
        }
    }

    private static double[] Numbers(Tensor tensor) => tensor.Detach().To(ElementType.Float64).ToArray<double>();

    private static void AssertClose(double[][] expected, double tolerance, double[][] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i].Length, actual[i].Length);
            for (int j = 0; j < expected[i].Length; j++) Assert.Equal(expected[i][j], actual[i][j], tolerance * Math.Max(1, Math.Abs(expected[i][j])));
        }
    }
}

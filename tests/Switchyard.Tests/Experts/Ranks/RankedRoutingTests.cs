using Switchyard.Collectives;
using Switchyard.Experts;
using Switchyard.Experts.Banks;
using Switchyard.Experts.Gates;
using Switchyard.Experts.Ranks;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.Ranks;

/// <summary>Whatever the gate: a batch spread over ranks is routed, balanced and learnt from as on one rank.</summary>
public sealed class RankedRoutingTests
{
    private const int Sequences = 4, Length = 6, Width = 8, Experts = 8, Vocabulary = 11;

    public static TheoryData<string> Gates => [.. GateCatalogue.All.Select(static gate => gate.Name)];

    [Theory]
    [MemberData(nameof(Gates))]
    public void Every_gate_decides_for_the_batch_of_all_ranks(string name)
    {
        Result expected = Run(name, 1);
        foreach (int ranks in (int[])[2, 3, 4])
        {
            Result actual = Run(name, ranks);
            Near(expected.Output, actual.Output, $"{ranks} ranks: output");
            Assert.Equal(expected.Load, actual.Load);
            Assert.Equal(expected.Dropped, actual.Dropped);
            Near([expected.Loss], [actual.Loss], $"{ranks} ranks: losses");
            foreach (string parameter in expected.Gradients.Keys) Near(expected.Gradients[parameter], actual.Gradients[parameter], $"{ranks} ranks: gradient of {parameter}");
            foreach (string buffer in expected.Buffers.Keys) Near(expected.Buffers[buffer], actual.Buffers[buffer], $"{ranks} ranks: {buffer} after the step");
        }
    }

    private static Result Run(string name, int ranks)
    {
        Result?[] results = new Result?[ranks];
        double[][] outputs = new double[ranks][];
        InProcessGroup.Run(ranks, group =>
        {
            using TensorScope scope = new();
            Gate gate = GateCatalogue.Find(name).Defaults.Make(new GateSize(Width, Experts, Vocabulary), new Philox(3));
            gate.Prepare(new TokenStatistics(Enumerable.Range(0, 300).Select(static i => i * i % Vocabulary).ToArray(), Vocabulary));
            using MoeLayer layer = new(gate, new FeedForwardBank(Experts, Width, 5, new Philox(4), 0.5));
            layer.To(ElementType.Float64);
            if (ranks > 1) layer.Distribute(group);
            gate.BeginStep(0);

            (int first, int end) = (Sequences * group.Rank / ranks, Sequences * (group.Rank + 1) / ranks);
            int count = (end - first) * Length;
            Tensor tokens = Tensor.Normal([Sequences * Length, Width], 0, 1, new Philox(9), ElementType.Float64).Slice(0, first * Length, end * Length);
            Philox whole = new(17);
            RoutingContext context = new(ranks == 1 ? whole : whole.Part(first, end - first, Sequences))
            {
                TokenIds = Own(static place => place * 5 % Vocabulary),
                PreviousIds = Own(static place => (place % Length == 0 ? place : place - 1) * 5 % Vocabulary),
                Positions = Own(static place => place % Length),
                Sequences = end - first,
            };
            if (ranks > 1) context = context with { Ranks = new RankedBatch(group, count, context) };
            (Tensor output, Routing routing) = layer.Forward(tokens, context);

            // Of every rank the share of its tokens, as a training step weighs them.
            Tensor loss = output.Square().Mean();
            if (routing.TotalLoss() is { } routed) loss += routed;
            loss.Backward(Tensor.Scalar((double)count / (Sequences * Length), ElementType.Float64));
            gate.EndStep();

            Dictionary<string, double[]> gradients = gate.Parameters().ToDictionary(static parameter => parameter.Name, parameter =>
            {
                double[] sum = parameter.Tensor.Gradient?.ToArray<double>() ?? new double[parameter.Tensor.Elements];
                group.AllReduce<double>(sum);
                return sum;
            });
            outputs[group.Rank] = output.ToArray<double>();
            results[group.Rank] = new Result(
                [], [.. routing.Statistics.Load], routing.Statistics.Dropped, routing.TotalLoss()?.ToDouble() ?? 0, gradients,
                gate.Buffers().ToDictionary(static buffer => buffer.Name, static buffer => buffer.Tensor.To(ElementType.Float64).ToArray<double>()));

            Tensor Own(Func<int, int> of) => Tensor.From(Enumerable.Range(first * Length, count).Select(of).ToArray(), [count]);
        });
        foreach (Result? result in results) Assert.Equal(results[0]!.Load, result!.Load);
        return results[0]! with { Output = [.. outputs.SelectMany(static output => output)] };
    }

    private static void Near(double[] expected, double[] actual, string what)
    {
        Assert.True(expected.Length == actual.Length, what);
        double scale = Math.Max(1e-6, expected.Max(Math.Abs));
        for (int i = 0; i < expected.Length; i++) Assert.True(Math.Abs(expected[i] - actual[i]) <= 1e-10 * scale, $"{what}, element {i}: {actual[i]} instead of {expected[i]}");
    }

    private sealed record Result(double[] Output, long[] Load, long Dropped, double Loss, Dictionary<string, double[]> Gradients, Dictionary<string, double[]> Buffers);
}

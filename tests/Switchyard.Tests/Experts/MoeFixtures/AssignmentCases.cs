using Switchyard.Experts;
using Switchyard.Experts.Gates;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.MoeFixtures;

/// <summary>Balanced assignment and the layer built on it.</summary>
internal static class AssignmentCases
{
    public static readonly Dictionary<string, Action<MoeCase>> Table = new()
    {
        ["base_assignment"] = Assignment,
        ["base_layer"] = Layer,
    };

    private static void Assignment(MoeCase c)
    {
        Tensor scores = c.Read("input.scores");
        int experts = c.Whole("experts"), tokens = scores.Shape[0];
        double[] numbers = MoeCase.Numbers(scores), raw = [.. numbers];
        if (c.OptionalInput("nonfinite") is { } marks)
        {
            int[] mark = marks.ToArray<int>();
            for (int i = 0; i < raw.Length; i++) raw[i] = mark[i] switch { 1 => double.NaN, 2 => double.PositiveInfinity, 3 => double.NegativeInfinity, _ => raw[i] };
        }
        Tensor logits = Tensor.From(raw, scores.Shape).To(c.Type);
        using BaseGate gate = new(1, experts, new BaseOptions(), new Philox(0));
        Routing routing = gate.Decide(logits, default);
        int[] expertOf = routing.Choices!.ToArray<int>();
        c.CheckScalar("total", expertOf.Select((expert, token) => numbers[token * experts + expert]).Sum());
        Assert.All(routing.Statistics.Load, load => Assert.InRange(load, tokens / experts, (tokens + experts - 1) / experts));
        gate.Train(false);
        if (c.OptionalInput("nonfinite") is null)
        {
            c.Check("output.greedy", gate.Decide(logits, default).Choices!);
            c.CheckScalar("total_greedy", gate.Decide(logits, default).Choices!.ToArray<int>().Select((expert, token) => numbers[token * experts + expert]).Sum());
        }
        // One of many optima; sizes and spreads of the input; another problem; greedy choice among scores that were repaired.
        c.PassOver("output.one_optimum", "scalars.tokens_per_expert", "scalars.score_range", "scalars.total_at_most_ceil", "output.greedy", "scalars.total_greedy");
    }

    private static void Layer(MoeCase c)
    {
        Tensor x = c.Input("x"), upstream = c.Read("input.upstream");
        int experts = c.Whole("experts"), sublayers = c.Whole("sublayers");
        using BaseGate gate = new(x.Shape[1], experts, new BaseOptions(), new Philox(0));
        gate.To(c.Type);
        gate.Load(_ => c.Read("input.centroids"));
        Routing routing = gate.Route(x, default);
        double[] scores = MoeCase.Numbers(routing.Logits!);
        int[] expertOf = routing.Choices!.ToArray<int>();
        c.CheckScalar("assignment_total", expertOf.Select((expert, token) => scores[token * experts + expert]).Sum());
        c.Check("output.expert", expertOf);

        Dictionary<string, Tensor> weights = ((string[])["w1", "b1", "w2", "b2", "beta", "gamma"]).ToDictionary(static name => name, c.Input);
        Tensor rows = routing.Gather(x), state = rows; // [tokens, width] grouped by expert
        for (int sublayer = 0; sublayer < sublayers; sublayer++)
        {
            Tensor normed = Tensor.LayerNorm(state, null, null, 1, c.Number("layer_norm_epsilon", 1e-5)) * PerRow("gamma", sublayer) + PerRow("beta", sublayer);
            Tensor hidden = (Tensor.GroupedLinear(normed, At("w1", sublayer), routing.Offsets) + PerRow("b1", sublayer)).Relu();
            state += Tensor.GroupedLinear(hidden, At("w2", sublayer), routing.Offsets) + PerRow("b2", sublayer);
        }
        // alpha·E(x) + (1 - alpha)·x = x + alpha·(E(x) - x)
        Tensor y = x + routing.Combine(state - rows);
        c.Check("output.y", y);
        Tensor objective = (y * upstream).Sum();
        c.CheckScalar("objective", objective.ToDouble());
        c.Check("grad.x", MoeCase.Gradient(objective, x));
        c.Check("grad.centroids", MoeCase.Gradient(objective, gate.Parameters().Single().Tensor));
        foreach ((string name, Tensor weight) in weights) c.Check($"grad.{name}", MoeCase.Gradient(objective, weight));

        Tensor At(string name, int sublayer) => weights[name].Slice(1, sublayer, sublayer + 1).Reshape(weights[name].Shape.Without(1));

        Tensor PerRow(string name, int sublayer)
        {
            int[] offsets = routing.Offsets.ToArray<int>();
            int[] expert = [.. Enumerable.Range(0, experts).SelectMany(e => Enumerable.Repeat(e, offsets[e + 1] - offsets[e]))];
            return At(name, sublayer).IndexSelect(0, Tensor.From(expert, [expert.Length]));
        }
    }
}

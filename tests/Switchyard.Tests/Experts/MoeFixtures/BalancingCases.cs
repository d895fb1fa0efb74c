using Switchyard.Experts;
using Switchyard.Experts.Gates;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.MoeFixtures;

/// <summary>Routers that balance without a loss, and the cosine router.</summary>
internal static class BalancingCases
{
    public static readonly Dictionary<string, Action<MoeCase>> Table = new()
    {
        ["sinkhorn"] = Sinkhorn,
        ["quantile_balancing"] = Quantile,
        ["bias_update"] = BiasUpdate,
        ["cosine_logits"] = Cosine,
    };

    private static void Sinkhorn(MoeCase c)
    {
        Tensor logits = c.Read("input.logits");
        double epsilon = c.Number("epsilon", 1e-8), tolerance = c.Number("tolerance", 1e-4);
        foreach (string name in c.Open.Where(static name => name.StartsWith("output.matrix_", StringComparison.Ordinal)).ToArray())
            c.Check(name, SinkhornMatrix.Of(logits, epsilon, -1, int.Parse(name.AsSpan("output.matrix_".Length))));
        c.Check("output.matrix", SinkhornMatrix.Of(logits, epsilon, tolerance, 1000));
        foreach (int k in (int[])[1, 2])
        {
            if (!c.Has($"output.expert_top{k}")) continue;
            SinkhornOptions options = new() { TopK = k, Epsilon = epsilon, Tolerance = tolerance, Score = k == 1 ? ScoreFunction.Sigmoid : ScoreFunction.Softmax };
            using SinkhornGate gate = new(1, logits.Shape[1], options, new Philox(0));
            Routing routing = gate.Decide(logits, default);
            c.Check($"output.expert_top{k}", routing.Choices!);
            c.Check($"output.weight_top{k}", Tensor.Zeros([(int)routing.Pairs!.Elements], c.Type).ScatterAdd(0, routing.Pairs!, routing.Weights));
        }
        c.PassOver("scalars.iterations", "scalars.iterations_float32", "scalars.largest_row_error", "scalars.largest_column_error");
    }

    private static void Quantile(MoeCase c)
    {
        Tensor logits = c.Read("input.logits"), trace = c.Read("output.bias_trace");
        int experts = c.Whole("experts"), k = c.Whole("choices");
        using QuantileGate gate = new(1, experts, new QuantileOptions { TopK = k }, new Philox(0));
        gate.To(c.Type);
        Tensor bias = gate.Buffers().Single().Tensor;
        bias.CopyFrom(c.Read("input.bias"));
        List<double> biases = [];
        List<int> loads = [];
        for (int round = 0; round < trace.Shape[0]; round++)
        {
            Routing routing = gate.Decide(logits, default);
            if (round == 0) c.Check("output.expert", routing.Choices!);
            loads.AddRange(routing.Statistics.Load.Select(static load => (int)load));
            gate.EndStep();
            biases.AddRange(MoeCase.Numbers(bias));
        }
        c.Check("output.bias_trace", Tensor.From(biases.ToArray(), trace.Shape));
        c.Check("output.load_trace", loads);
    }

    private static void BiasUpdate(MoeCase c)
    {
        double[] bias = MoeCase.Numbers(c.Read("input.bias"));
        List<double> trace = [];
        foreach (int[] loads in c.Read("input.loads").ToArray<int>().Chunk(bias.Length))
        {
            SigmoidBiasGate.Update<double>(bias, Array.ConvertAll(loads, static load => (long)load), c.Number("rate", 0.001));
            trace.AddRange(bias);
        }
        c.Check("output.bias_trace", Tensor.From(trace.ToArray(), [trace.Count]));
    }

    private static void Cosine(MoeCase c)
    {
        Tensor x = c.Input("x"), upstream = c.Read("input.upstream");
        using CosineGate gate = new(x.Shape[1], c.Whole("experts"), new CosineOptions { Projection = c.Read("input.projection").Shape[0], TopK = 1 }, new Philox(0));
        gate.To(c.Type);
        gate.Load(name => c.Read($"input.{name}"));
        Tensor logits = gate.Route(x, default).Logits!;
        c.Check("output.logits", logits);
        Tensor objective = (logits * upstream).Sum();
        c.CheckScalar("objective", objective.ToDouble());
        c.Check("grad.x", MoeCase.Gradient(objective, x));
        foreach ((string name, Tensor parameter) in gate.Parameters()) c.Check($"grad.{name}", MoeCase.Gradient(objective, parameter));
    }
}

using Switchyard.Experts;
using Switchyard.Experts.Gates;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.MoeFixtures;

/// <summary>Gates that change while training goes on.</summary>
internal static class StagedCases
{
    public static readonly Dictionary<string, Action<MoeCase>> Table = new()
    {
        ["stable_moe"] = Stable,
        ["dense_to_sparse"] = DenseToSparse,
    };

    private static void Stable(MoeCase c)
    {
        Tensor x = c.Input("x"), upstream = c.Read("input.upstream");
        int experts = c.Whole("experts"), vocabulary = c.Read("input.embedding").Shape[0];
        using StableGate gate = new(x.Shape[1], experts, vocabulary, new StableOptions
        {
            DistilledWidth = c.Read("input.embedding").Shape[1],
            BalanceCoefficient = c.Loss("balance")?.Coefficient ?? 0,
            DistilCoefficient = c.Loss("distil")?.Coefficient ?? 0,
            LossesAreSums = true,
        }, new Philox(0));
        gate.To(c.Type);
        Dictionary<string, string> stored = new() { ["weight"] = "centroids", ["distilled_embedding"] = "embedding", ["distilled_weight"] = "distilled_centroids" };
        gate.Load(name => name == "table" ? gate.Buffers().Single().Tensor : c.Read($"input.{stored[name]}"));
        if (c.Whole("stage") == 2) gate.BeginStep(1);
        Routing routing = gate.Route(x, new RoutingContext { TokenIds = c.Read("input.ids") });
        c.Check("output.expert", routing.Choices!);
        c.Check("output.weight", Tensor.Zeros([x.Shape[0]], c.Type).ScatterAdd(0, routing.TokenOf, routing.Weights));
        c.Check("output.counts", routing.Statistics.Load.Select(static load => (int)load));
        foreach (RoutingLoss loss in routing.Losses) c.CheckScalar($"losses.{loss.Name}", loss.Value.ToDouble());
        Tensor combined = (routing.Weights * upstream.IndexSelect(0, routing.TokenOf)).Sum();
        Tensor objective = routing.TotalLoss() is { } losses ? combined + losses : combined;
        c.CheckScalar("objective", objective.ToDouble());
        c.Check("grad.x", MoeCase.Gradient(objective, x));
        foreach ((string name, Tensor parameter) in gate.Parameters()) c.Check($"grad.{stored[name]}", MoeCase.Gradient(objective, parameter));
    }

    private static void DenseToSparse(MoeCase c)
    {
        Tensor logits = c.Input("logits"), upstream = c.Read("input.upstream"), gumbel = c.Read("input.gumbel");
        int experts = c.Whole("experts"), tokens = logits.Shape[0];
        bool isHard = c.Text("stage", "soft") == "hard";
        using DenseToSparseGate gate = new(1, experts, new DenseToSparseOptions
        {
            Threshold = c.Number("threshold", 0.001),
            Weights = c.Text("weight", "gumbel_softmax") == "softmax" ? DenseToSparseWeights.Softmax : DenseToSparseWeights.GumbelSoftmax,
            NoiseWhenHard = true,
            BalanceCoefficient = c.Loss("balance")?.Coefficient ?? 0,
        }, new Philox(0));
        gate.To(c.Type);
        gate.Set(c.Number("temperature", 1), isHard);
        RoutingContext context = new() { Noise = gumbel };
        Routing routing = gate.Decide(logits, context);
        Tensor active = new Choices(routing.Choices!).Mask(experts, ElementType.Int32);
        c.Check("output.noisy_probability", gate.NoisyProbabilities(logits, isHard, context));
        c.Check("output.active", active);
        c.Check("output.experts_per_token", active.ToArray<int>().Chunk(experts).Select(static token => token.Sum()));
        c.Check("output.weight", NoisyCases.Dense(routing, experts));
        c.Check("output.routing.token", routing.TokenOf);
        c.Check("output.routing.offsets", routing.Offsets);
        c.Check("output.routing.weight", routing.Weights);
        c.CheckScalar("active_per_token", (double)routing.Statistics.Pairs / tokens);
        foreach (RoutingLoss loss in routing.Losses)
        {
            c.CheckScalar($"losses.{loss.Name}", loss.Value.ToDouble());
            c.Check($"grad.{loss.Name}.logits", MoeCase.Gradient(loss.Value, logits));
        }
        Tensor combined = RoutingChecks.Combined(routing, upstream);
        c.Check("grad.combine.logits", MoeCase.Gradient(combined, logits));
        Tensor objective = routing.TotalLoss() is { } losses ? combined + losses : combined;
        c.CheckScalar("objective", objective.ToDouble());
        c.Check("grad.logits", MoeCase.Gradient(objective, logits));
    }
}

using Switchyard.Experts;
using Switchyard.Experts.Gates;
using Switchyard.Experts.Losses;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.MoeFixtures;

/// <summary>The gates of the 2017 paper.</summary>
internal static class NoisyCases
{
    public static readonly Dictionary<string, Action<MoeCase>> Table = new()
    {
        ["noisy_topk"] = Learnt,
        ["noisy_topk_fixed"] = Fixed,
        ["noisy_hierarchical"] = Hierarchical,
        ["strictly_balanced"] = StrictlyBalanced,
    };

    private static void Learnt(MoeCase c)
    {
        int experts = c.Whole("experts"), k = c.Whole("choices");
        Tensor x = c.Input("x"), upstream = c.Read("input.upstream"), noise = c.Read("input.noise");
        using NoisyTopKGate gate = new(x.Shape[1], experts, Policy(c, new NoisyTopKOptions { TopK = k, NoiseEpsilon = c.Number("noise_epsilon", 0) }), new Philox(0));
        gate.To(c.Type);
        gate.Load(name => c.Read(name == "weight" ? "input.wg" : "input.wn").Transpose(0, 1));
        gate.Train(c.Flag("training"));
        Routing routing = gate.Route(x, new RoutingContext { Noise = noise });
        Choices choices = new(routing.Choices!);
        c.Check("output.expert", choices.Experts);
        Tensor weights = InChoices(routing);
        c.Check("output.weight", weights);

        Tensor[] parameters = [.. gate.Parameters().Select(static parameter => parameter.Tensor)];
        Tensor clean = routing.Logits!, deviation = Tensor.Linear(x, parameters[1]).Softplus() + c.Number("noise_epsilon", 0);
        Tensor noisy = gate.IsTraining ? clean + noise * deviation : clean;
        c.Check("output.clean", clean);
        c.Check("output.stddev", deviation);
        c.Check("output.noisy", noisy);
        c.Check("output.gates", Tensor.Zeros(clean.Shape, c.Type).ScatterAdd(-1, choices.Experts, weights));
        c.Check("output.importance", gate.SumPerExpert(weights, choices));
        bool smooth = gate.IsTraining && k < experts;
        Tensor probability = smooth ? NoisyLoad.Probability(clean, deviation, noisy, choices, oneThreshold: false) : choices.Mask(experts, c.Type);
        c.Check("output.probability", probability);
        c.Check("output.load", probability.Sum([0]));
        Finish(c, routing, upstream, [("x", x)], [("wg", parameters[0]), ("wn", parameters[1])]);
    }

    private static void Fixed(MoeCase c)
    {
        int experts = c.Whole("experts");
        Tensor logits = c.Input("logits"), upstream = c.Read("input.upstream"), noise = c.Read("input.noise");
        double deviation = c.Number("stddev", 0);
        using NoisyTopKGate gate = new(1, experts, Policy(c, new NoisyTopKOptions { TopK = c.Whole("choices"), FixedNoise = deviation * experts }), new Philox(0));
        Tensor spread = Tensor.Scalar(deviation, c.Type);
        Routing routing = gate.Decide(logits, spread, new RoutingContext { Noise = noise });
        Choices choices = new(routing.Choices!);
        c.Check("output.expert", choices.Experts);
        c.Check("output.weight", InChoices(routing));
        Tensor noisy = logits + noise * spread;
        c.Check("output.noisy", noisy);
        c.Check("output.importance", logits.Softmax().Sum([0]));
        c.Check("output.load", NoisyLoad.Probability(logits, spread, noisy, choices, oneThreshold: true).Sum([0]));
        c.Check("grad.combine.logits", MoeCase.Gradient(RoutingChecks.Combined(routing, upstream), logits));
        foreach (RoutingLoss loss in routing.Losses) c.Check($"grad.{loss.Name}.logits", MoeCase.Gradient(loss.Value, logits));
        Finish(c, routing, upstream, [("logits", logits)], []);
    }

    private static void Hierarchical(MoeCase c)
    {
        int groups = c.Whole("groups"), each = c.Whole("experts_per_group"), experts = groups * each;
        Tensor x = c.Input("x");
        int tokens = x.Shape[0], width = x.Shape[1];
        using HierarchicalGate gate = new(width, experts, new HierarchicalOptions
        {
            Groups = groups,
            TopK = c.Whole("choices"),
            NoiseEpsilon = c.Number("noise_epsilon", 0),
            Variance = c.Text("variance", "sample") == "sample" ? Variance.Sample : Variance.Population,
            ImportanceCoefficient = c.Loss("importance")?.Coefficient ?? 0,
            LoadCoefficient = c.Loss("load")?.Coefficient ?? 0,
        }, new Philox(0));
        gate.To(c.Type);
        // Stored as [width, groups] and [groups, width, experts of a group]; here one row per group or expert.
        gate.Load(name => name switch
        {
            "weight" => c.Read("input.wg").Transpose(0, 1),
            "noise_weight" => c.Read("input.wn").Transpose(0, 1),
            "inner_weight" => Rows(c.Read("input.sg")),
            _ => Rows(c.Read("input.sn")),
        });
        Tensor noise = Tensor.Concat([c.Read("input.noise"), c.Read("input.noise2").Permute([1, 0, 2]).Reshape([tokens, experts])], 1);
        Routing routing = gate.Route(x, new RoutingContext { Noise = noise });

        Tensor[] p = [.. gate.Parameters().Select(static parameter => parameter.Tensor)];
        HierarchicalGate.Level upper = gate.Look(x, p[0], p[1], noise.Slice(-1, 0, groups), [tokens, groups]);
        HierarchicalGate.Level lower = gate.Look(x, p[2], p[3], noise.Slice(-1, groups), [tokens * groups, each]);
        c.Check("output.primary_expert", upper.Choices.Experts);
        int k = c.Whole("choices");
        int[] inner = lower.Choices.Experts.ToArray<int>();
        c.Check("output.secondary_expert", from g in Enumerable.Range(0, groups) from t in Enumerable.Range(0, tokens) from j in Enumerable.Range(0, k) select inner[(t * groups + g) * k + j]);
        Tensor weights = Dense(routing, experts);
        c.Check("output.weight", weights);
        c.Check("output.importance", HierarchicalGate.Importance(weights, default));
        c.Check("output.load", gate.Load(upper, lower, default));
        foreach (RoutingLoss loss in routing.Losses) c.CheckScalar($"losses.{loss.Name}", loss.Value.ToDouble());
        Tensor objective = RoutingChecks.Combined(routing, c.Read("input.upstream").Reshape([tokens, experts])) + routing.TotalLoss()!;
        c.CheckScalar("objective", objective.ToDouble());
        Tensor[] gradients = Gradients.Of(objective, [x, .. p]);
        c.Check("grad.x", gradients[0]);
        c.Check("grad.wg", gradients[1].Transpose(0, 1));
        c.Check("grad.wn", gradients[2].Transpose(0, 1));
        c.Check("grad.sg", gradients[3].Reshape([groups, each, width]).Transpose(1, 2));
        c.Check("grad.sn", gradients[4].Reshape([groups, each, width]).Transpose(1, 2));

        Tensor Rows(Tensor stored) => stored.Transpose(1, 2).Reshape([experts, width]);
    }

    private static void StrictlyBalanced(MoeCase c)
    {
        Tensor logits = c.Input("logits"), upstream = c.Read("input.upstream");
        int experts = c.Whole("experts"), tokens = logits.Shape[0];
        using StrictlyBalancedGate gate = new(1, experts, new StrictlyBalancedOptions
        {
            CapacityFactor = (c.Whole("tokens_per_expert") - 0.5m) * experts / tokens,
            ThresholdCoefficient = c.Loss("threshold")?.Coefficient ?? 0,
        }, new Philox(0));
        gate.To(c.Type);
        gate.Load(name => name == "thresholds" ? c.Read("input.thresholds") : Tensor.Zeros([experts, 1], c.Type));
        Tensor thresholds = gate.Parameters().Single(static parameter => parameter.Name == "thresholds").Tensor;
        Routing routing = gate.Decide(logits, default);
        c.Check("output.batch_mask", new Choices(routing.Choices!).Mask(experts, ElementType.Int32));
        c.Check("output.weight", Dense(routing, experts));
        foreach (RoutingLoss loss in routing.Losses) c.CheckScalar($"losses.{loss.Name}", loss.Value.ToDouble());
        Tensor objective = RoutingChecks.Combined(routing, upstream) + routing.TotalLoss()!;
        c.CheckScalar("objective", objective.ToDouble());
        c.Check("grad.logits", MoeCase.Gradient(objective, logits));
        c.Check("grad.thresholds", MoeCase.Gradient(objective, thresholds));
        gate.Train(false);
        c.Check("output.threshold_mask", new Choices(gate.Decide(logits, default).Choices!).Mask(experts, ElementType.Int32));
    }

    /// <summary>The weights of the pairs at their choices [tokens, choices].</summary>
    private static Tensor InChoices(Routing routing)
    {
        Tensor choices = routing.Choices!;
        return Tensor.Zeros([(int)choices.Elements], routing.Weights.Type).ScatterAdd(0, routing.Pairs!, routing.Weights).Reshape(choices.Shape);
    }

    /// <summary>The weights of the pairs at their experts [tokens, experts].</summary>
    internal static Tensor Dense(Routing routing, int experts)
    {
        int[] offsets = routing.Offsets.ToArray<int>(), tokenOf = routing.TokenOf.ToArray<int>(), place = new int[tokenOf.Length];
        for (int expert = 0; expert < experts; expert++)
            for (int pair = offsets[expert]; pair < offsets[expert + 1]; pair++) place[pair] = tokenOf[pair] * experts + expert;
        return Tensor.Zeros([routing.Tokens * experts], routing.Weights.Type).ScatterAdd(0, Tensor.From(place, [place.Length]), routing.Weights).Reshape([routing.Tokens, experts]);
    }

    private static NoisyTopKOptions Policy(MoeCase c, NoisyTopKOptions options) => options with
    {
        Variance = c.Text("variance", "sample") == "sample" ? Variance.Sample : Variance.Population,
        ImportanceCoefficient = c.Loss("importance")?.Coefficient ?? 0,
        LoadCoefficient = c.Loss("load")?.Coefficient ?? 0,
    };

    private static void Finish(MoeCase c, Routing routing, Tensor upstream, (string Name, Tensor Leaf)[] leaves, (string Name, Tensor Leaf)[] matrices)
    {
        foreach (RoutingLoss loss in routing.Losses) c.CheckScalar($"losses.{loss.Name}", loss.Value.ToDouble());
        Tensor combined = RoutingChecks.Combined(routing, upstream);
        Tensor objective = routing.TotalLoss() is { } losses ? combined + losses : combined;
        c.CheckScalar("objective", objective.ToDouble());
        foreach ((string name, Tensor leaf) in leaves) c.Check($"grad.{name}", MoeCase.Gradient(objective, leaf));
        foreach ((string name, Tensor leaf) in matrices) c.Check($"grad.{name}", MoeCase.Gradient(objective, leaf).Transpose(0, 1));
    }
}

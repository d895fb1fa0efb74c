using Switchyard.Experts;
using Switchyard.Experts.Dispatch;
using Switchyard.Experts.Gates;
using Switchyard.Experts.Losses;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.MoeFixtures;

/// <summary>Gates whose tokens choose a fixed number of experts.</summary>
internal static class TokenChoiceCases
{
    public static readonly Dictionary<string, Action<MoeCase>> Table = new()
    {
        ["switch"] = static c => Walk(c, new TopKOptions()),
        ["topk"] = static c => Walk(c, new TopKOptions()),
        ["top2"] = static c => Walk(c, new Top2Options { Second = Second(c) }),
        ["group_limited"] = static c => Walk(c, Grouped(c, new GroupLimitedOptions())),
        ["topology"] = static c => Walk(c, new TopologyOptions { ExpertsPerNode = c.Whole("experts_per_node"), Node = c.Whole("node"), OutgoingFraction = c.Number("outgoing_fraction", 0) }),
        ["sam"] = static c =>
        {
            Walk(c, new SamOptions { Groups = c.Whole("groups"), AlignmentCoefficient = c.Loss("alignment")?.Coefficient ?? 0, AlignmentIsSum = true });
            Groups(c);
            c.PassOver("grad.alignment_threshold_held.logits"); // Hetu's gradient, not the true one
        },
        ["prototypes"] = static c =>
        {
            int tokens = c.Read("input.logits").Shape[0];
            Walk(c, (gateOptions, size) => (RouterGate)gateOptions.Make(size, new Philox(0)), SlotPolicy(c, new PrototypeOptions { Prototypes = c.Whole("prototypes"), BalanceCoefficient = c.Loss("balance")?.Coefficient ?? 0, ZCoefficient = c.Loss("z")?.Coefficient ?? 0 }, tokens));
        },
        ["sigmoid_bias"] = static c => Walk(c, Grouped(c, new SigmoidBiasOptions())),
    };

    /// <summary>The policy of slots that the knobs of a case ask for.</summary>
    public static TOptions SlotPolicy<TOptions>(MoeCase c, TOptions options, int tokens)
        where TOptions : SlotOptions
    {
        int experts = c.Whole("experts"), sequences = c.Whole("groups_of_tokens", 1);
        return options with
        {
            CapacityFactor = c.Whole("capacity", -1) is var capacity && capacity < 0 ? null : Factor(capacity, c.Whole("choices", 1), tokens / sequences, experts),
            SlotsPerSequence = sequences > 1,
            SlotOrder = c.Text("slot_order", "choice_token") switch { "choice_token" => SlotOrder.ChoiceThenToken, "token_choice" => SlotOrder.TokenThenChoice, "priority" => SlotOrder.ChoiceThenPriority, var other => throw Unknown("slot_order", other) },
            DropRule = c.Text("drop", "overflow") switch { "overflow" => DropRule.LastInOrder, "lowest_weight" => DropRule.LowestWeight, "lowest_p" => DropRule.LowestProbability, "lowest_draw" => DropRule.LowestDraw, var other => throw Unknown("drop", other) },
        };
    }

    /// <summary>The policy that the knobs of a case ask for.</summary>
    public static TOptions Policy<TOptions>(MoeCase c, TOptions options, int tokens)
        where TOptions : TopKOptions
        => SlotPolicy(c, options, tokens) with
        {
            TopK = c.Whole("choices"),
            Score = c.Text("score", "softmax") switch { "softmax" => ScoreFunction.Softmax, "sigmoid" => ScoreFunction.Sigmoid, "sqrt_softplus" => ScoreFunction.SquareRootSoftplus, var other => throw Unknown("score", other) },
            Weights = c.Text("weight", "score") switch { "score" => CombineWeights.Score, "softmax_over_chosen" => CombineWeights.SoftmaxOverChosen, "one" => CombineWeights.One, var other => throw Unknown("weight", other) },
            Renormalise = c.Text("renormalise", "none") switch { "none" => Renormalisation.None, "before_drop" => Renormalisation.BeforeDropping, "after_drop" => Renormalisation.AfterDropping, var other => throw Unknown("renormalise", other) },
            Norm = c.Number("p_norm", 1),
            Scale = c.Number("scale", 1),
            Jitter = c.Number("jitter", 0),
            RouterBias = c.Flag("gate_bias"),
            BalanceCoefficient = c.Loss("balance")?.Coefficient ?? 0,
            BalanceOver = c.Loss("balance")?.Kind switch { "balance_first" => BalanceOver.FirstChoices, "balance_sum_over_choices" => BalanceOver.SumOverChoices, "balance" or "balance_mean_over_groups" or "balance_per_prototype" or null => BalanceOver.AllChoices, var other => throw Unknown("loss", other) },
            BalanceScope = c.Loss("balance")?.Kind == "balance_mean_over_groups" ? BalanceScope.Sequence : BalanceScope.Batch,
            ZCoefficient = c.Loss("z")?.Coefficient ?? 0,
        };

    /// <summary>A capacity factor that comes to exactly so many slots.</summary>
    public static decimal Factor(int capacity, int choices, int tokens, int experts) => (capacity - 0.5m) * experts / ((decimal)choices * Math.Max(1, tokens));

    /// <summary>Routes by the policy of a case and compares everything.</summary>
    public static void Walk(MoeCase c, TopKOptions options)
    {
        int tokens = c.OptionalInput("mask")?.ToArray<int>().Count(static flag => flag != 0) ?? c.Read("input.upstream").Shape[0];
        Walk(c, (made, size) => (TopKGate)made.Make(size, new Philox(0)), Policy(c, options, tokens));
    }

    private static void Walk<TOptions>(MoeCase c, Func<SlotOptions, GateSize, RouterGate> make, TOptions options)
        where TOptions : SlotOptions
    {
        Tensor upstream = c.Read("input.upstream");
        GateSize size = new(c.HasInput("x") ? c.Read("input.x").Shape[1] : 1, upstream.Shape[1]);
        using RouterGate gate = make(options, size), dropless = make(options with { CapacityFactor = null }, size);
        foreach (RouterGate each in (RouterGate[])[gate, dropless])
        {
            each.To(c.Type);
            if (c.OptionalInput("bias") is { } bias) each.Buffers().Single(static buffer => buffer.Name == "balancing_bias").Tensor.CopyFrom(bias);
        }
        RoutingContext context = new()
        {
            Mask = c.OptionalInput("mask"),
            Sequences = c.Whole("groups_of_tokens", 1),
            Noise = c.OptionalInput("draws") ?? c.OptionalInput("gumbel") ?? c.OptionalInput("jitter"),
        };
        if (c.HasInput("x")) WalkFromTokens(c, gate, dropless, upstream, context);
        else WalkFromLogits(c, gate, dropless, upstream, context);
    }

    private static void WalkFromLogits(MoeCase c, RouterGate gate, RouterGate dropless, Tensor upstream, RoutingContext context)
    {
        Tensor logits = c.Input("logits");
        Routing routing = gate.Decide(logits, context);
        CheckRouting(c, routing, dropless.Decide(logits, context), upstream);
        Tensor combined = RoutingChecks.Combined(routing, upstream);
        c.Check("grad.combine.logits", MoeCase.Gradient(combined, logits));
        foreach (RoutingLoss loss in routing.Losses) c.Check($"grad.{loss.Name}.logits", MoeCase.Gradient(loss.Value, logits));
        c.Check("grad.logits", MoeCase.Gradient(routing.TotalLoss() is { } losses ? combined + losses : combined, logits));
        if (gate is GroupLimitedGate grouped && c.Has("output.groups")) c.Check("output.groups", grouped.BestGroups(logits.Detach()));
    }

    private static void WalkFromTokens(MoeCase c, RouterGate gate, RouterGate dropless, Tensor upstream, RoutingContext context)
    {
        Tensor x = c.Input("x");
        Tensor weight = Parameter(gate, "weight");
        foreach (RouterGate each in (RouterGate[])[gate, dropless])
            each.Load(name => name == "bias" ? c.Read("input.b") : c.HasInput("wg") ? c.Read("input.wg").Transpose(0, 1) : c.Read("input.w"));
        Routing routing = gate.Route(x, context);
        c.Check("output.logits", routing.Logits!);
        CheckRouting(c, routing, dropless.Route(x, context), upstream);
        Tensor combined = RoutingChecks.Combined(routing, upstream);
        Tensor objective = routing.TotalLoss() is { } losses ? combined + losses : combined;
        c.Check("grad.x", MoeCase.Gradient(objective, x));
        Tensor ofWeight = MoeCase.Gradient(objective, weight);
        c.Check("grad.wg", ofWeight.Transpose(0, 1));
        c.Check("grad.w", ofWeight);
        c.Check("grad.logits", MoeCase.Gradient(objective, routing.Logits!));
        if (c.HasInput("b")) c.Check("grad.b", MoeCase.Gradient(objective, Parameter(gate, "bias")));
    }

    private static void CheckRouting(MoeCase c, Routing routing, Routing dropless, Tensor upstream)
    {
        RoutingChecks.Check(c, routing, dropless);
        Tensor combined = RoutingChecks.Combined(routing, upstream);
        c.CheckScalar("objective", combined.ToDouble() + (routing.TotalLoss()?.ToDouble() ?? 0));
    }

    private static Tensor Parameter(RouterGate gate, string name) => gate.Parameters().Single(parameter => parameter.Name == name).Tensor;

    private static SecondChoice Second(MoeCase c) => c.Text("second", "argmax") switch
    {
        "argmax" => SecondChoice.NextBest,
        "gumbel" => SecondChoice.Gumbel,
        "keep_2g" => SecondChoice.KeepByShare,
        "keep_2p" => SecondChoice.KeepByProbability,
        "keep_threshold" => SecondChoice.KeepByThreshold,
        var other => throw Unknown("second", other),
    };

    private static TOptions Grouped<TOptions>(MoeCase c, TOptions options)
        where TOptions : GroupLimitedOptions
        => options with { Groups = c.Whole("groups", 1), GroupsKept = c.Whole("groups_kept", 1), GroupScoreTop = c.Whole("group_score_top", 1) };

    /// <summary>The group that a token's experts are of, and the sums that decide it.</summary>
    private static void Groups(MoeCase c)
    {
        int groups = c.Whole("groups"), experts = c.Whole("experts");
        Tensor sums = c.Read("input.logits").Softmax().Reshape([c.Read("input.logits").Shape[0], groups, experts / groups]).Sum([-1]); // [tokens, groups]
        c.Check("output.group_sum", sums);
        c.Check("output.group", new ExpertGroups(groups, 1, experts / groups).Best(c.Read("input.logits").Softmax()));
    }

    private static NotSupportedException Unknown(string knob, string value) => new($"{knob} '{value}' has no counterpart here");
}

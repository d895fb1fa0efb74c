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
        ["sigmoid_bias"] = static c => Walk(c, Grouped(c, new SigmoidBiasOptions())),
    };

    /// <summary>The policy that the knobs of a case ask for.</summary>
    public static TOptions Policy<TOptions>(MoeCase c, TOptions options, int tokens)
        where TOptions : TopKOptions
    {
        int choices = c.Whole("choices"), experts = c.Whole("experts"), sequences = c.Whole("groups_of_tokens", 1);
        return options with
        {
            TopK = choices,
            CapacityFactor = c.Whole("capacity", -1) is var capacity && capacity < 0 ? null : Factor(capacity, choices, tokens / sequences, experts),
            SlotsPerSequence = sequences > 1,
            Score = c.Text("score", "softmax") switch { "softmax" => ScoreFunction.Softmax, "sigmoid" => ScoreFunction.Sigmoid, "sqrt_softplus" => ScoreFunction.SquareRootSoftplus, var other => throw Unknown("score", other) },
            Weights = c.Text("weight", "score") switch { "score" => CombineWeights.Score, "softmax_over_chosen" => CombineWeights.SoftmaxOverChosen, "one" => CombineWeights.One, var other => throw Unknown("weight", other) },
            Renormalise = c.Text("renormalise", "none") switch { "none" => Renormalisation.None, "before_drop" => Renormalisation.BeforeDropping, "after_drop" => Renormalisation.AfterDropping, var other => throw Unknown("renormalise", other) },
            Norm = c.Number("p_norm", 1),
            Scale = c.Number("scale", 1),
            SlotOrder = c.Text("slot_order", "choice_token") switch { "choice_token" => SlotOrder.ChoiceThenToken, "token_choice" => SlotOrder.TokenThenChoice, "priority" => SlotOrder.ChoiceThenPriority, var other => throw Unknown("slot_order", other) },
            DropRule = c.Text("drop", "overflow") switch { "overflow" => DropRule.LastInOrder, "lowest_weight" => DropRule.LowestWeight, "lowest_p" => DropRule.LowestProbability, "lowest_draw" => DropRule.LowestDraw, var other => throw Unknown("drop", other) },
            Jitter = c.Number("jitter", 0),
            RouterBias = c.Flag("gate_bias"),
            BalanceCoefficient = c.Loss("balance")?.Coefficient ?? 0,
            BalanceOver = c.Loss("balance")?.Kind switch { "balance_first" => BalanceOver.FirstChoices, "balance_sum_over_choices" => BalanceOver.SumOverChoices, "balance" or "balance_mean_over_groups" or "balance_per_prototype" or null => BalanceOver.AllChoices, var other => throw Unknown("loss", other) },
            BalanceScope = c.Loss("balance")?.Kind == "balance_mean_over_groups" ? BalanceScope.Sequence : BalanceScope.Batch,
            ZCoefficient = c.Loss("z")?.Coefficient ?? 0,
        };
    }

    /// <summary>A capacity factor that comes to exactly so many slots.</summary>
    public static decimal Factor(int capacity, int choices, int tokens, int experts) => (capacity - 0.5m) * experts / ((decimal)choices * Math.Max(1, tokens));

    /// <summary>Routes by given router logits and compares everything.</summary>
    public static void Walk(MoeCase c, TopKOptions options)
    {
        bool fromTokens = c.HasInput("x");
        Tensor? mask = c.OptionalInput("mask");
        Tensor upstream = c.Read("input.upstream");
        int tokens = upstream.Shape[0], valid = mask?.ToArray<int>().Count(static flag => flag != 0) ?? tokens;
        options = Policy(c, options, valid);
        int width = fromTokens ? c.Read("input.x").Shape[1] : 1;
        using TopKGate gate = (TopKGate)options.Make(new GateSize(width, upstream.Shape[1]), new Philox(0));
        using TopKGate dropless = (TopKGate)(options with { CapacityFactor = null }).Make(new GateSize(width, upstream.Shape[1]), new Philox(0));
        gate.To(c.Type);
        dropless.To(c.Type);
        if (c.OptionalInput("bias") is { } bias)
            foreach (TopKGate each in (TopKGate[])[gate, dropless]) each.Buffers().Single(static buffer => buffer.Name == "balancing_bias").Tensor.CopyFrom(bias);
        RoutingContext context = new()
        {
            Mask = mask,
            Sequences = c.Whole("groups_of_tokens", 1),
            Noise = c.OptionalInput("draws") ?? c.OptionalInput("gumbel") ?? c.OptionalInput("jitter"),
        };
        if (fromTokens) WalkFromTokens(c, gate, dropless, upstream, context);
        else WalkFromLogits(c, gate, dropless, upstream, context);
    }

    private static void WalkFromLogits(MoeCase c, TopKGate gate, TopKGate dropless, Tensor upstream, RoutingContext context)
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

    private static void WalkFromTokens(MoeCase c, TopKGate gate, TopKGate dropless, Tensor upstream, RoutingContext context)
    {
        Tensor x = c.Input("x");
        Tensor weight = Parameter(gate, "weight");
        weight.CopyFrom(c.HasInput("wg") ? c.Read("input.wg").Transpose(0, 1) : c.Read("input.w"));
        Parameter(dropless, "weight").CopyFrom(weight.Detach());
        if (c.HasInput("b"))
            foreach (TopKGate each in (TopKGate[])[gate, dropless]) Parameter(each, "bias").CopyFrom(c.Read("input.b"));
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

    private static Tensor Parameter(TopKGate gate, string name) => gate.Parameters().Single(parameter => parameter.Name == name).Tensor;

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

    private static NotSupportedException Unknown(string knob, string value) => new($"{knob} '{value}' has no counterpart here");
}

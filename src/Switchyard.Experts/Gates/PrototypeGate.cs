using Switchyard.Experts.Dispatch;
using Switchyard.Experts.Losses;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>k top-1 experts: experts in k prototypes, one of each; capacity factor 1.25 while training.</summary>
public sealed record PrototypeOptions : SlotOptions
{
    /// <summary>The paper's policy.</summary>
    public PrototypeOptions() => CapacityFactor = 1.25m;

    /// <summary>How many equal slices of neighbours the experts make: as many as a token has experts.</summary>
    public int Prototypes { get; init; } = 2;

    /// <summary>Coefficient of the load-balance loss inside the prototypes, the mean over them (1 at perfect balance, before the coefficient).</summary>
    public double BalanceCoefficient { get; init; } = 0.01;

    /// <summary>Coefficient of the router z-loss.</summary>
    public double ZCoefficient { get; init; }

    /// <inheritdoc/>
    public override Gate Make(GateSize size, Philox random) => new PrototypeGate(size.Width, size.Experts, this, random);

    /// <inheritdoc/>
    public override double ExpertsPerToken(int experts) => Prototypes;

    /// <inheritdoc/>
    public override void Check(int experts)
    {
        base.Check(experts);
        if (Prototypes < 1 || experts % Prototypes != 0) throw new ArgumentException($"{experts} experts do not make {Prototypes} equal prototypes: give a number that divides them");
        CheckCoefficients(("balance loss", BalanceCoefficient), ("z-loss", ZCoefficient));
    }
}

/// <summary>
/// Expert prototyping: k routers side by side, each with its own slice of the experts and its own softmax, each choosing
/// one: y = Σ_i max p⁽ⁱ⁾·f(x), not normalised across prototypes (M6-T, arXiv 2105.15082, §3.2). The slices are disjoint, so
/// k choices cost no more bookkeeping than one.
/// </summary>
public sealed class PrototypeGate : LinearGate
{
    private readonly PrototypeOptions _options;

    /// <summary>Makes a gate.</summary>
    /// <inheritdoc cref="TopKGate(int, int, TopKOptions, Philox, double)"/>
    public PrototypeGate(int width, int experts, PrototypeOptions options, Philox random, double deviation = 0.02)
        : base(width, experts, random, deviation)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check(experts);
        _options = options;
    }

    /// <inheritdoc/>
    protected override Routing Choose(Tensor logits, RoutingContext context)
    {
        int tokens = logits.Shape[0], prototypes = _options.Prototypes, each = Experts / prototypes;
        Tensor scores = logits.Reshape([tokens, prototypes, each]).Softmax().Reshape(logits.Shape); // [tokens, experts]
        Choices choices = context.Replay is { } replay ? new(replay.Recorded.Choices) : Best(logits, prototypes).Without(context.Mask);
        Tensor weights = scores.Gather(-1, choices.Columns); // [tokens, prototypes]
        Slots slots = Slots.By(choices, _options, IsTraining, scores, weights, context);

        List<RoutingLoss> losses = [];
        // N·Σ f·P over all slices is the sum over slices of (N/k)·Σ (pairs/T)·P inside each.
        if (_options.BalanceCoefficient != 0) losses.Add(new("balance", LoadBalance.Loss(scores, choices, BalanceOver.AllChoices, BalanceScope.Batch, _options.BalanceCoefficient, null, context)));
        losses.AddZ(logits, _options.ZCoefficient, context);
        return new Routing(choices, slots, weights, losses, RouterEntropy.Mean(logits.Detach().Softmax(), context)) { Logits = logits };
    }

    private static Choices Best(Tensor logits, int prototypes)
    {
        using Gradients.Pause pause = Gradients.Paused();
        int tokens = logits.Shape[0], each = logits.Shape[1] / prototypes;
        Tensor best = logits.Reshape([tokens, prototypes, each]).ArgMax(-1); // Int32 [tokens, prototypes]
        Span<int> experts = best.AsSpan<int>();
        for (int i = 0; i < experts.Length; i++) experts[i] += i % prototypes * each;
        return new(best);
    }
}

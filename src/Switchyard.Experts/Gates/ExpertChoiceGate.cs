using Switchyard.Experts.Dispatch;
using Switchyard.Experts.Losses;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>Experts choose tokens: each takes twice its even share.</summary>
public sealed record ExpertChoiceOptions : GateOptions
{
    /// <summary>Experts per token, on average: each expert takes ⌈tokens·factor/experts⌉ tokens.</summary>
    public decimal CapacityFactor { get; init; } = 2;

    /// <summary>Coefficient of the router z-loss.</summary>
    public double ZCoefficient { get; init; }

    /// <inheritdoc/>
    public override bool IsCausal => false;

    /// <inheritdoc/>
    public override Gate Make(GateSize size, Philox random) => new ExpertChoiceGate(size.Width, size.Experts, this, random);

    /// <inheritdoc/>
    public override double ExpertsPerToken(int experts) => (double)CapacityFactor;

    /// <inheritdoc/>
    public override void Check(int experts)
    {
        if (CapacityFactor <= 0 || CapacityFactor > experts) throw new ArgumentException($"the capacity factor is {CapacityFactor}: give more than 0 and at most {experts}, the number of experts");
        CheckCoefficients(("z-loss", ZCoefficient));
    }
}

/// <summary>
/// Each expert takes the n tokens that like it best, n = T·c/E: S = softmax of the logits over the experts, the top n of
/// each column, weight S_te (arXiv 2202.09368, §3.1). Balanced by construction; a token gets none to all of the experts.
/// What a token gets depends on the tokens after it: not causal.
/// </summary>
public sealed class ExpertChoiceGate : LinearGate
{
    private readonly ExpertChoiceOptions _options;

    /// <summary>Makes a gate.</summary>
    /// <inheritdoc cref="TopKGate(int, int, TopKOptions, Philox, double)"/>
    public ExpertChoiceGate(int width, int experts, ExpertChoiceOptions options, Philox random, double deviation = 0.02)
        : base(width, experts, random, deviation)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check(experts);
        _options = options;
    }

    /// <inheritdoc/>
    protected override Routing Choose(Tensor logits, RoutingContext context)
    {
        Tensor scores = logits.Softmax(); // [tokens, experts]
        int share = (int)Math.Ceiling(context.Valid(logits.Shape[0]) * _options.CapacityFactor / Experts);
        Choices choices = context.Replay is { } replay ? new(replay.Recorded.Choices) : TokenChoice.Top(scores, share, context.Mask);
        List<RoutingLoss> losses = [];
        losses.AddZ(logits, _options.ZCoefficient, context);
        return new Routing(choices, Slots.ForAll(choices, Experts, context), scores, losses, RouterEntropy.Mean(scores, context)) { Logits = logits };
    }
}

using Switchyard.Experts.Dispatch;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>The strictly balanced gate: two experts per token on average, thresholds learnt for evaluation.</summary>
public sealed record StrictlyBalancedOptions : GateOptions
{
    /// <summary>Experts per token, on average: while training each expert takes ⌈tokens·factor/experts⌉ tokens.</summary>
    public decimal CapacityFactor { get; init; } = 2;

    /// <summary>Coefficient of the loss that fits the thresholds.</summary>
    public double ThresholdCoefficient { get; init; } = 0.01;

    /// <inheritdoc/>
    public override bool IsCausalInTraining => false;

    /// <inheritdoc/>
    public override Gate Make(GateSize size, Philox random) => new StrictlyBalancedGate(size.Width, size.Experts, this, random);

    /// <inheritdoc/>
    public override double ExpertsPerToken(int experts) => (double)CapacityFactor;

    /// <inheritdoc/>
    public override void Check(int experts)
    {
        if (CapacityFactor <= 0 || CapacityFactor > experts) throw new ArgumentException($"the capacity factor is {CapacityFactor}: give more than 0 and at most {experts}, the number of experts");
        CheckCoefficients(("threshold loss", ThresholdCoefficient));
    }
}

/// <summary>
/// While training every expert takes the m = k·T/E tokens of its largest probabilities; weights are renormalised over the
/// experts that took a token. One token at a time there is no batch to rank in: thresholds T_e, learnt with the loss
/// Σ (M_threshold - M_batch)·(p - T), stand in for it in evaluation (arXiv 1701.06538, appendix F).
/// </summary>
public sealed class StrictlyBalancedGate : LinearGate
{
    private readonly StrictlyBalancedOptions _options;
    private readonly Tensor _thresholds;

    /// <summary>Makes a gate.</summary>
    /// <inheritdoc cref="TopKGate(int, int, TopKOptions, Philox, double)"/>
    public StrictlyBalancedGate(int width, int experts, StrictlyBalancedOptions options, Philox random, double deviation = 0.02)
        : base(width, experts, random, deviation)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check(experts);
        _options = options;
        _thresholds = AddParameter("thresholds", Tensor.Full([experts], 1.0 / experts));
    }

    /// <inheritdoc/>
    protected override Routing Choose(Tensor logits, RoutingContext context)
    {
        Tensor scores = logits.Softmax(); // [tokens, experts]
        Choices above = Above(scores, _thresholds).Without(context.Mask);
        List<RoutingLoss> losses = [];
        Choices choices = above;
        if (IsTraining)
        {
            choices = TokenChoice.Top(scores, (int)Math.Ceiling(context.Valid(logits.Shape[0]) * _options.CapacityFactor / Experts), context.Mask);
            Tensor differ = above.Mask(Experts, scores.Type) - choices.Mask(Experts, scores.Type); // [tokens, experts]
            if (_options.ThresholdCoefficient != 0) losses.Add(new("threshold", (differ * (scores - _thresholds)).Sum() * _options.ThresholdCoefficient));
        }
        if (context.Replay is { } replay) choices = new(replay.Recorded.Choices);
        Tensor weights = (scores * choices.Mask(Experts, scores.Type)).OverSum(); // [tokens, experts]
        return new Routing(choices, Slots.ForAll(choices, Experts, context), weights, losses, RouterEntropy.Mean(scores, context)) { Logits = logits };
    }

    /// <summary>The experts whose threshold a token's score exceeds.</summary>
    internal static Choices Above(Tensor scores, Tensor thresholds)
    {
        using Gradients.Pause pause = Gradients.Paused();
        return Choices.Of(scores.IsGreaterThan(thresholds));
    }
}

using Switchyard.Experts.Dispatch;
using Switchyard.Experts.Losses;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>
/// Every token goes to the k experts of its largest scores, ties to the lowest index: the general token-choice gate,
/// y = Σ g_j·f_j(x), g_j = s_j / Σ s over the chosen (arXiv 1701.06538, §2.1, without noise; Mixtral, arXiv 2401.04088).
/// </summary>
public class TopKGate : RouterGate
{
    private readonly TopKOptions _options;
    private readonly Tensor? _weight;
    private readonly Tensor? _bias;
    private readonly long[]? _stepCounts;

    /// <summary>Makes a gate.</summary>
    /// <param name="width">Length of a token's hidden vector.</param>
    /// <param name="experts">How many experts there are.</param>
    /// <param name="options">The policy.</param>
    /// <param name="random">Draws the initial router weights, normal.</param>
    /// <param name="deviation">Standard deviation of the initial router weights.</param>
    /// <exception cref="ArgumentException">The policy does not fit the number of experts.</exception>
    public TopKGate(int width, int experts, TopKOptions options, Philox random, double deviation = 0.02)
        : this(experts, options)
    {
        _weight = AddParameter("weight", Tensor.Normal([experts, width], 0, deviation, random));
        _bias = options.RouterBias ? AddParameter("bias", Tensor.Zeros([experts])) : null;
    }

    /// <summary>Makes a gate that has a router of its own.</summary>
    private protected TopKGate(int experts, TopKOptions options)
        : base(experts)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check(experts);
        _options = options;
        _stepCounts = options.BalanceScope == BalanceScope.GlobalBatch ? new long[experts] : null;
    }

    /// <summary>The policy.</summary>
    public TopKOptions Options => _options;

    /// <inheritdoc/>
    public override void EndStep()
    {
        if (_stepCounts is not null) Array.Clear(_stepCounts);
    }

    /// <inheritdoc/>
    protected override Tensor Logits(Tensor tokens, RoutingContext context) => Tensor.Linear(Jittered(tokens, context), _weight!, _bias);

    /// <summary>The tokens, multiplied by random numbers close to 1 where that is asked for.</summary>
    private protected Tensor Jittered(Tensor tokens, RoutingContext context)
        => IsTraining && _options.Jitter > 0 && context.Uniform(tokens.Shape, 1 - _options.Jitter, 1 + _options.Jitter, tokens.Type) is { } factors ? tokens * factors : tokens;

    /// <inheritdoc/>
    protected sealed override Routing Choose(Tensor logits, RoutingContext context)
    {
        Tensor scores = _options.Score.Of(logits); // [tokens, experts]
        Choices choices = context.Replay is { } replay ? new(replay.Recorded.Choices) : Select(logits, scores, context).Without(context.Mask);
        Tensor weights = Weigh(logits, scores, choices); // [tokens, choices]
        Slots slots = Slots.By(choices, _options, IsTraining, scores, weights, context);
        if (_options.ActualRenormalise == Renormalisation.AfterDropping) weights = weights.Kept(slots.Pairs).OverNorm(_options.Norm, mayVanish: true);
        if (_options.Scale != 1) weights *= _options.Scale;
        if (IsTraining && context.Replay is null) Learn(logits, slots, context);

        List<RoutingLoss> losses = [];
        AddLosses(losses, logits, scores, choices, context);
        losses.AddZ(logits, _options.ZCoefficient, context);
        double entropy = RouterEntropy.Mean(_options.Score == ScoreFunction.Softmax ? scores : logits.Detach().Softmax(), context);
        return new Routing(choices, slots, weights, losses, entropy) { Logits = logits };
    }

    /// <summary>Chooses, without gradient.</summary>
    /// <param name="logits">[tokens, experts]</param>
    /// <param name="scores">[tokens, experts]</param>
    /// <param name="context">What the gate may use beside them.</param>
    private protected virtual Choices Select(Tensor logits, Tensor scores, in RoutingContext context) => Choices.Top(logits, _options.TopK);

    /// <summary>Takes note of what a batch of training was routed like, for <see cref="EndStep"/>.</summary>
    private protected virtual void Learn(Tensor logits, in Slots slots, in RoutingContext context)
    {
    }

    /// <summary>Adds the losses, but for the z-loss.</summary>
    private protected virtual void AddLosses(List<RoutingLoss> losses, Tensor logits, Tensor scores, Choices choices, in RoutingContext context)
    {
        if (_options.BalanceCoefficient == 0) return;
        Tensor probabilities = _options.Score.Normalised(scores); // [tokens, experts]
        losses.Add(new("balance", LoadBalance.Loss(probabilities, choices, _options.BalanceOver, _options.BalanceScope, _options.BalanceCoefficient, CountsOfStep(context), context)));
    }

    private Tensor Weigh(Tensor logits, Tensor scores, Choices choices)
    {
        Tensor weights = _options.Weights.Of(logits, scores, choices);
        return _options.ActualRenormalise == Renormalisation.BeforeDropping ? weights.OverNorm(_options.Norm, mayVanish: _options.Score != ScoreFunction.Softmax) : weights;
    }

    private long[]? CountsOfStep(in RoutingContext context) => IsTraining && context.Replay is null ? _stepCounts : null;
}

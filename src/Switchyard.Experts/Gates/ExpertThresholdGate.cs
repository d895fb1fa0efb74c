using Switchyard.Experts.Dispatch;
using Switchyard.Experts.Losses;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>Experts take what exceeds their threshold: sigmoid scores, two experts per token on average.</summary>
public sealed record ExpertThresholdOptions : GateOptions
{
    /// <summary>Experts per token, on average.</summary>
    public decimal CapacityFactor { get; init; } = 2;

    /// <summary>What makes scores out of logits.</summary>
    public ScoreFunction Score { get; init; } = ScoreFunction.Sigmoid;

    /// <summary>How much of the old threshold is kept in an optimiser step.</summary>
    public double Decay { get; init; } = 0.95;

    /// <summary>Coefficient of the router z-loss.</summary>
    public double ZCoefficient { get; init; }

    /// <inheritdoc/>
    public override Gate Make(GateSize size, Philox random) => new ExpertThresholdGate(size.Width, size.Experts, this, random);

    /// <inheritdoc/>
    public override double ExpertsPerToken(int experts) => (double)CapacityFactor;

    /// <inheritdoc/>
    public override void Check(int experts)
    {
        if (CapacityFactor <= 0 || CapacityFactor > experts) throw new ArgumentException($"the capacity factor is {CapacityFactor}: give more than 0 and at most {experts}, the number of experts");
        if (Decay is not (>= 0 and < 1)) throw new ArgumentException($"the decay of the thresholds is {Decay}: give 0 to below 1");
        CheckCoefficients(("z-loss", ZCoefficient));
    }
}

/// <summary>
/// The causal cousin of expert choice: an expert takes every token whose score exceeds its threshold, a moving average of
/// the score that its n-th best token of a batch had, n = T·c/E (arXiv 2603.11535). A token's experts depend on no other
/// token; balance holds on average, and the number of experts varies with the token. In the first step the batch itself
/// sets the thresholds.
/// </summary>
public sealed class ExpertThresholdGate : LinearGate
{
    private readonly ExpertThresholdOptions _options;
    private readonly Tensor _thresholds;
    private readonly Tensor _isSet;
    private readonly double[] _stepSums;
    private int _stepBatches;

    /// <summary>Makes a gate.</summary>
    /// <inheritdoc cref="TopKGate(int, int, TopKOptions, Philox, double)"/>
    public ExpertThresholdGate(int width, int experts, ExpertThresholdOptions options, Philox random, double deviation = 0.02)
        : base(width, experts, random, deviation)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check(experts);
        _options = options;
        _thresholds = AddBuffer("thresholds", Tensor.Zeros([experts]));
        _isSet = AddBuffer("thresholds_set", Tensor.Zeros([1], ElementType.Int32));
        _stepSums = new double[experts];
    }

    private bool IsSet => _isSet.AsReadOnlySpan<int>()[0] != 0;

    /// <inheritdoc/>
    public override void EndStep()
    {
        if (_stepBatches == 0) return;
        double keep = IsSet ? _options.Decay : 0;
        double[] sums = _stepSums;
        int batches = _stepBatches;
        using Tensor mean = Tensor.From(Array.ConvertAll(sums, sum => sum / batches * (1 - keep)), [Experts]).To(_thresholds.Type);
        _thresholds.MultiplyInPlace(keep);
        _thresholds.AddInPlace(mean);
        _isSet.AsSpan<int>()[0] = 1;
        Array.Clear(_stepSums);
        _stepBatches = 0;
    }

    /// <inheritdoc/>
    protected override Routing Choose(Tensor logits, RoutingContext context)
    {
        Tensor scores = _options.Score.Of(logits); // [tokens, experts]
        bool learns = IsTraining && context.Replay is null;
        Tensor? quantiles = learns || !IsSet ? Quantiles(scores, context) : null;
        Choices choices = context.Replay is { } replay ? new(replay.Recorded.Choices) : StrictlyBalancedGate.Above(scores, IsSet ? _thresholds : quantiles!).Without(context.Mask);
        if (learns && quantiles is not null)
        {
            double[] batch = quantiles.To(ElementType.Float64).ToArray<double>();
            for (int expert = 0; expert < Experts; expert++) _stepSums[expert] += batch[expert];
            _stepBatches++;
        }
        List<RoutingLoss> losses = [];
        losses.AddZ(logits, _options.ZCoefficient, context);
        return new Routing(choices, Slots.ForAll(choices, Experts, context), scores, losses, RouterEntropy.Mean(logits.Detach().Softmax(), context)) { Logits = logits };
    }

    /// <summary>Half-way between the n-th and the next best score of each expert, so that n tokens exceed it [experts].</summary>
    private Tensor Quantiles(Tensor scores, in RoutingContext context)
    {
        using Gradients.Pause pause = Gradients.Paused();
        int tokens = scores.Shape[0], valid = context.Valid(tokens);
        if (valid == 0) return Tensor.Zeros([Experts], scores.Type);
        int share = Math.Clamp((int)Math.Round(valid * _options.CapacityFactor / Experts), 1, valid);
        Tensor allowed = context.Mask is null ? scores : scores.MaskedFill(1 - context.Column(scores.Type)!, double.NegativeInfinity);
        Tensor best = allowed.TopK(Math.Min(share + 1, valid), 0).Values; // [share + 1, experts]
        Tensor last = best.Slice(0, share - 1, share).Reshape([Experts]);
        return share == valid ? last * 0.5 : (last + best.Slice(0, share).Reshape([Experts])) * 0.5;
    }
}

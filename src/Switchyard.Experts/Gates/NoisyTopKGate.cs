using Switchyard.Experts.Dispatch;
using Switchyard.Experts.Losses;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>Noisy top-k: k = 2, both losses at 0.1, sample variance, dropless.</summary>
public record NoisyTopKOptions : SlotOptions
{
    /// <summary>How many experts each token chooses.</summary>
    public int TopK { get; init; } = 2;

    /// <summary>Is added to the deviation of the noise that is learnt.</summary>
    public double NoiseEpsilon { get; init; }

    /// <summary>
    /// The deviation of the noise, for every expert, times their number, as in V-MoE: the weights are then probabilities of the
    /// noisy softmax, importance is counted without noise, and load by one threshold per token. Null: it is learnt.
    /// </summary>
    public double? FixedNoise { get; init; }

    /// <summary>Which variance the losses are made of.</summary>
    public Variance Variance { get; init; } = Variance.Sample;

    /// <summary>Coefficient of CV² of the importance, the sum of an expert's weights.</summary>
    public double ImportanceCoefficient { get; init; } = 0.1;

    /// <summary>Coefficient of CV² of the load.</summary>
    public double LoadCoefficient { get; init; } = 0.1;

    /// <summary>Coefficient of the router z-loss, on the logits without noise.</summary>
    public double ZCoefficient { get; init; }

    /// <inheritdoc/>
    public override Gate Make(GateSize size, Philox random) => new NoisyTopKGate(size.Width, size.Experts, this, random);

    /// <inheritdoc/>
    public override double ExpertsPerToken(int experts) => TopK;

    /// <inheritdoc/>
    public override void Check(int experts)
    {
        base.Check(experts);
        if (TopK < 1 || TopK > experts) throw new ArgumentException($"top-k is {TopK} of {experts} experts: choose 1 to {experts}");
        if (!(NoiseEpsilon >= 0)) throw new ArgumentException($"the noise has {NoiseEpsilon} added: give 0 or more");
        if (FixedNoise is { } noise && !(noise > 0)) throw new ArgumentException($"the fixed noise is {noise}: give more than 0, or null for noise that is learnt");
        CheckCoefficients(("importance loss", ImportanceCoefficient), ("load loss", LoadCoefficient), ("z-loss", ZCoefficient));
    }
}

/// <summary>
/// The 2017 gate: h = x·W_g + n·softplus(x·W_n), n ~ N(0, 1); weights are a softmax over the top k of h; the losses
/// w·CV²(importance) + w·CV²(load) keep all experts in use (Shazeer et al., arXiv 1701.06538, §2.1, §4 and appendix A).
/// Both matrices start at zero: at first only the noise chooses. In evaluation there is none.
/// </summary>
public sealed class NoisyTopKGate : Gate
{
    private readonly NoisyTopKOptions _options;
    private readonly Tensor _weight;
    private readonly Tensor? _noiseWeight;

    /// <summary>Makes a gate.</summary>
    /// <inheritdoc cref="TopKGate(int, int, TopKOptions, Philox, double)"/>
    public NoisyTopKGate(int width, int experts, NoisyTopKOptions options, Philox random, double deviation = 0)
        : base(experts)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check(experts);
        _options = options;
        _weight = AddParameter("weight", Tensor.Normal([experts, width], 0, deviation, random));
        if (options.FixedNoise is null) _noiseWeight = AddParameter("noise_weight", Tensor.Normal([experts, width], 0, deviation, random));
    }

    /// <inheritdoc/>
    public override Routing Route(Tensor tokens, RoutingContext context)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        Tensor clean = Tensor.Linear(tokens, _weight); // [tokens, experts]
        Tensor deviation = _noiseWeight is null
            ? Tensor.Scalar(_options.FixedNoise!.Value / Experts, tokens.Type)
            : Tensor.Linear(tokens, _noiseWeight).Softplus() + _options.NoiseEpsilon; // [tokens, experts]
        return Decide(clean, deviation, context);
    }

    /// <summary>Routes by logits and the deviation of their noise.</summary>
    internal Routing Decide(Tensor clean, Tensor deviation, RoutingContext context)
    {
        Tensor noisy = IsTraining && context.Normal(clean.Shape, clean.Type) is { } noise ? clean + noise * deviation : clean;
        Choices choices = context.Replay is { } replay ? new(replay.Recorded.Choices) : Choices.Top(noisy, _options.TopK).Without(context.Mask);
        Tensor scores = noisy.Softmax(); // [tokens, experts]
        Tensor weights = (_options.FixedNoise is null ? CombineWeights.SoftmaxOverChosen : CombineWeights.Score).Of(noisy, scores, choices); // [tokens, k]
        Slots slots = Slots.By(choices, _options, IsTraining, scores, weights, context);

        List<RoutingLoss> losses = [];
        if (_options.ImportanceCoefficient != 0)
        {
            Tensor importance = _options.FixedNoise is null ? SumPerExpert(weights, choices) : Masked(clean.Softmax(), context).Sum([0]);
            losses.Add(new("importance", importance.SquaredVariation(_options.Variance) * _options.ImportanceCoefficient));
        }
        if (_options.LoadCoefficient != 0)
            losses.Add(new("load", Load(clean, deviation, noisy, choices, slots, context).SquaredVariation(_options.Variance) * _options.LoadCoefficient));
        losses.AddZ(clean, _options.ZCoefficient, context);
        return new Routing(choices, slots, weights, losses, RouterEntropy.Mean(clean.Detach().Softmax(), context)) { Logits = clean };
    }

    /// <summary>Σ of each expert's weights [experts].</summary>
    internal Tensor SumPerExpert(Tensor weights, Choices choices)
    {
        Tensor counted = weights.MaskedFill(choices.Experts.To(weights.Type).IsLessThan(0), 0);
        Shape flat = [(int)weights.Elements];
        return Tensor.Zeros([Experts], weights.Type).ScatterAdd(0, choices.Columns.Reshape(flat), counted.Reshape(flat));
    }

    /// <summary>Σ of each expert's probabilities of being chosen [experts]; plain counts, without gradient, where there is no noise or nobody is left out.</summary>
    private Tensor Load(Tensor clean, Tensor deviation, Tensor noisy, Choices choices, in Slots slots, in RoutingContext context)
    {
        bool smooth = !ReferenceEquals(noisy, clean) && _options.TopK < Experts;
        return smooth
            ? Masked(NoisyLoad.Probability(clean, deviation, noisy, choices, _options.FixedNoise is not null), context).Sum([0])
            : Tensor.From(Array.ConvertAll(slots.Load, static count => (double)count), [Experts]).To(clean.Type);
    }

    private static Tensor Masked(Tensor numbers, in RoutingContext context) => context.Column(numbers.Type) is { } column ? numbers * column : numbers;
}

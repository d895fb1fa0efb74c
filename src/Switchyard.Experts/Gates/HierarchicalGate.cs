using Switchyard.Experts.Dispatch;
using Switchyard.Experts.Losses;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>Two levels of noisy top-k: k groups, and k experts in each; both losses at 0.1.</summary>
public sealed record HierarchicalOptions : SlotOptions
{
    /// <summary>How many equal groups of neighbours the experts make.</summary>
    public int Groups { get; init; } = 4;

    /// <summary>How many groups, and how many experts in each of them, a token chooses.</summary>
    public int TopK { get; init; } = 2;

    /// <summary>Is added to the deviation of the noise that is learnt.</summary>
    public double NoiseEpsilon { get; init; }

    /// <summary>Which variance the losses are made of.</summary>
    public Variance Variance { get; init; } = Variance.Sample;

    /// <summary>Coefficient of CV² of the importance.</summary>
    public double ImportanceCoefficient { get; init; } = 0.1;

    /// <summary>Coefficient of CV² of the load.</summary>
    public double LoadCoefficient { get; init; } = 0.1;

    /// <inheritdoc/>
    public override Gate Make(GateSize size, Philox random) => new HierarchicalGate(size.Width, size.Experts, this, random);

    /// <inheritdoc/>
    public override double ExpertsPerToken(int experts) => TopK * TopK;

    /// <inheritdoc/>
    public override void Check(int experts)
    {
        base.Check(experts);
        if (Groups < 1 || experts % Groups != 0) throw new ArgumentException($"{experts} experts do not make {Groups} equal groups: give a number that divides them");
        int most = Math.Min(Groups, experts / Groups);
        if (TopK < 1 || TopK > most) throw new ArgumentException($"top-k is {TopK} of {Groups} groups of {experts / Groups} experts: choose 1 to {most}");
        CheckCoefficients(("importance loss", ImportanceCoefficient), ("load loss", LoadCoefficient));
    }
}

/// <summary>
/// A gate chooses among groups of experts, and a gate in each group among its experts: y = Σ_i Σ_j G_i·G_ij·f_ij(x).
/// Importance_ij = Σ G_i·G_ij; load_ij = load_i · (mean of P_ij over the tokens that chose group i), so that the upper gate
/// learns from the lower loads (arXiv 1701.06538, appendix B).
/// </summary>
public sealed class HierarchicalGate : Gate
{
    private readonly HierarchicalOptions _options;
    private readonly Tensor _weight;
    private readonly Tensor _noiseWeight;
    private readonly Tensor _innerWeight;
    private readonly Tensor _innerNoiseWeight;

    /// <summary>Makes a gate.</summary>
    /// <inheritdoc cref="TopKGate(int, int, TopKOptions, Philox, double)"/>
    public HierarchicalGate(int width, int experts, HierarchicalOptions options, Philox random, double deviation = 0)
        : base(experts)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check(experts);
        _options = options;
        _weight = AddParameter("weight", Tensor.Normal([options.Groups, width], 0, deviation, random));
        _noiseWeight = AddParameter("noise_weight", Tensor.Normal([options.Groups, width], 0, deviation, random));
        _innerWeight = AddParameter("inner_weight", Tensor.Normal([experts, width], 0, deviation, random));
        _innerNoiseWeight = AddParameter("inner_noise_weight", Tensor.Normal([experts, width], 0, deviation, random));
    }

    private int Each => Experts / _options.Groups;

    /// <inheritdoc/>
    public override Routing Route(Tensor tokens, RoutingContext context)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        int count = tokens.Shape[0], groups = _options.Groups, k = _options.TopK;
        Tensor? noise = IsTraining ? context.Normal([count, groups + Experts], tokens.Type) : null;
        Level upper = Look(tokens, _weight, _noiseWeight, noise?.Slice(-1, 0, groups), [count, groups]);
        Level lower = Look(tokens, _innerWeight, _innerNoiseWeight, noise?.Slice(-1, groups), [count * groups, Each]);
        Tensor weights = (upper.Gates.Reshape([count, groups, 1]) * lower.Gates.Reshape([count, groups, Each])).Reshape([count, Experts]); // [tokens, experts]

        Choices choices = context.Replay is { } replay ? new(replay.Recorded.Choices) : Pairs(upper.Choices, lower.Choices).Without(context.Mask);
        Tensor ofChoices = weights.Gather(-1, choices.Columns); // [tokens, k²]
        Slots slots = Slots.By(choices, _options, IsTraining, weights, ofChoices, context);
        List<RoutingLoss> losses = [];
        if (_options.ImportanceCoefficient != 0) losses.Add(new("importance", Importance(weights, context).SquaredVariation(_options.Variance) * _options.ImportanceCoefficient));
        if (_options.LoadCoefficient != 0) losses.Add(new("load", Load(upper, lower, context).SquaredVariation(_options.Variance) * _options.LoadCoefficient));
        Tensor logits = upper.Clean.Detach();
        return new Routing(choices, slots, ofChoices, losses, RouterEntropy.Mean(logits.Softmax(), context));
    }

    /// <summary>Σ of each expert's weights [experts].</summary>
    internal static Tensor Importance(Tensor weights, in RoutingContext context)
        => (context.Column(weights.Type) is { } column ? weights * column : weights).Sum([0]);

    /// <summary>One level's look at the tokens: every row chooses its top k.</summary>
    internal Level Look(Tensor tokens, Tensor weight, Tensor noiseWeight, Tensor? noise, Shape rows)
    {
        Tensor clean = Tensor.Linear(tokens, weight).Reshape(rows);
        Tensor deviation = (Tensor.Linear(tokens, noiseWeight).Softplus() + _options.NoiseEpsilon).Reshape(rows);
        Tensor noisy = noise is null ? clean : clean + noise.Reshape(rows) * deviation;
        Choices choices = Choices.Top(noisy, _options.TopK);
        Tensor isLeftOut = 1 - choices.Mask(rows[1], noisy.Type);
        return new(clean, deviation, noisy, choices, noisy.MaskedFill(isLeftOut, double.NegativeInfinity).Softmax());
    }

    /// <summary>load_i · (mean of P_ij over the tokens that chose group i) [experts].</summary>
    internal Tensor Load(Level upper, Level lower, in RoutingContext context)
    {
        int tokens = upper.Clean.Shape[0], groups = _options.Groups;
        Tensor chose = upper.Choices.Mask(groups, upper.Clean.Type); // [tokens, groups]
        if (context.Column(chose.Type) is { } column) chose *= column;
        Tensor inner = (Probability(lower).Reshape([tokens, groups, Each]) * chose.Reshape([tokens, groups, 1])).Sum([0]); // [groups, experts of a group]
        Tensor outer = Probability(upper); // [tokens, groups]
        if (context.Column(outer.Type) is { } valid) outer *= valid;
        Tensor number = chose.Sum([0]).Clamp(1, null); // [groups]
        return (inner * (outer.Sum([0]) / number).Reshape([groups, 1])).Reshape([Experts]);
    }

    /// <summary>How likely each is chosen; 1 or 0 where there is no noise, or nobody is left out.</summary>
    private Tensor Probability(Level level)
        => ReferenceEquals(level.Noisy, level.Clean) || _options.TopK == level.Clean.Shape[1]
            ? level.Choices.Mask(level.Clean.Shape[1], level.Clean.Type)
            : NoisyLoad.Probability(level.Clean, level.Deviation, level.Noisy, level.Choices, oneThreshold: false);

    /// <summary>The experts of every chosen group, choice by choice of the group.</summary>
    private Choices Pairs(Choices upper, Choices lower)
    {
        int tokens = upper.Tokens, k = _options.TopK;
        Tensor experts = Tensor.Empty([tokens, k * k], ElementType.Int32);
        Span<int> entries = experts.AsSpan<int>();
        ReadOnlySpan<int> group = upper.Experts.AsReadOnlySpan<int>(), inner = lower.Experts.AsReadOnlySpan<int>();
        for (int token = 0, at = 0; token < tokens; token++)
            for (int i = 0; i < k; i++)
                for (int j = 0; j < k; j++, at++)
                {
                    int chosen = group[token * k + i];
                    entries[at] = chosen * Each + inner[(token * _options.Groups + chosen) * k + j];
                }
        return new(experts);
    }

    /// <summary>What one level saw and chose: logits, the deviation of their noise, logits with noise, the top k, and the gates, 0 for those left out.</summary>
    internal readonly record struct Level(Tensor Clean, Tensor Deviation, Tensor Noisy, Choices Choices, Tensor Gates);
}

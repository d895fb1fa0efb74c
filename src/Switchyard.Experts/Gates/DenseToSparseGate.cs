using Switchyard.Experts.Dispatch;
using Switchyard.Experts.Losses;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>What weighs the active experts of a dense-to-sparse gate.</summary>
public enum DenseToSparseWeights
{
    /// <summary>The Gumbel softmax that activated them.</summary>
    GumbelSoftmax,

    /// <summary>The plain softmax of the logits, without noise and temperature.</summary>
    Softmax,
}

/// <summary>What a dense-to-sparse gate does in evaluation; never with noise.</summary>
public enum DenseToSparseEvaluation
{
    /// <summary>As in the stage that training is in: by the threshold while soft, the best expert when hard.</summary>
    AsInTraining,

    /// <summary>The best expert.</summary>
    Best,

    /// <summary>Every expert above the threshold.</summary>
    Threshold,
}

/// <summary>
/// From all experts to one: the temperature falls from 2 to 0.3 between 5 % and 25 % of training, then the best expert alone.
/// </summary>
public sealed record DenseToSparseOptions : SlotOptions
{
    /// <summary>The temperature at first.</summary>
    public double StartTemperature { get; init; } = 2;

    /// <summary>The temperature at last.</summary>
    public double EndTemperature { get; init; } = 0.3;

    /// <summary>How the temperature falls.</summary>
    public TemperatureDecay Decay { get; init; } = TemperatureDecay.Exponential;

    /// <summary>Share of training before the temperature falls.</summary>
    public double DecayFrom { get; init; } = 0.05;

    /// <summary>Share of training after which it has fallen.</summary>
    public double DecayTo { get; init; } = 0.25;

    /// <summary>Share of training after which a token has one expert.</summary>
    public double HardFrom { get; init; } = 0.25;

    /// <summary>An expert is active where its noisy probability exceeds this; below 1/experts, so that one always is.</summary>
    public double Threshold { get; init; } = 0.001;

    /// <summary>What weighs the active experts.</summary>
    public DenseToSparseWeights Weights { get; init; } = DenseToSparseWeights.GumbelSoftmax;

    /// <summary>What the Gumbel noise is multiplied by: 0 for none.</summary>
    public double NoiseScale { get; init; } = 1;

    /// <summary>
    /// Deviation of initial logits that every token id has of its own, learnt like the others; 0 for a gate that sees hidden vectors
    /// only. Where it is large, routing begins as if by a table of ids, and is as steady. Where the text is known, the table is
    /// balanced: see <see cref="HashTables.Balanced"/>.
    /// </summary>
    public double TokenDeviation { get; init; }

    /// <summary>Whether noise goes on once a token has one expert: the expert is then drawn, not chosen.</summary>
    public bool NoiseWhenHard { get; init; }

    /// <summary>What evaluation does.</summary>
    public DenseToSparseEvaluation Evaluation { get; init; } = DenseToSparseEvaluation.AsInTraining;

    /// <summary>Coefficient of the balance loss, N·Σ (mean weight)·(share of tokens); it comes to about N while all experts are active.</summary>
    public double BalanceCoefficient { get; init; } = 0.01;

    /// <summary>Coefficient of the router z-loss.</summary>
    public double ZCoefficient { get; init; }

    /// <inheritdoc/>
    public override Gate Make(GateSize size, Philox random) => new DenseToSparseGate(size.Width, size.Experts, this, random, vocabulary: size.Vocabulary);

    /// <summary>1: what is left in the end.</summary>
    /// <inheritdoc/>
    public override double ExpertsPerToken(int experts) => 1;

    /// <summary>The temperature at a point of training.</summary>
    /// <param name="progress">From 0 to 1.</param>
    public double TemperatureAt(double progress)
        => Decay.At(StartTemperature, EndTemperature, DecayTo > DecayFrom ? (progress - DecayFrom) / (DecayTo - DecayFrom) : progress >= DecayFrom ? 1 : 0);

    /// <inheritdoc/>
    public override void Check(int experts)
    {
        base.Check(experts);
        if (!(EndTemperature > 0 && StartTemperature >= EndTemperature)) throw new ArgumentException($"the temperature falls from {StartTemperature} to {EndTemperature}: give a start that is no lower than an end above 0");
        if (!(DecayFrom >= 0 && DecayTo >= DecayFrom)) throw new ArgumentException($"the temperature falls between {DecayFrom} and {DecayTo} of training: give shares in rising order");
        if (experts > 1 && !(Threshold >= 0 && Threshold * experts < 1)) throw new ArgumentException($"the threshold is {Threshold} for {experts} experts: give less than {1.0 / experts:g3}, or a token may have no expert");
        if (!(NoiseScale >= 0 && double.IsFinite(NoiseScale))) throw new ArgumentException($"the noise is multiplied by {NoiseScale}: give 0 or more");
        if (!(TokenDeviation >= 0 && double.IsFinite(TokenDeviation))) throw new ArgumentException($"the logits of token ids have a deviation of {TokenDeviation}: give 0 for none, or more");
        CheckCoefficients(("balance loss", BalanceCoefficient), ("z-loss", ZCoefficient));
    }
}

/// <summary>
/// q = softmax((z + Gumbel noise)/τ); every expert with q above a threshold works, weighted by q. As τ falls, ever fewer do,
/// until only the best is left: experts learn from all tokens before the gate must be right (Dense-to-Sparse Gate and
/// EvoMoE, arXiv 2112.14397, §3.3). The active count varies per token.
/// </summary>
public sealed class DenseToSparseGate : LinearGate
{
    private readonly DenseToSparseOptions _options;
    private readonly Tensor? _tokenLogits; // [vocabulary, experts]
    private readonly Philox _tables;
    private readonly Tensor _stage; // temperature, and 1 once hard: what a checkpoint keeps of the schedule

    /// <summary>Makes a gate.</summary>
    /// <param name="width">Length of a token's hidden vector.</param>
    /// <param name="experts">How many experts there are.</param>
    /// <param name="options">The policy.</param>
    /// <param name="random">Draws the initial weights, normal.</param>
    /// <param name="deviation">Standard deviation of the initial router weights.</param>
    /// <param name="vocabulary">How many different token ids there are, for a policy that looks at them.</param>
    /// <exception cref="ArgumentException">The policy does not fit the number of experts, or looks at ids and there are none.</exception>
    public DenseToSparseGate(int width, int experts, DenseToSparseOptions options, Philox random, double deviation = 0.02, int vocabulary = 0)
        : base(width, experts, random, deviation)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check(experts);
        _options = options;
        _tables = random.Split("tables");
        if (options.TokenDeviation > 0)
        {
            if (vocabulary < 1) throw new ArgumentException("a dense-to-sparse gate with logits of token ids looks at ids: say how many different ones there are");
            _tokenLogits = AddParameter("token_logits", Tensor.Normal([vocabulary, experts], 0, options.TokenDeviation, random));
        }
        _stage = AddBuffer("temperature_and_stage", Tensor.Zeros([2]));
        BeginStep(0);
    }

    /// <summary>The temperature of the step under way.</summary>
    public double Temperature => Stage(0);

    /// <summary>Whether a token has one expert only.</summary>
    public bool IsHard => Stage(1) != 0;

    /// <summary>Whether a token has one expert in evaluation.</summary>
    public bool ChoosesOne => _options.Evaluation switch
    {
        DenseToSparseEvaluation.Best => true,
        DenseToSparseEvaluation.Threshold => false,
        _ => IsHard,
    };

    /// <summary>The temperature of the softmax that weighs the experts: 1 where the plain one does.</summary>
    public double WeightTemperature => _options.Weights == DenseToSparseWeights.GumbelSoftmax ? Temperature : 1;

    /// <summary>Whether logits depend on token ids too.</summary>
    public bool LooksAtIds => _tokenLogits is not null;

    /// <summary>The logits of token ids.</summary>
    public override long TableParameterCount => _tokenLogits?.Elements ?? 0;

    /// <summary>Deals the ids out evenly: the largest logit of each goes to the expert that a balanced table names.</summary>
    public override void Prepare(TokenStatistics text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (_tokenLogits is null) return;
        int[] table = HashTables.Balanced(text.Frequency(), Experts, _tables);
        using Gradients.Pause pause = Gradients.Paused();
        // The type may have been changed since the gate was made.
        using Tensor logits = _tokenLogits.To(ElementType.Float64).Clone();
        Span<double> all = logits.AsSpan<double>();
        for (int id = 0; id < table.Length; id++)
        {
            Span<double> own = all.Slice(id * Experts, Experts);
            int largest = System.Numerics.Tensors.TensorPrimitives.IndexOfMax<double>(own);
            (own[largest], own[table[id]]) = (own[table[id]], own[largest]);
        }
        _tokenLogits.CopyFrom(logits.To(_tokenLogits.Type));
    }

    /// <inheritdoc/>
    public override void BeginStep(double progress) => Set(_options.TemperatureAt(progress), progress >= _options.HardFrom);

    /// <summary>Sets temperature and stage by hand.</summary>
    public void Set(double temperature, bool isHard)
    {
        using Tensor stage = Tensor.From([temperature, isHard ? 1 : 0], [2]);
        _stage.CopyFrom(stage.To(_stage.Type));
    }

    /// <inheritdoc/>
    protected override Tensor Logits(Tensor tokens, RoutingContext context)
    {
        Tensor logits = base.Logits(tokens, context); // [tokens, experts]
        if (_tokenLogits is null) return logits;
        return logits + Tensor.Embedding(_tokenLogits, context.TokenIds ?? throw new ArgumentException("a dense-to-sparse gate with logits of token ids looks at ids, and the context holds none: give TokenIds"));
    }

    /// <inheritdoc/>
    protected override Routing Choose(Tensor logits, RoutingContext context)
    {
        bool isHard = IsTraining ? IsHard : ChoosesOne;
        Tensor noisy = NoisyProbabilities(logits, isHard, context); // [tokens, experts]
        Tensor scores = _options.Weights == DenseToSparseWeights.GumbelSoftmax ? noisy : logits.Softmax();
        Choices choices = context.Replay is { } replay ? new(replay.Recorded.Choices) : Activate(noisy, isHard).Without(context.Mask);
        Tensor active = choices.Mask(Experts, logits.Type), weights = scores * active; // [tokens, experts]
        Slots slots = Slots.By(choices, _options, IsTraining, scores, weights, context);

        List<RoutingLoss> losses = [];
        // The share of tokens, not of pairs: the loss falls with the number of active experts.
        if (_options.BalanceCoefficient != 0) losses.Add(new("balance", LoadBalance.ByTokens(weights, slots.Load, _options.BalanceCoefficient, context)));
        losses.AddZ(logits, _options.ZCoefficient, context);
        return new Routing(choices, slots, weights, losses, RouterEntropy.Mean(logits.Detach().Softmax(), context)) { Logits = logits };
    }

    /// <summary>The Gumbel softmax; in evaluation, and once hard unless told otherwise, without noise.</summary>
    internal Tensor NoisyProbabilities(Tensor logits, bool isHard, in RoutingContext context)
    {
        bool hasNoise = IsTraining && _options.NoiseScale > 0 && (!isHard || _options.NoiseWhenHard);
        Tensor noisy = hasNoise && context.Gumbel(logits.Shape, logits.Type) is { } gumbel ? logits + gumbel * _options.NoiseScale : logits;
        return (noisy / Temperature).Softmax();
    }

    private Choices Activate(Tensor noisy, bool isHard)
    {
        using Gradients.Pause pause = Gradients.Paused();
        return Choices.Of(isHard ? noisy.ArgMax(-1).OneHot(Experts) : noisy.IsGreaterThan(_options.Threshold));
    }

    private double Stage(int place) => _stage.Type == ElementType.Float32 ? _stage.AsReadOnlySpan<float>()[place] : _stage.AsReadOnlySpan<double>()[place];
}

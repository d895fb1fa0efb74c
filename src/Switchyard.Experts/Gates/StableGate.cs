using Switchyard.Experts.Dispatch;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>StableMoE: a tenth of training learns to route and distils it into a table of ids; then the table is frozen.</summary>
public sealed record StableOptions : SlotOptions
{
    /// <summary>Share of training that the first stage takes.</summary>
    public double FirstStage { get; init; } = 0.1;

    /// <summary>Length of the embeddings that the routing is distilled into.</summary>
    public int DistilledWidth { get; init; } = 50;

    /// <summary>Coefficient of the balance loss of the first stage.</summary>
    public double BalanceCoefficient { get; init; } = 0.3;

    /// <summary>Coefficient of the distillation loss of the first stage.</summary>
    public double DistilCoefficient { get; init; } = 0.3;

    /// <summary>Whether the losses are sums over tokens, as in the paper, instead of means: a sum grows with the batch.</summary>
    public bool LossesAreSums { get; init; }

    /// <inheritdoc/>
    public override Gate Make(GateSize size, Philox random) => new StableGate(size.Width, size.Experts, size.Vocabulary, this, random);

    /// <inheritdoc/>
    public override double ExpertsPerToken(int experts) => 1;

    /// <inheritdoc/>
    public override void Check(int experts)
    {
        base.Check(experts);
        if (FirstStage is not (>= 0 and <= 1)) throw new ArgumentException($"the first stage takes {FirstStage} of training: give a share from 0 to 1");
        if (DistilledWidth < 1) throw new ArgumentException($"the distilled embeddings have {DistilledWidth} numbers: give 1 or more");
        CheckCoefficients(("balance loss", BalanceCoefficient), ("distillation loss", DistilCoefficient));
    }
}

/// <summary>
/// Stage 1 routes greedily, e = argmax x·w, weight σ(x·w_e), with the losses Σ_e ((|A_e| - n̄)/n̄)·Σ_{t in A_e} σ(x_t·w_e) and
/// the cross entropy of a small router that sees only the token's id, Ê·D(id). In stage 2 that router's choice for every id
/// is frozen as a table; the weight still uses the live score, so the centroids keep learning. Evaluation routes by the
/// distilled router in both stages (StableMoE, arXiv 2204.08396, §3).
/// </summary>
public sealed class StableGate : RouterGate
{
    private const int NotFrozen = -1;

    private readonly StableOptions _options;
    private readonly Tensor _centroids;
    private readonly Tensor _embedding;
    private readonly Tensor _distilled;
    private readonly Tensor _table;

    /// <summary>Makes a gate.</summary>
    /// <param name="width">Length of a token's hidden vector.</param>
    /// <param name="experts">How many experts there are.</param>
    /// <param name="vocabulary">How many different token ids there are.</param>
    /// <param name="options">The policy.</param>
    /// <param name="random">Draws the initial weights, normal.</param>
    /// <param name="deviation">Standard deviation of the initial centroids.</param>
    /// <exception cref="ArgumentException">There are no ids, or the policy cannot be carried out.</exception>
    public StableGate(int width, int experts, int vocabulary, StableOptions options, Philox random, double deviation = 0.02)
        : base(experts)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check(experts);
        if (vocabulary < 1) throw new ArgumentException("a StableMoE gate distils its routing into token ids: say how many different ones there are");
        _options = options;
        _centroids = AddParameter("weight", Tensor.Normal([experts, width], 0, deviation, random));
        _embedding = AddParameter("distilled_embedding", Tensor.Normal([vocabulary, options.DistilledWidth], 0, 1 / Math.Sqrt(options.DistilledWidth), random));
        _distilled = AddParameter("distilled_weight", Tensor.Normal([experts, options.DistilledWidth], 0, 1 / Math.Sqrt(options.DistilledWidth), random));
        // A table, not the frozen matrices: neither momentum nor weight decay can move it.
        _table = AddBuffer("table", Tensor.Full([vocabulary], NotFrozen, ElementType.Int32));
    }

    /// <summary>Whether the second stage has begun.</summary>
    public bool IsFrozen => _table.AsReadOnlySpan<int>()[0] != NotFrozen;

    /// <summary>The embeddings that the routing is distilled into.</summary>
    public override long TableParameterCount => _embedding.Elements;

    /// <inheritdoc/>
    public override void BeginStep(double progress)
    {
        if (progress >= _options.FirstStage && !IsFrozen) Freeze();
    }

    /// <summary>Ends the first stage: from now on a token's expert is what the distilled router makes of its id.</summary>
    public void Freeze()
    {
        using Gradients.Pause pause = Gradients.Paused();
        using Tensor scores = Tensor.Linear(_embedding, _distilled); // [vocabulary, experts]
        using Tensor best = scores.ArgMax(-1);
        _table.CopyFrom(best);
    }

    /// <inheritdoc/>
    protected override Tensor Logits(Tensor tokens, RoutingContext context) => Tensor.Linear(tokens, _centroids);

    /// <inheritdoc/>
    protected override Routing Choose(Tensor logits, RoutingContext context)
    {
        Tensor ids = context.TokenIds ?? throw new ArgumentException("a StableMoE gate looks at token ids, and the context holds none: give TokenIds");
        bool isFirstStage = IsTraining && !IsFrozen;
        Choices choices = context.Replay is { } replay ? new(replay.Recorded.Choices) : (isFirstStage ? Choices.Top(logits, 1) : ByIds(ids)).Without(context.Mask);
        Tensor weights = logits.Gather(-1, choices.Columns).Sigmoid(); // [tokens, 1]
        Slots slots = Slots.By(choices, _options, IsTraining, logits, weights, context);
        List<RoutingLoss> losses = [];
        if (isFirstStage) AddLosses(losses, weights, ids, choices, slots, context);
        return new Routing(choices, slots, weights, losses, RouterEntropy.Mean(logits.Detach().Softmax(), context)) { Logits = logits };
    }

    private Choices ByIds(Tensor ids)
    {
        using Gradients.Pause pause = Gradients.Paused();
        int count = (int)ids.Elements;
        if (!IsFrozen) return new(Tensor.Linear(Tensor.Embedding(_embedding, ids), _distilled).ArgMax(-1, keepAxis: true));
        Tensor experts = Tensor.Empty([count, 1], ElementType.Int32);
        Span<int> entries = experts.AsSpan<int>();
        ReadOnlySpan<int> table = _table.AsReadOnlySpan<int>(), id = ids.AsReadOnlySpan<int>();
        for (int token = 0; token < count; token++) entries[token] = table[id[token]];
        return new(experts);
    }

    private void AddLosses(List<RoutingLoss> losses, Tensor weights, Tensor ids, Choices choices, in Slots slots, in RoutingContext context)
    {
        int valid = context.Valid(choices.Tokens);
        double divisor = _options.LossesAreSums ? 1 : Math.Max(1, valid);
        if (_options.BalanceCoefficient != 0)
        {
            double[] excess = new double[choices.Tokens]; // of the token's expert over the mean load, in means; 0 for padding
            ReadOnlySpan<int> entries = choices.Experts.AsReadOnlySpan<int>();
            for (int token = 0; token < excess.Length; token++)
                if (entries[token] >= 0) excess[token] = slots.Load[entries[token]] * (double)Experts / valid - 1;
            Tensor factors = Tensor.From(excess, [choices.Tokens, 1]).To(weights.Type);
            losses.Add(new("balance", (weights * factors).Sum() * (_options.BalanceCoefficient / divisor)));
        }
        if (_options.DistilCoefficient != 0)
        {
            Tensor guess = Tensor.Linear(Tensor.Embedding(_embedding, ids), _distilled); // [tokens, experts]
            Tensor surprise = Tensor.CrossEntropy(guess, choices.Columns.Reshape([choices.Tokens]), reduction: LossReduction.None); // [tokens]
            if (context.Column(surprise.Type) is { } column) surprise *= column.Reshape([choices.Tokens]);
            losses.Add(new("distil", surprise.Sum() * (_options.DistilCoefficient / divisor)));
        }
    }
}

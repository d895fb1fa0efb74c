using Switchyard.Experts.Ranks;
using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>Soft MoE: slots hold mixtures of tokens.</summary>
public sealed record SoftMoeOptions : GateOptions
{
    /// <summary>Slots of each expert, in every sequence.</summary>
    public int SlotsPerExpert { get; init; } = 16;

    /// <summary>Whether tokens and slot vectors are compared at length 1, times a scale that is learnt (§2.3).</summary>
    public bool Normalise { get; init; } = true;

    /// <inheritdoc/>
    public override bool IsCausal => false;

    /// <inheritdoc/>
    public override Gate Make(GateSize size, Philox random) => new SoftMoeGate(size.Width, size.Experts, this, random);

    /// <summary>1: the cost of a token is that of the slots, shared by the tokens of a sequence.</summary>
    /// <inheritdoc/>
    public override double ExpertsPerToken(int experts) => 1;

    /// <inheritdoc/>
    public override void Check(int experts)
    {
        if (SlotsPerExpert < 1) throw new ArgumentException($"an expert has {SlotsPerExpert} slots: give 1 or more");
    }
}

/// <summary>
/// No choice at all: with z = X·Φ, every slot is a mixture of the tokens of its sequence, D = softmax over tokens, and every
/// token a mixture of the slots' answers, C = softmax over slots: Y = C·f(Dᵀ·X) (arXiv 2308.00951, §2.1). Differentiable
/// everywhere, nothing dropped; but each output sees the whole sequence, so it is not causal.
/// </summary>
public sealed class SoftMoeGate : Gate
{
    private const double Epsilon = 1e-6;

    private readonly SoftMoeOptions _options;
    private readonly Tensor _phi;
    private readonly Tensor? _scale;

    /// <summary>Makes a gate.</summary>
    /// <inheritdoc cref="TopKGate(int, int, TopKOptions, Philox, double)"/>
    public SoftMoeGate(int width, int experts, SoftMoeOptions options, Philox random)
        : base(experts)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check(experts);
        _options = options;
        _phi = AddParameter("phi", Tensor.Normal([width, experts * options.SlotsPerExpert], 0, 1 / Math.Sqrt(width), random));
        _scale = options.Normalise ? AddParameter("scale", Tensor.Full([1], 1)) : null;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A routing was given to be forced: there are no choices to force.</exception>
    public override Routing Route(Tensor tokens, RoutingContext context)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        if (context.Replay is not null) throw new ArgumentException("Soft MoE makes no choices that could be replayed");
        int sequences = context.Sequences, slots = _phi.Shape[1];
        if (tokens.Shape[0] % sequences != 0) throw new ArgumentException($"{tokens.Shape[0]} tokens are not {sequences} sequences of equal length");
        Tensor logits = _scale is null ? Tensor.MatMul(tokens, _phi) : Tensor.MatMul(Unit(tokens, -1), Unit(_phi, 0) * _scale); // [tokens, experts · slots]
        Tensor bySequence = logits.Reshape([sequences, tokens.Shape[0] / sequences, slots]);
        Tensor combine = bySequence.Softmax(-1); // [sequences, tokens, experts · slots]
        if (context.Column(tokens.Type) is { } column)
        {
            Tensor isPadding = (1 - column).Reshape([sequences, bySequence.Shape[1], 1]);
            bySequence = bySequence.MaskedFill(isPadding, double.NegativeInfinity);
            combine = combine.MaskedFill(isPadding, 0);
        }
        Tensor dispatch = bySequence.Softmax(1); // [sequences, tokens, experts · slots]
        long[] load = new long[Experts];
        Array.Fill(load, (long)sequences * _options.SlotsPerExpert);
        return new SoftRouting(dispatch, combine, Experts, [], new RoutingStatistics(load, 0, Selection.RouterEntropy.Mean(combine.Detach().Reshape([tokens.Shape[0], slots]), context)));
    }

    /// <inheritdoc/>
    /// <remarks>A sequence is routed by itself, on the rank that has it; only the statistics are those of all.</remarks>
    public override Routing Route(Tensor tokens, RoutingContext context, RankedBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        SoftRouting own = (SoftRouting)Route(tokens, context);
        return own.With(batch.Whole(own.Statistics));
    }

    private static Tensor Unit(Tensor vectors, int axis) => vectors / (vectors.Square().Sum([axis], keepAxes: true) + Epsilon).Sqrt();
}

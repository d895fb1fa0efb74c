using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>For whom one draw of a gate's dropout holds.</summary>
public enum GateDropoutScope
{
    /// <summary>Every token draws its own.</summary>
    Example,

    /// <summary>All tokens of a batch share one.</summary>
    Batch,
}

/// <summary>The soft gate's policy: every expert sees every token; no loss for balance.</summary>
public sealed record SoftOptions : GateOptions
{
    /// <summary>How likely an expert is left out of a token's mixture while training; the other weights are made to sum to one again.</summary>
    public double Dropout { get; init; }

    /// <summary>For whom one draw holds.</summary>
    public GateDropoutScope DropoutScope { get; init; } = GateDropoutScope.Example;

    /// <inheritdoc/>
    public override Gate Make(GateSize size, Philox random) => new SoftGate(size.Width, size.Experts, this, random);

    /// <inheritdoc/>
    public override double ExpertsPerToken(int experts) => experts;

    /// <inheritdoc/>
    public override void Check(int experts)
    {
        if (!(Dropout is >= 0 and < 1)) throw new ArgumentException($"the gate's dropout is {Dropout}: give 0 to below 1");
    }
}

/// <summary>
/// Every expert sees every token, weighted by g = softmax(x·Wᵀ): the gate of adaptive mixtures (Jacobs et al. 1991) and of
/// each task of a multi-gate mixture (Ma et al., KDD 2018, equation 7). Its dropout keeps a gate from settling on one
/// expert (Zhao et al., RecSys 2019, §5.1.3): it is a softmax over the logits that are kept, and a token that keeps none has its best.
/// </summary>
public sealed class SoftGate : LinearGate
{
    private readonly SoftOptions _options;

    /// <summary>Makes a gate.</summary>
    /// <param name="width">Length of a token's hidden vector.</param>
    /// <param name="experts">How many experts there are.</param>
    /// <param name="options">The policy.</param>
    /// <param name="random">Draws the initial router weights, normal.</param>
    /// <param name="deviation">Standard deviation of the initial router weights.</param>
    public SoftGate(int width, int experts, SoftOptions options, Philox random, double deviation = 0.02)
        : base(width, experts, random, deviation)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check(experts);
        _options = options;
    }

    /// <inheritdoc/>
    protected override Routing Choose(Tensor logits, RoutingContext context)
    {
        ArgumentNullException.ThrowIfNull(logits);
        Tensor kept = IsTraining && _options.Dropout > 0 && Dropped(logits, context) is { } dropped ? logits.MaskedFill(dropped, double.NegativeInfinity) : logits;
        Tensor weights = kept.Softmax(); // [tokens, experts]
        double entropy = RouterEntropy.Mean(weights.Detach(), context);
        if (context.Column(weights.Type) is { } column) weights *= column;
        return Routing.OfAll(weights, entropy, logits);
    }

    /// <summary>1 for what is left out [tokens, experts], or null where nothing is drawn.</summary>
    private Tensor? Dropped(Tensor logits, RoutingContext context)
    {
        using Gradients.Pause pause = Gradients.Paused();
        int draws = _options.DropoutScope == GateDropoutScope.Batch ? 1 : logits.Shape[0];
        if (context.Uniform([draws, Experts], 0, 1, logits.Type) is not { } uniform) return null;
        Tensor dropped = uniform.IsLessThan(_options.Dropout); // [draws, experts]
        Tensor allDropped = dropped.Sum([-1], keepAxes: true).IsEqualTo(Experts); // [draws, 1]
        return dropped * (1 - allDropped * logits.ArgMax(-1).OneHot(Experts, logits.Type)); // [tokens, experts]
    }
}

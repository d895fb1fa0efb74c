using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>Switch-and-mixture: the best group, and the best experts in it; weights not renormalised.</summary>
public sealed record SamOptions : TopKOptions
{
    /// <summary>The policy of Hetu's SAM gate, with a balance loss that does not grow with k.</summary>
    public SamOptions() => (TopK, Renormalise, CapacityFactor) = (2, Renormalisation.None, 1.25m);

    /// <summary>How many equal groups of neighbours the experts make, such as those of one device.</summary>
    public int Groups { get; init; } = 4;

    /// <summary>Coefficient of the alignment loss.</summary>
    public double AlignmentCoefficient { get; init; } = 0.01;

    /// <summary>Whether the alignment loss is a sum over tokens, as in the paper's code, instead of their mean.</summary>
    public bool AlignmentIsSum { get; init; }

    /// <inheritdoc/>
    public override Gate Make(GateSize size, Philox random) => new SamGate(size.Width, size.Experts, this, random);

    /// <inheritdoc/>
    public override void Check(int experts)
    {
        base.Check(experts);
        if (Groups < 1 || experts % Groups != 0) throw new ArgumentException($"{experts} experts do not make {Groups} equal groups: give a number that divides them");
        new ExpertGroups(Groups, 1, experts / Groups).Check(experts, TopK);
        CheckCoefficients(("alignment loss", AlignmentCoefficient));
    }
}

/// <summary>
/// Switch and mixture: each token picks the group with the largest sum of probabilities, then its top k inside, so that
/// one copy of it crosses the network however many experts see it. The alignment loss, Σ max(0, p_e - p of the k-th chosen)
/// over the experts e outside, pulls probability into the chosen group (arXiv 2110.07431).
/// </summary>
public sealed class SamGate : TopKGate
{
    private readonly SamOptions _options;
    private readonly ExpertGroups _groups;

    /// <summary>Makes a gate.</summary>
    /// <inheritdoc cref="TopKGate(int, int, TopKOptions, Philox, double)"/>
    public SamGate(int width, int experts, SamOptions options, Philox random, double deviation = 0.02)
        : base(width, experts, options, random, deviation)
        => (_options, _groups) = (options, new ExpertGroups(options.Groups, 1, experts / options.Groups));

    private protected override Choices Select(Tensor logits, Tensor scores, in RoutingContext context) => Choices.Top(_groups.Limit(scores), _options.TopK);

    private protected override void AddLosses(List<RoutingLoss> losses, Tensor logits, Tensor scores, Choices choices, in RoutingContext context)
    {
        base.AddLosses(losses, logits, scores, choices, context);
        if (_options.AlignmentCoefficient == 0) return;
        Tensor columns = choices.Columns, threshold = scores.Gather(-1, columns.Slice(-1, choices.Count - 1)); // [tokens, 1]
        Tensor excess = (scores - threshold).Relu().MaskedFill(InsideGroup(columns, choices.Count), 0); // [tokens, experts]
        if (context.Column(scores.Type) is { } column) excess *= column;
        double divisor = _options.AlignmentIsSum ? 1 : Math.Max(1, context.Valid(choices.Tokens));
        losses.Add(new("alignment", excess.Sum() * (_options.AlignmentCoefficient / divisor)));
    }

    /// <summary>1 for the experts of each token's group, Int32 [tokens, experts].</summary>
    private Tensor InsideGroup(Tensor columns, int choices)
    {
        int each = Experts / _groups.Groups;
        Tensor inside = Tensor.Zeros([columns.Shape[0], Experts], ElementType.Int32);
        Span<int> flags = inside.AsSpan<int>();
        ReadOnlySpan<int> chosen = columns.AsReadOnlySpan<int>();
        for (int token = 0; token < columns.Shape[0]; token++)
            flags.Slice(token * Experts + chosen[token * choices] / each * each, each).Fill(1);
        return inside;
    }
}

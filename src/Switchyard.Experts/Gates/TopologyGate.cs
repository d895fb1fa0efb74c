using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>Top-2 of which at most a fraction of the tokens may leave their node.</summary>
public sealed record TopologyOptions : TopKOptions
{
    /// <summary>FasterMoE's policy.</summary>
    public TopologyOptions() => (TopK, Weights, Renormalise, BalanceOver) = (2, CombineWeights.SoftmaxOverChosen, Renormalisation.None, Losses.BalanceOver.FirstChoices);

    /// <summary>Experts that live on one node: neighbours.</summary>
    public int ExpertsPerNode { get; init; } = 4;

    /// <summary>The node that the tokens are on.</summary>
    public int Node { get; init; }

    /// <summary>The share of the tokens that may go to an expert of another node.</summary>
    public double OutgoingFraction { get; init; } = 0.14;

    /// <inheritdoc/>
    public override bool IsCausal => false;

    /// <inheritdoc/>
    public override bool IsCausalInTraining => false;

    /// <inheritdoc/>
    public override Gate Make(GateSize size, Philox random) => new TopologyGate(size.Width, size.Experts, this, random);

    /// <inheritdoc/>
    public override void Check(int experts)
    {
        base.Check(experts);
        if (TopK != 2) throw new ArgumentException($"the topology gate sends a token to two experts, top-k is {TopK}: give 2");
        if (ExpertsPerNode < 2 || experts % ExpertsPerNode != 0) throw new ArgumentException($"{experts} experts do not make nodes of {ExpertsPerNode}: give a number above 1 that divides them");
        if (Node < 0 || Node >= experts / ExpertsPerNode) throw new ArgumentException($"node {Node} is not one of {experts / ExpertsPerNode}");
        if (OutgoingFraction is not (>= 0 and <= 1)) throw new ArgumentException($"the outgoing fraction is {OutgoingFraction}: give 0 to 1");
    }
}

/// <summary>
/// Only the tokens with the greatest first logits may leave their node, with their first choice; every other choice is the
/// next best expert of the node itself (FasterMoE, PPoPP 2022, §4.4; gates/faster_gate.py of laekov/fastmoe). Where fewer want
/// to leave than may, it is plain top-2. Who may leave depends on all tokens: not causal.
/// </summary>
public sealed class TopologyGate : TopKGate
{
    private readonly TopologyOptions _options;

    /// <summary>Makes a gate.</summary>
    /// <inheritdoc cref="TopKGate(int, int, TopKOptions, Philox, double)"/>
    public TopologyGate(int width, int experts, TopologyOptions options, Philox random, double deviation = 0.02)
        : base(width, experts, options, random, deviation)
        => _options = options;

    /// <summary>The balance loss counts what tokens wanted, not where they were let go: the router is to learn to want what is near.</summary>
    private protected override void AddLosses(List<RoutingLoss> losses, Tensor logits, Tensor scores, Choices choices, in RoutingContext context)
        => base.AddLosses(losses, logits, scores, Choices.Top(logits, 2).Without(context.Mask), context);

    private protected override Choices Select(Tensor logits, Tensor scores, in RoutingContext context)
    {
        using Gradients.Pause pause = Gradients.Paused();
        Choices top = Choices.Top(logits, 2);
        int tokens = logits.Shape[0], first = _options.Node * _options.ExpertsPerNode, limit = (int)(tokens * _options.OutgoingFraction);
        int[] chosen = top.Experts.ToArray<int>();
        int[] leaving = [.. Enumerable.Range(0, tokens).Where(token => chosen[2 * token] < first || chosen[2 * token] >= first + _options.ExpertsPerNode)];
        if (leaving.Length <= limit) return top;

        double[] firstLogit = logits.To(ElementType.Float64).Max(-1).Values.ToArray<double>();
        HashSet<int> allowed = [.. leaving.OrderByDescending(token => firstLogit[token]).Take(limit)];
        int[] local = logits.Slice(-1, first, first + _options.ExpertsPerNode).ArgTopK(2).ToArray<int>();
        Span<int> entries = top.Experts.AsSpan<int>();
        for (int token = 0; token < tokens; token++)
        {
            entries[2 * token] = first + local[2 * token];
            entries[2 * token + 1] = allowed.Contains(token) ? chosen[2 * token] : first + local[2 * token + 1];
        }
        return top;
    }
}

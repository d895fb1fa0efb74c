using Switchyard.Experts.Losses;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>How a token's second expert is chosen while training. In evaluation it is always the next best.</summary>
public enum SecondChoice
{
    /// <summary>The next best.</summary>
    NextBest,

    /// <summary>The best of the others after Gumbel noise on the logits; weights stay those without noise (DeepSpeed).</summary>
    Gumbel,

    /// <summary>The next best, kept with probability 2·g₂, g₂ its share of the two (GShard, arXiv 2006.16668, §3.2).</summary>
    KeepByShare,

    /// <summary>The next best, kept with probability 2·p₂ (fairseq, where weights are renormalised after dropping).</summary>
    KeepByProbability,

    /// <summary>The next best, kept with probability g₂/0.2 (ST-MoE, arXiv 2202.08906).</summary>
    KeepByThreshold,
}

/// <summary>GShard's policy: capacity factor 1 (2·T/E slots) while training, weights of the two made to sum to one, balance over first choices.</summary>
public sealed record Top2Options : TopKOptions
{
    /// <summary>The paper's policy.</summary>
    public Top2Options() => (TopK, CapacityFactor, BalanceOver) = (2, 1m, BalanceOver.FirstChoices);

    /// <summary>How the second expert is chosen.</summary>
    public SecondChoice Second { get; init; } = SecondChoice.KeepByShare;

    /// <inheritdoc/>
    public override Gate Make(GateSize size, Philox random) => new Top2Gate(size.Width, size.Experts, this, random);

    /// <inheritdoc/>
    public override void Check(int experts)
    {
        base.Check(experts);
        if (TopK != 2) throw new ArgumentException($"the top-2 gate sends a token to two experts, top-k is {TopK}: give 2, or the top-k gate");
    }
}

/// <summary>
/// Two experts per token, the second by chance: y = g₁·f₁(x) + g₂·f₂(x), g_j = p_j/(p₁ + p₂) (GShard, arXiv 2006.16668,
/// §3.2, algorithm 1). A second choice that a draw refuses asks for no slot; the first keeps its weight.
/// </summary>
public sealed class Top2Gate : TopKGate
{
    private const double FullShare = 0.2;

    private readonly SecondChoice _second;

    /// <summary>Makes a gate.</summary>
    /// <inheritdoc cref="TopKGate(int, int, TopKOptions, Philox, double)"/>
    public Top2Gate(int width, int experts, Top2Options options, Philox random, double deviation = 0.02)
        : base(width, experts, options, random, deviation)
        => _second = options.Second;

    private protected override Choices Select(Tensor logits, Tensor scores, in RoutingContext context)
    {
        using Gradients.Pause pause = Gradients.Paused();
        if (!IsTraining || _second == SecondChoice.NextBest) return Choices.Top(logits, 2);
        return _second == SecondChoice.Gumbel ? WithNoise(logits, context) : WithDraws(Choices.Top(logits, 2), scores, context);
    }

    private static Choices WithNoise(Tensor logits, in RoutingContext context)
    {
        Tensor first = logits.ArgMax(-1, keepAxis: true); // [tokens, 1]
        Tensor noisy = context.Gumbel(logits.Shape, logits.Type) is { } gumbel ? logits + gumbel : logits;
        Tensor isFirst = first.Reshape([logits.Shape[0]]).OneHot(logits.Shape[1]);
        Tensor second = noisy.MaskedFill(isFirst, double.NegativeInfinity).ArgMax(-1, keepAxis: true);
        Tensor both = Tensor.Empty([logits.Shape[0], 2], ElementType.Int32);
        Span<int> entries = both.AsSpan<int>();
        ReadOnlySpan<int> firsts = first.AsReadOnlySpan<int>(), seconds = second.AsReadOnlySpan<int>();
        for (int token = 0; token < firsts.Length; token++) (entries[2 * token], entries[2 * token + 1]) = (firsts[token], seconds[token]);
        return new(both);
    }

    private Choices WithDraws(Choices choices, Tensor scores, in RoutingContext context)
    {
        if (context.Uniform([choices.Tokens], 0, 1, scores.Type) is not { } draws) return choices;
        Tensor chosen = scores.Gather(-1, choices.Experts); // [tokens, 2]
        if (_second != SecondChoice.KeepByProbability) chosen = chosen.OverSum();
        double factor = _second == SecondChoice.KeepByThreshold ? 1 / FullShare : 2;
        Tensor isKept = (chosen.Slice(-1, 1) * factor).Reshape([choices.Tokens]).IsGreaterThan(draws).To(ElementType.Int32);
        Span<int> entries = choices.Experts.AsSpan<int>();
        ReadOnlySpan<int> kept = isKept.AsReadOnlySpan<int>();
        for (int token = 0; token < kept.Length; token++)
            if (kept[token] == 0) entries[2 * token + 1] = ~entries[2 * token + 1];
        return choices;
    }
}

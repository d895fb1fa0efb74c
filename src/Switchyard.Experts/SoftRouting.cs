using Switchyard.Tensors;

namespace Switchyard.Experts;

/// <summary>
/// A routing in which every slot of an expert holds a mixture of all tokens of a sequence, and every token gets a mixture
/// of all slots: it has no pairs, but weights on the way to the experts and on the way back.
/// </summary>
public sealed class SoftRouting : Routing
{
    private readonly int _slots;

    /// <summary>Writes a decision down.</summary>
    /// <param name="dispatch">Of each slot, the share of each token; sums to one over the tokens [sequences, tokens, experts · slots].</param>
    /// <param name="combine">Of each token, the share of each slot; sums to one over the slots [sequences, tokens, experts · slots].</param>
    /// <param name="experts">How many experts there are.</param>
    /// <param name="losses">The gate's losses.</param>
    /// <param name="statistics">What happened.</param>
    internal SoftRouting(Tensor dispatch, Tensor combine, int experts, IReadOnlyList<RoutingLoss> losses, RoutingStatistics statistics)
        : base(dispatch.Shape[0] * dispatch.Shape[1], Tensor.Empty([0], ElementType.Int32), OffsetsOf(dispatch, experts), Tensor.Empty([0], dispatch.Type), losses, statistics)
        => (Dispatch, CombineWeights, _slots) = (dispatch, combine, dispatch.Shape[2] / experts);

    /// <summary>Of each slot, the share of each token [sequences, tokens, experts · slots].</summary>
    public Tensor Dispatch { get; }

    /// <summary>Of each token, the share of each slot [sequences, tokens, experts · slots].</summary>
    public Tensor CombineWeights { get; }

    /// <summary>The same decision with other statistics.</summary>
    internal SoftRouting With(RoutingStatistics statistics) => new(Dispatch, CombineWeights, Experts, Losses, statistics);

    /// <inheritdoc/>
    internal override IEnumerable<Tensor> Differentiable => [Dispatch, CombineWeights];

    /// <inheritdoc/>
    /// <returns>The slots [experts · sequences · slots, width], grouped by expert.</returns>
    public override Tensor Gather(Tensor tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        int sequences = Dispatch.Shape[0], width = tokens.Shape[1];
        Tensor slots = Tensor.MatMul(Dispatch, tokens.Reshape([sequences, Dispatch.Shape[1], width]), transposeA: true); // [sequences, experts · slots, width]
        return slots.Reshape([sequences, Experts, _slots, width]).Permute([1, 0, 2, 3]).Reshape([sequences * Dispatch.Shape[2], width]);
    }

    /// <inheritdoc/>
    public override Tensor Combine(Tensor answers)
    {
        ArgumentNullException.ThrowIfNull(answers);
        int sequences = Dispatch.Shape[0], width = answers.Shape[1];
        Tensor bySequence = answers.Reshape([Experts, sequences, _slots, width]).Permute([1, 0, 2, 3]).Reshape([sequences, Dispatch.Shape[2], width]);
        return Tensor.MatMul(CombineWeights, bySequence).Reshape([Tokens, width]);
    }

    /// <inheritdoc/>
    public override int[] MainExperts()
    {
        using Gradients.Pause pause = Gradients.Paused();
        return CombineWeights.Reshape([Tokens, Experts, _slots]).Sum([-1]).ArgMax(-1).ToArray<int>();
    }

    private static Tensor OffsetsOf(Tensor dispatch, int experts)
    {
        int rows = dispatch.Shape[0] * dispatch.Shape[2] / experts;
        Tensor offsets = Tensor.Empty([experts + 1], ElementType.Int32);
        Span<int> starts = offsets.AsSpan<int>();
        for (int expert = 0; expert <= experts; expert++) starts[expert] = expert * rows;
        return offsets;
    }
}

using Switchyard.Tensors.Autograd;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// A layer of feed-forward experts from tokens to tokens: y_t = Σ over the pairs p of token t, in rising p, of
    /// weights_p · down_e·h_p, where h_p = silu(gate_e·x_t)·(up_e·x_t), or max(0, up_e·x_t) without a gate. The rows of the
    /// pairs are never written down: they are gathered while the products pack them.
    /// </summary>
    /// <param name="tokens">x [tokens, width].</param>
    /// <param name="tokenOf">The token of each pair, Int32 [pairs], each from 0 to tokens - 1.</param>
    /// <param name="offsets">Expert e has the pairs offsets[e] up to offsets[e + 1], Int32 [experts + 1].</param>
    /// <param name="weights">The combine weight of each pair [pairs].</param>
    /// <param name="gate">[experts, hidden, width], or null.</param>
    /// <param name="up">[experts, hidden, width]</param>
    /// <param name="down">[experts, width, hidden]</param>
    /// <returns>[tokens, width]; 0 for a token without a pair.</returns>
    /// <exception cref="ArgumentException">Element types or shapes do not match, a number names no token, or the offsets fall or do not cover the pairs.</exception>
    public static Tensor ExpertFeedForward(Tensor tokens, Tensor tokenOf, Tensor offsets, Tensor weights, Tensor? gate, Tensor up, Tensor down)
    {
        CheckExperts(tokens, tokenOf, offsets, weights, gate, up, down);
        int pairs = tokenOf.Shape[0], hiddenWidth = up.Shape[1];
        Tensor upRows = Empty([pairs, hiddenWidth], tokens.Type), hidden = upRows;
        Tensor? gateRows = null;
        if (gate is null)
        {
            ExpertProduct.Rectified(tokens, tokenOf, up, offsets, upRows);
        }
        else
        {
            gateRows = Empty(upRows.Shape, tokens.Type);
            hidden = Empty(upRows.Shape, tokens.Type);
            ExpertProduct.Rows(tokens, tokenOf, gate, true, offsets, gateRows);
            ExpertProduct.Gated(tokens, tokenOf, up, offsets, gateRows, upRows, hidden);
        }

        Tensor y = Empty(tokens.Shape, tokens.Type);
        using (Tensor answers = Empty([pairs, tokens.Shape[1]], tokens.Type))
        {
            ExpertProduct.Rows(hidden, null, down, true, offsets, answers);
            RowsByIndex.ScatterAdd(answers, tokenOf, weights, y);
        }

        if (gateRows is not null) hidden.Dispose();
        Tensor[] operands = gate is null ? [tokens, weights, up, down] : [tokens, weights, up, down, gate];
        y.WithGradient(operands, (dy, to) =>
        {
            if (to.CreateGraph) to.Through(ExpertFeedForwardComposed(tokens, tokenOf, offsets, weights, gate, up, down));
            else ExpertFeedForwardBackward(to, tokens, tokenOf, offsets, weights, gate, up, down, gateRows, upRows, dy);
        }, Saved.Operands);
        if (y.Node is not null) return y;
        gateRows?.Dispose();
        upRows.Dispose();
        return y;
    }

    private static void ExpertFeedForwardBackward(
        GradientFlow to, Tensor tokens, Tensor tokenOf, Tensor offsets, Tensor weights, Tensor? gate, Tensor up, Tensor down,
        Tensor? gateRows, Tensor upRows, Tensor dy)
    {
        using Tensor dup = Empty(upRows.Shape, dy.Type), weighted = Empty(upRows.Shape, dy.Type);
        using Tensor? dgate = gate is null ? null : Empty(upRows.Shape, dy.Type);
        Tensor dweights = Empty(weights.Shape, dy.Type);
        ExpertProduct.Rows(dy, tokenOf, down, false, offsets, dup);
        FeedForwardRows.Backward(gateRows, upRows, weights, dup, dgate, weighted, dweights);
        to.Add(weights, dweights);
        if (to.Wants(down)) to.Add(down, Weights(down, dy, tokenOf, weighted, null));
        if (to.Wants(up)) to.Add(up, Weights(up, dup, null, tokens, tokenOf));
        if (gate is not null && to.Wants(gate)) to.Add(gate, Weights(gate, dgate!, null, tokens, tokenOf));
        if (!to.Wants(tokens)) return;

        using Tensor drows = Empty([tokenOf.Shape[0], tokens.Shape[1]], dy.Type);
        ExpertProduct.Rows(dup, null, up, false, offsets, drows);
        if (gate is not null) ExpertProduct.Rows(dgate!, null, gate, false, offsets, drows, accumulate: true);
        Tensor dtokens = Empty(tokens.Shape, dy.Type);
        RowsByIndex.ScatterAdd(drows, tokenOf, null, dtokens);
        to.Add(tokens, dtokens);

        Tensor Weights(Tensor weight, Tensor a, Tensor? aRows, Tensor b, Tensor? bRows)
        {
            Tensor gradient = Empty(weight.Shape, dy.Type);
            ExpertProduct.Weights(a, aRows, b, bRows, offsets, gradient);
            return gradient;
        }
    }

    private static Tensor ExpertFeedForwardComposed(Tensor tokens, Tensor tokenOf, Tensor offsets, Tensor weights, Tensor? gate, Tensor up, Tensor down)
    {
        Tensor rows = GatherRows(tokens, tokenOf); // [pairs, width]
        Tensor upRows = GroupedLinear(rows, up, offsets); // [pairs, hidden]
        Tensor hidden = gate is null ? upRows.Relu() : SwiGlu(GroupedLinear(rows, gate, offsets), upRows);
        return ScatterAddRows(GroupedLinear(hidden, down, offsets), tokenOf, tokens.Shape[0], weights);
    }

    private static void CheckExperts(Tensor tokens, Tensor tokenOf, Tensor offsets, Tensor weights, Tensor? gate, Tensor up, Tensor down)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(tokenOf);
        ArgumentNullException.ThrowIfNull(weights);
        ArgumentNullException.ThrowIfNull(up);
        ArgumentNullException.ThrowIfNull(down);
        CheckSameType(tokens, up);
        CheckSameType(up, down);
        CheckSameType(up, weights);
        if (gate is not null) CheckSameType(up, gate);
        if (tokens.Rank != 2 || up.Rank != 3 || up.Shape[2] != tokens.Shape[1] || down.Shape != up.Shape.With(1, up.Shape[2]).With(2, up.Shape[1]) || (gate is not null && gate.Shape != up.Shape))
            throw new ArgumentException($"tokens {tokens}, gate {gate?.ToString() ?? "none"}, up {up} and down {down} do not match: they have the shapes [tokens, width], [experts, hidden, width] twice and [experts, width, hidden]");
        CheckRowNumbers(tokenOf, tokens.Shape[0]);
        if (weights.Shape != tokenOf.Shape) throw new ArgumentException($"{weights} does not weigh {tokenOf.Shape[0]} pairs: give one number each");
        CheckOffsets(offsets, up.Shape[0], tokenOf.Shape[0]);
    }
}

using Switchyard.Experts.Banks;
using Switchyard.Tensors;

namespace Switchyard.Experts.Dispatch.Baselines;

/// <summary>
/// Dispatch and combine as products with a [tokens, experts, capacity] cube of weights (GShard, arXiv 2006.16668, algorithm 1;
/// DeepSpeed until August 2026). Its cost grows with the square of the tokens; it is here to be measured and tested against.
/// </summary>
internal static class EinsumDispatch
{
    /// <summary>Lets the experts answer.</summary>
    /// <param name="tokens">Hidden vectors [tokens, width].</param>
    /// <param name="routing">Choices that ask for slots by (choice, token); weights that are normalised before dropping, or not.</param>
    /// <param name="capacity">Slots per expert.</param>
    /// <param name="experts">The experts, which work on all slots, empty or not.</param>
    /// <returns>[tokens, width]</returns>
    public static Tensor Forward(Tensor tokens, Routing routing, int capacity, ExpertBank experts)
    {
        int slots = experts.Experts * capacity;
        Tensor combine = CombineWeights(routing, capacity).Reshape([routing.Tokens, slots]); // [tokens, experts · capacity]
        Tensor dispatch = combine.Detach().IsGreaterThan(0);
        Tensor buffer = Tensor.MatMul(dispatch, tokens, transposeA: true); // [experts · capacity, width]
        return Tensor.MatMul(combine, experts.Forward(buffer, PaddedBuffer.Offsets(experts.Experts, capacity)));
    }

    /// <summary>combine[t, e, c] = Σ_j g_tj·[choice j of t is e]·[its slot is c].</summary>
    private static Tensor CombineWeights(Routing routing, int capacity)
    {
        int tokens = routing.Tokens, experts = routing.Experts, choices = routing.Choices!.Shape[1];
        Tensor weights = PaddedBuffer.WeightsOfChoices(routing); // [tokens, choices]
        ReadOnlySpan<int> expertOf = routing.Choices.AsReadOnlySpan<int>();
        int[] taken = new int[experts];
        Tensor? combine = null;
        for (int choice = 0; choice < choices; choice++)
        {
            float[] mask = new float[tokens * experts], location = new float[tokens * capacity];
            for (int token = 0; token < tokens; token++)
            {
                // A running count over the tokens, which begins where the choices before left it.
                int expert = expertOf[token * choices + choice];
                if (expert < 0 || taken[expert]++ >= capacity) continue;
                mask[token * experts + expert] = 1;
                location[token * capacity + taken[expert] - 1] = 1;
            }
            Tensor chosen = Tensor.From(mask, [tokens, experts, 1]).To(weights.Type) * weights.Slice(1, choice, choice + 1).Reshape([tokens, 1, 1]);
            Tensor part = chosen * Tensor.From(location, [tokens, 1, capacity]).To(weights.Type); // [tokens, experts, capacity]
            combine = combine is null ? part : combine + part;
        }
        return combine!;
    }
}

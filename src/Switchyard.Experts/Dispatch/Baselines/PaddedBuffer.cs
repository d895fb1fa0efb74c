using Switchyard.Experts.Banks;
using Switchyard.Tensors;

namespace Switchyard.Experts.Dispatch.Baselines;

/// <summary>
/// Encodes tokens into a padded [experts, capacity] buffer and decodes the answers (Tutel, arXiv 2206.03382): no
/// product, but the experts also work on the slots that nobody took. It is here to be measured and tested against.
/// </summary>
internal static class PaddedBuffer
{
    /// <summary>Lets the experts answer.</summary>
    /// <inheritdoc cref="EinsumDispatch.Forward"/>
    public static Tensor Forward(Tensor tokens, Routing routing, int capacity, ExpertBank experts)
    {
        int slots = experts.Experts * capacity;
        Tensor slotOf = Tensor.Empty([(int)routing.TokenOf.Elements], ElementType.Int32); // [pairs]
        // An empty slot reads token 0 instead of being cleared: its answer has weight 0.
        Tensor tokenOf = Tensor.Zeros([slots], ElementType.Int32); // [experts · capacity]
        Span<int> slot = slotOf.AsSpan<int>(), token = tokenOf.AsSpan<int>();
        ReadOnlySpan<int> offsets = routing.Offsets.AsReadOnlySpan<int>(), tokenOfPair = routing.TokenOf.AsReadOnlySpan<int>();
        for (int expert = 0; expert < experts.Experts; expert++)
        {
            for (int pair = offsets[expert]; pair < offsets[expert + 1]; pair++)
            {
                slot[pair] = expert * capacity + pair - offsets[expert];
                token[slot[pair]] = tokenOfPair[pair];
            }
        }
        Tensor weights = Tensor.ScatterAddRows(routing.Weights.Reshape([slot.Length, 1]), slotOf, slots).Reshape([slots]);
        Tensor buffer = Tensor.GatherRows(tokens, tokenOf); // [experts · capacity, width]
        return Tensor.ScatterAddRows(experts.Forward(buffer, Offsets(experts.Experts, capacity)), tokenOf, routing.Tokens, weights);
    }

    /// <summary>Every expert has capacity rows: Int32 [experts + 1].</summary>
    public static Tensor Offsets(int experts, int capacity) => Tensor.From([.. Enumerable.Range(0, experts + 1).Select(expert => expert * capacity)], [experts + 1]);

    /// <summary>The weight of every choice, 0 for one that was dropped [tokens, choices].</summary>
    public static Tensor WeightsOfChoices(Routing routing)
    {
        int choices = routing.Choices!.Shape[1];
        Tensor column = routing.Weights.Reshape([(int)routing.Weights.Elements, 1]);
        return Tensor.ScatterAddRows(column, routing.Pairs!, routing.Tokens * choices).Reshape([routing.Tokens, choices]);
    }
}

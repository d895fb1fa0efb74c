using Switchyard.Experts.Gates;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts.Dispatch;

/// <summary>Who got a slot.</summary>
/// <param name="Pairs">token·choices + choice of every kept pair, grouped by expert, in slot order, Int32 [pairs].</param>
/// <param name="Offsets">Expert e has the pairs Offsets[e] to Offsets[e + 1] - 1, Int32 [experts + 1].</param>
/// <param name="Load">Choices of each expert, kept or not.</param>
internal readonly record struct Slots(Tensor Pairs, Tensor Offsets, long[] Load)
{
    /// <summary>Choices that found no slot.</summary>
    public long Dropped => Load.Sum() - Pairs.Elements;

    /// <summary>Slots for all who ask.</summary>
    /// <param name="choices">Who asks.</param>
    /// <param name="experts">How many experts there are.</param>
    /// <param name="context">May hold a routing to be forced.</param>
    public static Slots ForAll(Choices choices, int experts, in RoutingContext context)
        => context.Replay is { } replay ? Of(replay) : SlotAssignment.Assign(choices, experts, SlotOrder.ChoiceThenToken, [], 1, [], []);

    /// <summary>Slots by a policy.</summary>
    /// <param name="choices">Who asks.</param>
    /// <param name="options">The policy.</param>
    /// <param name="isTraining">Which of its capacities counts.</param>
    /// <param name="scores">Scores of the experts [tokens, experts], for priority and for the drop rules.</param>
    /// <param name="weights">Combine weights of the choices [tokens, choices], for the drop rules.</param>
    /// <param name="context">The mask, the sequences, the stream; perhaps a routing to be forced.</param>
    public static Slots By(Choices choices, SlotOptions options, bool isTraining, Tensor scores, Tensor weights, in RoutingContext context)
    {
        if (context.Replay is { } replay) return Of(replay);
        using Gradients.Pause pause = Gradients.Paused();
        int experts = scores.Shape[1], tokens = choices.Tokens, sequences = options.SlotsPerSequence ? context.Sequences : 1;
        int[] capacities = Capacities(options, isTraining, experts, tokens, sequences, context);
        float[] priority = options.SlotOrder == SlotOrder.ChoiceThenPriority ? Numbers(scores.Max(-1).Values) : [];
        float[] rank = capacities.Length == 0 ? [] : options.DropRule switch
        {
            DropRule.LowestWeight => Numbers(weights),
            DropRule.LowestProbability => Numbers(scores.Gather(-1, choices.Columns)),
            DropRule.LowestDraw when isTraining && context.Uniform(scores.Shape, 0, 1, scores.Type) is { } draws => Numbers(draws.Gather(-1, choices.Columns)),
            _ => [],
        };
        return SlotAssignment.Assign(choices, experts, options.SlotOrder, priority, sequences, capacities, rank);
    }

    /// <summary>The token of each pair, Int32 [pairs].</summary>
    /// <param name="choices">How many choices a token has.</param>
    public Tensor Tokens(int choices)
    {
        if (choices == 1) return Pairs;
        Tensor tokens = Tensor.Empty(Pairs.Shape, ElementType.Int32);
        Span<int> tokenOf = tokens.AsSpan<int>();
        ReadOnlySpan<int> pairs = Pairs.AsReadOnlySpan<int>();
        for (int i = 0; i < pairs.Length; i++) tokenOf[i] = (int)((uint)pairs[i] / (uint)choices);
        return tokens;
    }

    private static Slots Of(Routing replay)
    {
        (Tensor choices, Tensor pairs) = replay.Recorded;
        return new(pairs, replay.Offsets, new Choices(choices).Load(replay.Experts, ..));
    }

    /// <summary>The slots per expert of every sequence; empty where nothing is dropped.</summary>
    private static int[] Capacities(SlotOptions options, bool isTraining, int experts, int tokens, int sequences, in RoutingContext context)
    {
        int valid = context.Valid(tokens);
        if (options.Capacity(valid, experts, isTraining) is not { } all) return [];
        if (sequences == 1) return [all];
        int[] capacities = new int[sequences];
        for (int sequence = 0; sequence < sequences; sequence++)
        {
            int ofSequence = context.Valid(context.Rows(sequence, tokens), tokens);
            capacities[sequence] = options.Capacity(ofSequence, experts, isTraining)!.Value;
        }
        return capacities;
    }

    private static float[] Numbers(Tensor tensor) => tensor.To(ElementType.Float32).ToArray<float>();
}

using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts.Dispatch;

/// <summary>
/// Turns choices into the list of pairs: every choice asks its expert for a slot, in a fixed order; an expert gives
/// out as many as its capacity.
/// </summary>
internal static class SlotAssignment
{
    /// <summary>Hands out the slots.</summary>
    /// <param name="choices">Who asks for what.</param>
    /// <param name="experts">How many experts there are.</param>
    /// <param name="order">In which order they ask.</param>
    /// <param name="priority">For <see cref="SlotOrder"/> by priority: one number per token, the largest first; of equals the lower token.</param>
    /// <param name="sequences">How many equal runs of tokens have slots of their own.</param>
    /// <param name="capacities">Slots per expert for each of these runs; empty for as many as ask.</param>
    /// <param name="rank">What decides who keeps a slot, one number per choice: the largest first, of equals the lower token; empty for the order itself.</param>
    public static Slots Assign(Choices choices, int experts, SlotOrder order, ReadOnlySpan<float> priority, int sequences, ReadOnlySpan<int> capacities, ReadOnlySpan<float> rank)
    {
        int[]? first = order == SlotOrder.ChoiceThenPriority ? ByFalling(priority) : null;
        bool byToken = order == SlotOrder.TokenThenChoice || (choices.Count == 1 && first is null);
        Tensor keys = byToken && sequences == 1 ? choices.Experts.Reshape([(int)choices.Experts.Elements]) : Keys(choices, byToken, first, sequences);
        (Tensor pairs, Tensor bins) = Tensor.GroupByKey(keys, experts * sequences);
        if (!byToken) FromAskingOrder(pairs.AsSpan<int>(), choices, first);

        long[] load = new long[experts];
        ReadOnlySpan<int> starts = bins.AsReadOnlySpan<int>();
        for (int expert = 0; expert < experts; expert++) load[expert] = starts[(expert + 1) * sequences] - starts[expert * sequences];
        if (capacities.Length > 0) pairs = pairs.Slice(0, 0, KeepUpTo(capacities, rank, bins.AsSpan<int>(), pairs.AsSpan<int>()));
        return new(pairs, sequences == 1 ? bins : bins.Slice(0, 0, null, sequences), load);
    }

    /// <summary>What each choice asks for, expert·sequences + sequence, in the order of asking; negative where it does not ask.</summary>
    private static Tensor Keys(Choices choices, bool byToken, int[]? first, int sequences)
    {
        int tokens = choices.Tokens, count = choices.Count, length = tokens / sequences;
        Tensor keys = Tensor.Empty([tokens * count], ElementType.Int32);
        Span<int> asked = keys.AsSpan<int>();
        ReadOnlySpan<int> entries = choices.Experts.AsReadOnlySpan<int>();
        for (int choice = 0, at = 0; choice < count; choice++)
        {
            for (int i = 0; i < tokens; i++, at++)
            {
                int token = first is null ? i : first[i], expert = entries[token * count + choice];
                int key = expert < 0 ? -1 : sequences == 1 ? expert : expert * sequences + token / length;
                asked[byToken ? token * count + choice : at] = key;
            }
        }
        return keys;
    }

    /// <summary>Turns places in the order of asking, choice by choice, into token·choices + choice.</summary>
    private static void FromAskingOrder(Span<int> pairs, Choices choices, int[]? first)
    {
        uint tokens = (uint)choices.Tokens, count = (uint)choices.Count;
        foreach (ref int pair in pairs)
        {
            (uint choice, uint i) = Math.DivRem((uint)pair, tokens);
            uint token = first is null ? i : (uint)first[i];
            pair = (int)(token * count + choice);
        }
    }

    /// <summary>Cuts every bin to its capacity and closes the gaps.</summary>
    /// <returns>How many pairs are kept.</returns>
    private static int KeepUpTo(ReadOnlySpan<int> capacities, ReadOnlySpan<float> rank, Span<int> bins, Span<int> pairs)
    {
        int kept = 0;
        for (int bin = 0, start = 0; bin < bins.Length - 1; bin++)
        {
            int end = bins[bin + 1], capacity = capacities[bin % capacities.Length];
            Span<int> run = pairs[start..end];
            start = end;
            if (run.Length > capacity)
            {
                if (!rank.IsEmpty) KeepHighest(capacity, rank, run);
                run = run[..capacity];
            }
            run.CopyTo(pairs[kept..]);
            kept += run.Length;
            bins[bin + 1] = kept;
        }
        return kept;
    }

    /// <summary>Moves the pairs of highest rank to the front of the run, in the order in which they stood.</summary>
    private static void KeepHighest(int capacity, ReadOnlySpan<float> rank, Span<int> run)
    {
        int[] byToken = run.ToArray();
        Array.Sort(byToken);
        float[] ranks = new float[run.Length];
        for (int i = 0; i < ranks.Length; i++) ranks[i] = rank[byToken[i]];
        HashSet<int> survivors = [];
        foreach (int place in ByFalling(ranks).AsSpan(0, capacity)) survivors.Add(byToken[place]);
        int kept = 0;
        foreach (int pair in run.ToArray())
            if (survivors.Contains(pair)) run[kept++] = pair;
    }

    /// <summary>The places of numbers from the largest down, of equals the lower place.</summary>
    private static int[] ByFalling(ReadOnlySpan<float> numbers)
    {
        using Tensor keys = Tensor.From(numbers, [numbers.Length]);
        using Tensor order = keys.ArgSort(descending: true);
        return order.ToArray<int>();
    }
}

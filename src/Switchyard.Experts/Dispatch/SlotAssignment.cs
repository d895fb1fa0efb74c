namespace Switchyard.Experts.Dispatch;

/// <summary>
/// Turns choices into the list of pairs: every choice asks its expert for a slot, in a fixed order; an expert gives
/// out as many as its capacity.
/// </summary>
internal static class SlotAssignment
{
    /// <summary>The choices in the order in which they ask, as token·k + choice.</summary>
    /// <param name="tokens">How many tokens.</param>
    /// <param name="topK">Choices per token.</param>
    /// <param name="order">The rule.</param>
    /// <param name="priority">For <see cref="Gates.SlotOrder"/> by priority: one number per token, the largest first; of equals the lower token.</param>
    /// <param name="ordered">Takes the result [tokens · k].</param>
    public static void Order(int tokens, int topK, Gates.SlotOrder order, ReadOnlySpan<float> priority, Span<int> ordered)
    {
        if (order == Gates.SlotOrder.TokenThenChoice)
        {
            for (int i = 0; i < ordered.Length; i++) ordered[i] = i;
            return;
        }
        Span<int> first = ordered[..tokens];
        for (int token = 0; token < tokens; token++) first[token] = token;
        if (order == Gates.SlotOrder.ChoiceThenPriority)
        {
            float[] falling = priority.ToArray();
            for (int token = 0; token < tokens; token++) falling[token] = -falling[token];
            StableSort(falling, first);
        }
        for (int choice = topK - 1; choice >= 0; choice--)
            for (int i = 0; i < tokens; i++) ordered[choice * tokens + i] = first[i] * topK + choice;
    }

    /// <summary>Hands out the slots.</summary>
    /// <param name="expertOf">The expert of each choice [tokens · k]; -1 for none.</param>
    /// <param name="ordered">The order from <see cref="Order"/>.</param>
    /// <param name="capacity">Slots per expert; null for as many as ask.</param>
    /// <param name="rank">What decides who keeps a slot: the largest first, of equals the lower token; empty for the order itself.</param>
    /// <param name="load">Takes the choices of each expert, kept or not [experts].</param>
    /// <param name="offsets">Takes where each expert's pairs begin [experts + 1].</param>
    /// <param name="pairs">Takes the kept choices grouped by expert, in slot order; the first offsets[experts] entries are set.</param>
    public static void Assign(ReadOnlySpan<int> expertOf, ReadOnlySpan<int> ordered, int? capacity, ReadOnlySpan<float> rank, Span<long> load, Span<int> offsets, Span<int> pairs)
    {
        load.Clear();
        foreach (int expert in expertOf)
            if (expert >= 0) load[expert]++;
        offsets[0] = 0;
        for (int expert = 0; expert < load.Length; expert++) offsets[expert + 1] = offsets[expert] + (int)load[expert];

        Span<int> next = stackalloc int[load.Length <= 1024 ? load.Length : 0];
        if (next.Length < load.Length) next = new int[load.Length];
        offsets[..load.Length].CopyTo(next);
        foreach (int choice in ordered)
            if (expertOf[choice] >= 0) pairs[next[expertOf[choice]]++] = choice;

        if (capacity is { } slots) KeepUpTo(slots, rank, offsets, pairs);
    }

    /// <summary>Cuts every expert's run to its capacity and closes the gaps.</summary>
    private static void KeepUpTo(int capacity, ReadOnlySpan<float> rank, Span<int> offsets, Span<int> pairs)
    {
        int kept = 0;
        for (int expert = 0, start = 0; expert < offsets.Length - 1; expert++)
        {
            int end = offsets[expert + 1];
            Span<int> run = pairs[start..end];
            start = end;
            if (run.Length > capacity)
            {
                if (!rank.IsEmpty) KeepHighest(capacity, rank, run);
                run = run[..capacity];
            }
            run.CopyTo(pairs[kept..]);
            kept += run.Length;
            offsets[expert + 1] = kept;
        }
    }

    /// <summary>Moves the choices of highest rank to the front of the run, in the order in which they stood.</summary>
    private static void KeepHighest(int capacity, ReadOnlySpan<float> rank, Span<int> run)
    {
        int[] byRank = run.ToArray();
        float[] falling = new float[run.Length];
        Array.Sort(byRank);
        for (int i = 0; i < byRank.Length; i++) falling[i] = -rank[byRank[i]];
        StableSort(falling, byRank);
        HashSet<int> survivors = [.. byRank.AsSpan(0, capacity)];
        int kept = 0;
        foreach (int choice in run.ToArray())
            if (survivors.Contains(choice)) run[kept++] = choice;
    }

    private static void StableSort(float[] keys, Span<int> items)
    {
        int[] positions = new int[keys.Length];
        for (int i = 0; i < positions.Length; i++) positions[i] = i;
        Array.Sort(positions, (a, b) => keys[a] != keys[b] ? keys[a].CompareTo(keys[b]) : a.CompareTo(b));
        int[] before = items.ToArray();
        for (int i = 0; i < positions.Length; i++) items[i] = before[positions[i]];
    }
}

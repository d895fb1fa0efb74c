namespace Switchyard.Ranking.Serving;

/// <summary>The best of some candidates by a heap of so many: the largest score first; of equals the lowest id.</summary>
public static class TopCandidates
{
    /// <summary>Puts the places of the best into a span.</summary>
    /// <param name="ids">The candidates' ids.</param>
    /// <param name="scores">Their scores; one that is not a number comes last.</param>
    /// <param name="top">Where to put the places, as many as are asked for.</param>
    /// <returns>How many there are: no more than candidates.</returns>
    public static int Select(ReadOnlySpan<long> ids, ReadOnlySpan<double> scores, Span<int> top)
    {
        int count = 0;
        for (int place = 0; place < ids.Length && !top.IsEmpty; place++)
        {
            if (count < top.Length)
            {
                top[count] = place;
                Rise(ids, scores, top, count++);
            }
            else if (IsBefore(ids, scores, place, top[0]))
            {
                top[0] = place;
                Sink(ids, scores, top[..count]);
            }
        }
        // The worst stands at the root: taking it out again and again leaves the best first.
        for (int left = count; left > 1; left--)
        {
            (top[0], top[left - 1]) = (top[left - 1], top[0]);
            Sink(ids, scores, top[..(left - 1)]);
        }
        return count;
    }

    private static bool IsBefore(ReadOnlySpan<long> ids, ReadOnlySpan<double> scores, int a, int b)
    {
        int order = scores[a].CompareTo(scores[b]);
        return order != 0 ? order > 0 : ids[a] != ids[b] ? ids[a] < ids[b] : a < b;
    }

    private static void Rise(ReadOnlySpan<long> ids, ReadOnlySpan<double> scores, Span<int> heap, int at)
    {
        while (at > 0 && IsBefore(ids, scores, heap[(at - 1) / 2], heap[at]))
        {
            (heap[at], heap[(at - 1) / 2]) = (heap[(at - 1) / 2], heap[at]);
            at = (at - 1) / 2;
        }
    }

    private static void Sink(ReadOnlySpan<long> ids, ReadOnlySpan<double> scores, Span<int> heap)
    {
        for (int at = 0; ;)
        {
            int worst = at;
            for (int child = 2 * at + 1; child <= 2 * at + 2 && child < heap.Length; child++)
                if (IsBefore(ids, scores, heap[worst], heap[child])) worst = child;
            if (worst == at) return;
            (heap[at], heap[worst]) = (heap[worst], heap[at]);
            at = worst;
        }
    }
}

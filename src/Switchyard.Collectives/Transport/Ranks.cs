namespace Switchyard.Collectives.Transport;

/// <summary>Ranks as messages name them.</summary>
internal static class Ranks
{
    /// <summary>"rank 3", or "ranks 0-2, 5".</summary>
    /// <param name="ranks">At least one, ascending.</param>
    public static string Name(IReadOnlyList<int> ranks)
    {
        List<string> runs = [];
        for (int first = 0; first < ranks.Count;)
        {
            int last = first;
            while (last + 1 < ranks.Count && ranks[last + 1] == ranks[last] + 1) last++;
            runs.Add(last == first ? $"{ranks[first]}" : $"{ranks[first]}-{ranks[last]}");
            first = last + 1;
        }

        return $"rank{(ranks.Count == 1 ? "" : "s")} {string.Join(", ", runs)}";
    }

    /// <summary>Who is where: "rank 0 is in Barrier at A.cs:3 (Run), ranks 1-3 are in AllReduce at B.cs:4 (Run)".</summary>
    /// <param name="places">Rank by rank; null for a rank that is left out.</param>
    public static string Where(IReadOnlyList<string?> places)
    {
        IEnumerable<IGrouping<string, int>> groups = Enumerable.Range(0, places.Count).Where(rank => places[rank] is not null).GroupBy(rank => places[rank]!);
        return string.Join(", ", groups.Select(group => $"{Name([.. group])} {(group.Count() == 1 ? "is" : "are")} in {group.Key}"));
    }
}

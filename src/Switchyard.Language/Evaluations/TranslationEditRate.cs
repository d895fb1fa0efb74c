namespace Switchyard.Language.Evaluations;

/// <summary>
/// TER (Snover et al., AMTA 2006): the edits that make a translation its reference (a word put in, taken out or replaced, or
/// a run of words moved) over the words of the reference. What to move is searched as tercom does, with its limits and its
/// order of preference; every number is that of sacreBLEU.
/// </summary>
public sealed record TranslationEditRate
{
    private const int LongestShift = 10, FarthestShift = 50, MostCandidates = 1000;

    /// <summary>Whether case counts.</summary>
    public bool IsCaseSensitive { get; init; }

    /// <summary>Whether punctuation is set apart first.</summary>
    public bool Normalises { get; init; }

    /// <summary>The score of a set of segments, in percent: the fewest edits of each, over the mean length of its references.</summary>
    /// <param name="hypotheses">The translations.</param>
    /// <param name="references">Sets of references, each with one for every hypothesis, or null where it has none.</param>
    public double Score(IReadOnlyList<string> hypotheses, params IReadOnlyList<IReadOnlyList<string?>> references)
    {
        ArgumentNullException.ThrowIfNull(hypotheses);
        double edits = 0, words = 0;
        for (int segment = 0; segment < hypotheses.Count; segment++)
        {
            string[] hypothesis = Words(hypotheses[segment]);
            List<string[]> given = [.. references.Select(set => set[segment]).OfType<string>().Select(Words)];
            if (given.Count == 0) throw new ArgumentException($"segment {segment + 1} has no reference: give at least one", nameof(references));
            edits += given.Min(reference => Edits(hypothesis, reference));
            words += given.Average(static reference => reference.Length);
        }
        return words > 0 ? 100 * edits / words : edits > 0 ? 100 : 0;
    }

    private string[] Words(string line)
    {
        string text = IsCaseSensitive ? line : line.ToLowerInvariant();
        return [.. BleuWords.Split(Normalises ? BleuWords.Tercom(text) : text)];
    }

    private static int Edits(string[] hypothesis, string[] reference)
    {
        if (reference.Length == 0) return hypothesis.Length;
        int shifts = 0, candidates = 0;
        while (BestShift(hypothesis, reference, ref candidates) is { Gain: > 0 } best && candidates < MostCandidates)
        {
            hypothesis = best.Words;
            shifts++;
        }
        return shifts + new EditPath(hypothesis, reference).Distance;
    }

    /// <summary>The move that saves most; of equals the longest, then the earliest, then that to the earliest place.</summary>
    private static (int Gain, string[] Words)? BestShift(string[] hypothesis, string[] reference, ref int candidates)
    {
        EditPath path = new(hypothesis, reference);
        ((int Gain, int Length, int Start, int Target) Rank, string[] Words)? best = null;
        foreach ((int start, int referenceStart, int length) in CommonRuns(hypothesis, reference))
        {
            bool isWrong = path.IsHypothesisWrong.AsSpan(start, length).Contains(true) && path.IsReferenceWrong.AsSpan(referenceStart, length).Contains(true);
            int aligned = path.Alignment[referenceStart];
            if (!isWrong || (aligned >= start && aligned < start + length)) continue;
            int previous = -1;
            for (int place = referenceStart - 1; place < Math.Min(referenceStart + length, reference.Length); place++)
            {
                int target = place < 0 ? 0 : path.Alignment[place] + 1;
                if (target == previous) continue;
                previous = target;
                string[] shifted = Shifted(hypothesis, start, length, target);
                var rank = (path.Distance - new EditPath(shifted, reference).Distance, length, -start, -target);
                if (best is null || rank.CompareTo(best.Value.Rank) > 0) best = (rank, shifted);
                candidates++;
            }
            if (candidates >= MostCandidates) break;
        }
        return best is { } found ? (found.Rank.Gain, found.Words) : null;
    }

    private static IEnumerable<(int Start, int ReferenceStart, int Length)> CommonRuns(string[] hypothesis, string[] reference)
    {
        for (int start = 0; start < hypothesis.Length; start++)
            for (int other = Math.Max(0, start - FarthestShift); other < Math.Min(reference.Length, start + FarthestShift + 1); other++)
                for (int length = 1; length <= LongestShift && start + length <= hypothesis.Length && other + length <= reference.Length && hypothesis[start + length - 1] == reference[other + length - 1]; length++)
                    yield return (start, other, length);
    }

    /// <summary>Moves words so that they stand before the one at a target; a target inside or just behind them moves them so much further.</summary>
    private static string[] Shifted(string[] words, int start, int length, int target)
    {
        string[] run = words[start..(start + length)], rest = [.. words[..start], .. words[(start + length)..]];
        int place = target < start ? target : target > start + length ? target - length : Math.Min(target, rest.Length);
        return [.. rest[..place], .. run, .. rest[place..]];
    }
}

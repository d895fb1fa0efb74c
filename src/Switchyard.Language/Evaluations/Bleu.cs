namespace Switchyard.Language.Evaluations;

/// <summary>
/// BLEU (Papineni et al., ACL 2002): the geometric mean of n-gram precisions, clipped by the references, with a penalty
/// for brevity. Every number is that of sacreBLEU (Post, arXiv 1804.08771).
/// </summary>
/// <param name="options">Which BLEU.</param>
public sealed class Bleu(BleuOptions options)
{
    /// <summary>Which BLEU.</summary>
    public BleuOptions Options => options;

    /// <summary>Counts what matches in one segment.</summary>
    /// <param name="hypothesis">The translation.</param>
    /// <param name="references">Its references; null for one that is missing, and an empty text for one that is empty.</param>
    /// <exception cref="ArgumentException">There is no reference.</exception>
    public BleuCounts Count(string hypothesis, params IEnumerable<string?> references)
    {
        ArgumentNullException.ThrowIfNull(hypothesis);
        List<string> words = Words(hypothesis);
        Dictionary<string, long> most = [];
        int? closest = null;
        foreach (string reference in references.OfType<string>())
        {
            List<string> other = Words(reference);
            int distance = Math.Abs(other.Count - words.Count);
            if (closest is not { } best || (distance, other.Count).CompareTo((Math.Abs(best - words.Count), best)) < 0) closest = other.Count;
            foreach ((string ngram, long count) in Ngrams(other)) most[ngram] = Math.Max(count, most.GetValueOrDefault(ngram));
        }
        if (closest is not { } length) throw new ArgumentException("a segment has no reference: give at least one", nameof(references));

        long[] matches = new long[options.MaximalOrder], totals = new long[options.MaximalOrder];
        foreach ((string ngram, long count) in Ngrams(words)) matches[ngram.Count(' ')] += Math.Min(count, most.GetValueOrDefault(ngram));
        for (int order = 0; order < totals.Length; order++) totals[order] = Math.Max(0, words.Count - order);
        return new BleuCounts(words.Count, length, matches, totals);
    }

    /// <summary>The score of a whole set of segments.</summary>
    /// <param name="hypotheses">The translations.</param>
    /// <param name="references">Sets of references, each with one for every hypothesis, or null where it has none.</param>
    /// <exception cref="ArgumentException">A set has another number of segments, or a segment has no reference.</exception>
    public BleuScore Score(IReadOnlyList<string> hypotheses, params IReadOnlyList<IReadOnlyList<string?>> references)
    {
        ArgumentNullException.ThrowIfNull(hypotheses);
        ArgumentNullException.ThrowIfNull(references);
        foreach (IReadOnlyList<string?> set in references)
            if (set.Count != hypotheses.Count) throw new ArgumentException($"{set.Count} references were given for {hypotheses.Count} hypotheses: give one for each");
        long[] none = new long[options.MaximalOrder];
        return Score(hypotheses.Select((hypothesis, segment) => Count(hypothesis, references.Select(set => set[segment]))).Aggregate(new BleuCounts(0, 0, none, none), static (sum, counts) => sum.Plus(counts)));
    }

    /// <summary>The score of what was counted.</summary>
    public BleuScore Score(BleuCounts counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        double[] matches = [.. counts.Matches], totals = [.. counts.Totals], precisions = new double[matches.Length];
        double brevity = counts.HypothesisLength >= counts.ReferenceLength ? 1
            : counts.HypothesisLength == 0 ? 0
            : Math.Exp(1 - (double)counts.ReferenceLength / counts.HypothesisLength);
        if (matches.All(static match => match == 0)) return Result(0);

        double halves = 1;
        int orders = matches.Length;
        for (int order = 0; order < matches.Length; order++)
        {
            if (options.Smoothing == BleuSmoothing.AddK && order > 0)
            {
                matches[order] += options.ActualSmoothingValue;
                totals[order] += options.ActualSmoothingValue;
            }
            if (totals[order] == 0) break;
            if (options.EffectiveOrder) orders = order + 1;
            double match = matches[order] != 0 ? matches[order] : options.Smoothing switch
            {
                BleuSmoothing.Exponential => 1 / (halves *= 2),
                BleuSmoothing.Floor => options.ActualSmoothingValue,
                _ => 0,
            };
            precisions[order] = 100 * match / totals[order];
        }
        return Result(brevity * Math.Exp(precisions.Take(orders).Sum(Math.Log) / orders));

        BleuScore Result(double score) => new(score, precisions, matches, totals, brevity, counts.HypothesisLength, counts.ReferenceLength);
    }

    private List<string> Words(string line)
    {
        string text = BleuWords.WithoutTrailingWhiteSpace(options.Lowercase ? line.ToLowerInvariant() : line);
        return BleuWords.Split(BleuWords.Tokenise(text, options.Tokenization));
    }

    /// <summary>How often each n-gram of any order occurs; its words are joined by blanks, which no word holds.</summary>
    private Dictionary<string, long> Ngrams(List<string> words)
    {
        Dictionary<string, long> counts = [];
        for (int start = 0; start < words.Count; start++)
        {
            for (int order = 1; order <= Math.Min(options.MaximalOrder, words.Count - start); order++)
            {
                string ngram = string.Join(' ', words.GetRange(start, order));
                counts[ngram] = counts.GetValueOrDefault(ngram) + 1;
            }
        }
        return counts;
    }
}

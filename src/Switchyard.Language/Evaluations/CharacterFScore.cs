namespace Switchyard.Language.Evaluations;

/// <summary>
/// chrF (Popović, WMT 2015), the F-score of n-grams of characters, and with words beside them chrF+ and chrF++ (WMT 2017).
/// Precision and recall are averaged over the orders that both sides have; every number is that of sacreBLEU.
/// </summary>
public sealed record CharacterFScore
{
    // What a missing order counts as where orders are averaged last.
    private const double Epsilon = 1e-16;

    private const string Punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

    /// <summary>The longest n-grams of characters.</summary>
    public int CharacterOrder { get; init; } = 6;

    /// <summary>The longest n-grams of words: 0 for chrF, 1 for chrF+, 2 for chrF++.</summary>
    public int WordOrder { get; init; }

    /// <summary>How many times recall counts what precision does.</summary>
    public double Beta { get; init; } = 2;

    /// <summary>Whether white space counts as a character.</summary>
    public bool CountsWhiteSpace { get; init; }

    /// <summary>Whether the F-scores of all orders are averaged, as Moses does, instead of precision and recall.</summary>
    public bool AveragesScores { get; init; }

    /// <summary>The score of a set of segments, in percent; of several references the best counts, segment by segment.</summary>
    /// <param name="hypotheses">The translations.</param>
    /// <param name="references">Sets of references, each with one for every hypothesis, or null where it has none.</param>
    public double Score(IReadOnlyList<string> hypotheses, params IReadOnlyList<IReadOnlyList<string?>> references)
    {
        ArgumentNullException.ThrowIfNull(hypotheses);
        Order[] sums = new Order[CharacterOrder + WordOrder];
        for (int segment = 0; segment < hypotheses.Count; segment++)
        {
            Dictionary<string, long>[] own = Ngrams(hypotheses[segment]);
            Order[]? best = references.Select(set => set[segment]).OfType<string>().Select(reference => Compare(own, Ngrams(reference))).MaxBy(Score);
            if (best is null) throw new ArgumentException($"segment {segment + 1} has no reference: give at least one", nameof(references));
            for (int order = 0; order < sums.Length; order++)
                sums[order] = new(sums[order].Hypothesis + best[order].Hypothesis, sums[order].Reference + best[order].Reference, sums[order].Matches + best[order].Matches);
        }
        return Score(sums);
    }

    private double Score(Order[] orders)
    {
        double weight = Beta * Beta;
        if (AveragesScores)
        {
            return 100 * orders.Average(order =>
            {
                double precision = order.Hypothesis > 0 ? (double)order.Matches / order.Hypothesis : Epsilon;
                double recall = order.Reference > 0 ? (double)order.Matches / order.Reference : Epsilon;
                double sum = weight * precision + recall;
                return sum > 0 ? (1 + weight) * precision * recall / sum : Epsilon;
            });
        }
        Order[] shared = [.. orders.Where(static order => order is { Hypothesis: > 0, Reference: > 0 })];
        if (shared.All(static order => order.Matches == 0)) return 0;
        double meanPrecision = shared.Average(static order => (double)order.Matches / order.Hypothesis), meanRecall = shared.Average(static order => (double)order.Matches / order.Reference);
        return 100 * (1 + weight) * meanPrecision * meanRecall / (weight * meanPrecision + meanRecall);
    }

    // An order that the reference does not have is not held against the hypothesis.
    private static Order[] Compare(Dictionary<string, long>[] hypothesis, Dictionary<string, long>[] reference) =>
        [.. hypothesis.Zip(reference, static (own, other) => new Order(
            other.Count == 0 ? 0 : own.Values.Sum(), other.Values.Sum(), own.Sum(ngram => Math.Min(ngram.Value, other.GetValueOrDefault(ngram.Key)))))];

    private Dictionary<string, long>[] Ngrams(string line)
    {
        string text = CountsWhiteSpace ? line : string.Concat(BleuWords.Split(line));
        string[] characters = [.. text.EnumerateRunes().Select(static point => point.ToString())];
        string[] words = WordOrder == 0 ? [] : [.. BleuWords.Split(line).SelectMany(WithoutPunctuation)];
        return [.. Enumerable.Range(1, CharacterOrder).Select(order => Count(characters, order, "")), .. Enumerable.Range(1, WordOrder).Select(order => Count(words, order, " "))];
    }

    private static Dictionary<string, long> Count(string[] items, int order, string separator)
    {
        Dictionary<string, long> counts = [];
        for (int start = 0; start + order <= items.Length; start++)
        {
            string ngram = string.Join(separator, items, start, order);
            counts[ngram] = counts.GetValueOrDefault(ngram) + 1;
        }
        return counts;
    }

    // One mark at the end of a word, or else one at its beginning, is a word of its own.
    private static string[] WithoutPunctuation(string word) =>
        word.EnumerateRunes().Count() == 1 ? [word]
        : Punctuation.Contains(word[^1]) ? [word[..^1], word[^1..]]
        : Punctuation.Contains(word[0]) ? [word[..1], word[1..]]
        : [word];

    private readonly record struct Order(long Hypothesis, long Reference, long Matches);
}

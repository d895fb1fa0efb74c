using System.Text;

namespace Switchyard.Language.Tokenizers.Subword;

/// <summary>
/// Learns a byte-pair encoding of words. Words are what blanks (U+0020) separate. Each merge takes the most frequent pair of
/// neighbours; of equals the last in order of code points, first symbol first. Overlapping pairs count.
/// </summary>
public static class SubwordLearner
{
    /// <summary>Learns merges.</summary>
    /// <param name="lines">The text.</param>
    /// <param name="merges">How many; fewer if the text is exhausted before.</param>
    /// <param name="minimumFrequency">A pair that occurs less often is not merged.</param>
    public static SubwordCodes Learn(IEnumerable<string> lines, int merges, int minimumFrequency = 2)
    {
        ArgumentNullException.ThrowIfNull(lines);
        Dictionary<string, long> frequency = [];
        foreach (string line in lines)
            foreach (string word in line.Trim('\r', '\n', ' ').Split(' ', StringSplitOptions.RemoveEmptyEntries))
                frequency[word] = frequency.GetValueOrDefault(word) + 1;
        (List<string> Symbols, long Count)[] words = [.. frequency.Select(static word => (SubwordCodes.Symbols(word.Key), word.Value))];
        Dictionary<(string Left, string Right), long> pairs = [];
        Dictionary<(string Left, string Right), HashSet<int>> places = [];
        for (int word = 0; word < words.Length; word++) Count(word, 1);

        List<(string Left, string Right)> learnt = [];
        while (learnt.Count < merges && pairs.Count > 0)
        {
            ((string Left, string Right) best, long count) = pairs.MaxBy(static pair => pair, ByCountThenSymbols);
            if (count < minimumFrequency) break;
            learnt.Add(best);
            foreach (int word in places[best].ToArray())
            {
                Count(word, -1);
                words[word].Symbols = SubwordCodes.Merged(words[word].Symbols, best);
                Count(word, 1);
            }
        }
        return new SubwordCodes(learnt);

        void Count(int word, int sign)
        {
            (List<string> symbols, long count) = words[word];
            for (int i = 0; i + 1 < symbols.Count; i++)
            {
                (string, string) pair = (symbols[i], symbols[i + 1]);
                long sum = pairs.GetValueOrDefault(pair) + sign * count;
                if (sum == 0) pairs.Remove(pair);
                else pairs[pair] = sum;
                if (!places.TryGetValue(pair, out HashSet<int>? at)) places[pair] = at = [];
                if (sign > 0) at.Add(word);
                else at.Remove(word);
            }
        }
    }

    private static readonly Comparer<KeyValuePair<(string Left, string Right), long>> ByCountThenSymbols = Comparer<KeyValuePair<(string Left, string Right), long>>.Create(static (a, b) =>
    {
        int order = a.Value.CompareTo(b.Value);
        if (order == 0) order = CompareCodePoints(a.Key.Left, b.Key.Left);
        return order == 0 ? CompareCodePoints(a.Key.Right, b.Key.Right) : order;
    });

    // UTF-8 keeps the order of code points, UTF-16 does not.
    private static int CompareCodePoints(string a, string b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b));
}

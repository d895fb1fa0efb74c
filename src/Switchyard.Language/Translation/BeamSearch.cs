namespace Switchyard.Language.Translation;

/// <summary>A sequence that has not ended yet.</summary>
/// <param name="Parent">Which of the sequences of the step before it continues.</param>
/// <param name="Tokens">Its tokens so far.</param>
/// <param name="LogProbability">The sum of their log-probabilities.</param>
public sealed record LiveBeam(int Parent, IReadOnlyList<int> Tokens, double LogProbability);

/// <summary>A sequence that has ended.</summary>
/// <param name="Tokens">Its tokens, the end included.</param>
/// <param name="LogProbability">The sum of their log-probabilities.</param>
/// <param name="Score">What sequences are compared by.</param>
public sealed record FinishedBeam(IReadOnlyList<int> Tokens, double LogProbability, double Score);

/// <summary>Gives the log-probability of every next token of every live sequence [live · vocabulary], at most 0; negative infinity for one that may not come.</summary>
/// <param name="live">The sequences; the first time one that is empty.</param>
public delegate double[] NextTokens(IReadOnlyList<LiveBeam> live);

/// <summary>
/// Beam search. In every step the continuations of all live sequences are ordered by log-probability (then by sequence,
/// then by token) and the first 2 · width are looked at: an end among the first width of them finishes its sequence,
/// and the first width that are no end live on. At the greatest length only the end may come.
/// </summary>
/// <param name="options">Width and length penalty.</param>
/// <exception cref="ArgumentException">An option is out of range.</exception>
public sealed class BeamSearch(BeamOptions options)
{
    private readonly BeamOptions _options = Checked(options);

    /// <summary>Searches until the best sequences are certain.</summary>
    /// <param name="next">Gives the log-probabilities.</param>
    /// <param name="end">The token that ends a sequence.</param>
    /// <param name="longest">The greatest length of a sequence, the end included.</param>
    /// <param name="best">How many sequences are wanted; as many as there are by default.</param>
    /// <returns>Finished sequences, the best first; of equal scores the first in order of tokens.</returns>
    public IReadOnlyList<FinishedBeam> Search(NextTokens next, int end, int longest, int best = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(next);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(longest);
        List<LiveBeam> live = [new LiveBeam(0, [], 0)];
        List<FinishedBeam> finished = [];
        for (int length = 1; length <= longest && live.Count > 0 && !IsCertain(live, finished, length, longest, best); length++)
        {
            double[] logProbabilities = next(live);
            int vocabulary = logProbabilities.Length / live.Count;
            List<LiveBeam> longer = [];
            int rank = 0;
            foreach ((int place, double sum) in Largest(live, logProbabilities, vocabulary, length == longest ? end : null))
            {
                (int parent, int token) = Math.DivRem(place, vocabulary);
                int[] tokens = [.. live[parent].Tokens, token];
                if (token != end && longer.Count < _options.Width) longer.Add(new(parent, tokens, sum));
                if (token == end && rank < _options.Width) finished.Add(new(tokens, sum, _options.Score(sum, length)));
                rank++;
            }
            live = longer;
        }
        finished.Sort(static (a, b) => a.Score != b.Score ? b.Score.CompareTo(a.Score) : Compare(a.Tokens, b.Tokens));
        return finished[..Math.Min(best, finished.Count)];
    }

    /// <summary>Whether no live sequence can still come among the best: its log-probability only falls, and the penalty is monotone in the length.</summary>
    private bool IsCertain(List<LiveBeam> live, List<FinishedBeam> finished, int length, int longest, int best)
    {
        if (finished.Count < best) return false;
        double worst = finished.Select(static sequence => sequence.Score).OrderDescending().ElementAt(best - 1);
        return live.All(beam => Math.Max(_options.Score(beam.LogProbability, length), _options.Score(beam.LogProbability, longest)) < worst);
    }

    /// <summary>The 2 · width likeliest continuations, the likeliest first, each as sequence · vocabulary + token.</summary>
    private List<(int Place, double Sum)> Largest(List<LiveBeam> live, double[] logProbabilities, int vocabulary, int? only)
    {
        int count = 2 * _options.Width;
        PriorityQueue<(int Place, double Sum), (double Sum, int Place)> kept = new(Comparer<(double Sum, int Place)>.Create(
            static (a, b) => a.Sum != b.Sum ? a.Sum.CompareTo(b.Sum) : b.Place.CompareTo(a.Place))); // the least likely first
        for (int parent = 0; parent < live.Count; parent++)
        {
            for (int token = only ?? 0; token < (only + 1 ?? vocabulary); token++)
            {
                int place = parent * vocabulary + token;
                double sum = live[parent].LogProbability + logProbabilities[place];
                if (double.IsNegativeInfinity(sum)) continue;
                if (kept.Count < count) kept.Enqueue((place, sum), (sum, place));
                else if (sum > kept.Peek().Sum) kept.DequeueEnqueue((place, sum), (sum, place));
            }
        }
        List<(int Place, double Sum)> ordered = new(kept.Count);
        while (kept.TryDequeue(out (int Place, double Sum) continuation, out _)) ordered.Add(continuation);
        ordered.Reverse();
        return ordered;
    }

    private static int Compare(IReadOnlyList<int> a, IReadOnlyList<int> b)
    {
        for (int i = 0; i < Math.Min(a.Count, b.Count); i++)
            if (a[i] != b[i]) return a[i].CompareTo(b[i]);
        return a.Count.CompareTo(b.Count);
    }

    private static BeamOptions Checked(BeamOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        return options;
    }
}

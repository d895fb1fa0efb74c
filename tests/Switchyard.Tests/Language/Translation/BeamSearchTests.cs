using Switchyard.Language.Translation;
using Switchyard.Tensors;

namespace Switchyard.Tests.Language.Translation;

public sealed class BeamSearchTests
{
    private const int Vocabulary = 5, End = 1, Longest = 4;

    [Theory]
    [InlineData(LengthPenalty.None, 0)]
    [InlineData(LengthPenalty.Power, 1)]
    [InlineData(LengthPenalty.Gnmt, 0.6)]
    [InlineData(LengthPenalty.Reward, 0.5)]
    public void A_beam_as_wide_as_all_sequences_finds_the_best_of_them(LengthPenalty penalty, double strength)
    {
        for (ulong seed = 0; seed < 20; seed++)
        {
            NextTokens table = Table(seed);
            BeamOptions options = new() { Width = 1000, Penalty = penalty, Strength = strength };
            IReadOnlyList<FinishedBeam> found = new BeamSearch(options).Search(table, End, Longest);
            (double Score, string Tokens)[] all = [.. Every([], 0, table).Select(sequence => (options.Score(sequence.LogProbability, sequence.Tokens.Length), string.Join(' ', sequence.Tokens))).OrderByDescending(static sequence => sequence.Item1)];
            Assert.Equal(all.Length, found.Count);
            Assert.Equal(all[0].Tokens, string.Join(' ', found[0].Tokens));

            // Ending as soon as the best is certain finds the same.
            foreach (int width in (int[])[1, 2, 5])
            {
                BeamSearch search = new(options with { Width = width });
                Assert.Equal(search.Search(table, End, Longest)[0].Tokens, search.Search(table, End, Longest, best: 1)[0].Tokens);
            }
        }
    }

    [Fact]
    public void A_beam_of_one_takes_the_likeliest_token_each_time()
    {
        NextTokens table = Table(3);
        List<int> greedy = [];
        while (greedy.Count < Longest && (greedy.Count == 0 || greedy[^1] != End))
        {
            double[] next = table([new LiveBeam(0, greedy, 0)]);
            greedy.Add(greedy.Count + 1 == Longest ? End : Array.IndexOf(next, next.Max()));
        }
        Assert.Equal(greedy, new BeamSearch(new() { Width = 1, Penalty = LengthPenalty.None }).Search(table, End, Longest)[0].Tokens);
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new BeamSearch(new() { Width = 0 }));
        Assert.Throws<ArgumentException>(() => new BeamSearch(new() { Strength = double.NaN }));
    }

    private static IEnumerable<(int[] Tokens, double LogProbability)> Every(int[] tokens, double sum, NextTokens table)
    {
        double[] next = table([new LiveBeam(0, tokens, sum)]);
        for (int token = 0; token < Vocabulary; token++)
        {
            if (tokens.Length + 1 == Longest && token != End) continue;
            int[] longer = [.. tokens, token];
            if (token == End) yield return (longer, sum + next[token]);
            else foreach ((int[], double) sequence in Every(longer, sum + next[token], table)) yield return sequence;
        }
    }

    /// <summary>A language model in which the next token depends on all before it.</summary>
    private static NextTokens Table(ulong seed) => live =>
    [
        .. live.SelectMany(beam =>
        {
            Philox random = beam.Tokens.Aggregate(new Philox(seed), static (stream, token) => stream.Split((ulong)token));
            double[] weights = [.. Enumerable.Range(0, Vocabulary).Select(_ => Math.Exp(2 * random.NextNormal()))];
            return weights.Select(weight => Math.Log(weight / weights.Sum()));
        }),
    ];
}

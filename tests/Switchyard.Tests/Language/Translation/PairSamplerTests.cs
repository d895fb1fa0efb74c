using Switchyard.Language.Translation;

namespace Switchyard.Tests.Language.Translation;

public sealed class PairSamplerTests
{
    private static readonly TokenPair[] Pairs = [.. Enumerable.Range(0, 1003).Select(static i => new TokenPair([i], new int[1 + i * 37 % 29]))];

    [Fact]
    public void An_epoch_has_every_pair_once_but_for_what_is_less_than_a_batch()
    {
        PairSampler sampler = new(Pairs, 8, seed: 1);
        Assert.Equal(125, sampler.BatchesPerEpoch);
        for (int epoch = 0; epoch < 2; epoch++)
        {
            int[] seen = [.. Enumerable.Range(epoch * 125, 125).SelectMany(batch => sampler.Batch(batch)).Select(static pair => pair.Source[0])];
            Assert.Equal(1000, seen.Distinct().Count());
        }
        Assert.NotEqual(Names(sampler, 0), Names(sampler, 125));
    }

    [Fact]
    public void Any_batch_can_be_had_without_those_before_it()
    {
        PairSampler first = new(Pairs, 8, seed: 1), second = new(Pairs, 8, seed: 1), other = new(Pairs, 8, seed: 2);
        string[] inOrder = [.. Enumerable.Range(0, 300).Select(batch => Names(first, batch))];
        foreach (int batch in (int[])[299, 3, 130, 0]) Assert.Equal(inOrder[batch], Names(second, batch));
        Assert.NotEqual(inOrder[0], Names(other, 0));
    }

    [Fact]
    public void Pairs_of_a_batch_are_about_equally_long()
    {
        PairSampler sampler = new(Pairs, 8, seed: 1);
        double spread = Enumerable.Range(0, 125).Average(batch => sampler.Batch(batch).Max(static pair => pair.Target.Length) - sampler.Batch(batch).Min(static pair => pair.Target.Length));
        Assert.InRange(spread, 0, 3); // of 1 to 29 tokens
        Assert.Equal(Math.Round(8 * Pairs.Average(static pair => pair.Target.Length + 1.0)), sampler.PredictionsPerBatch);
    }

    [Fact]
    public void Fewer_pairs_than_a_batch_are_one_batch()
    {
        PairSampler sampler = new(Pairs[..3], 8, seed: 1);
        Assert.Equal(1, sampler.BatchesPerEpoch);
        Assert.Equal(3, sampler.Batch(7).Count);
    }

    private static string Names(PairSampler sampler, long batch) => string.Join(' ', sampler.Batch(batch).Select(static pair => pair.Source[0]));
}

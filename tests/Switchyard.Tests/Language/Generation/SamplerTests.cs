using Switchyard.Language.Generation;
using Switchyard.Tensors;

namespace Switchyard.Tests.Language.Generation;

public sealed class SamplerTests
{
    private const int Draws = 20_000;

    // Chi-square of 1 - 1e-6 for 1 to 7 degrees of freedom: the seed is fixed, so this is no matter of luck.
    private static readonly double[] Limits = [0, 23.9, 27.6, 30.7, 33.4, 35.9, 38.3, 40.5];

    private static readonly float[] Logits = [0.3f, -1.2f, 2.0f, 1.1f, -4.0f, 0.9f, 1.4f, -0.5f];

    [Fact]
    public void Temperature_0_takes_the_most_likely_and_of_equals_the_lowest()
    {
        Sampler sampler = new(new() { Temperature = 0 }, new Philox(0));
        Assert.Equal(2, sampler.Next(Logits));
        Assert.Equal(1, sampler.Next([0, 3, 3, -1]));
        Assert.Equal(0, sampler.Next([float.NegativeInfinity, float.NegativeInfinity]));
    }

    [Theory]
    [InlineData(1.0, 0, 1.0, 8)]
    [InlineData(0.5, 0, 1.0, 8)]
    [InlineData(2.0, 0, 1.0, 8)]
    [InlineData(1.0, 3, 1.0, 3)] // the 3 most likely
    [InlineData(1.0, 100, 1.0, 8)]
    [InlineData(1.0, 0, 0.5, 2)] // 0.385 and 0.211 reach a half
    [InlineData(1.0, 0, 0.38, 1)]
    [InlineData(1.0, 0, 0.1, 1)] // one is always kept
    [InlineData(0.7, 5, 0.9, 4)] // of the 5 most likely: 0.501, 0.213, 0.139, 0.104 and 0.044 of their sum
    public void Frequencies_are_the_probabilities_of_those_that_are_kept(double temperature, int topK, double topP, int kept)
    {
        int[] order = [.. Enumerable.Range(0, Logits.Length).OrderByDescending(token => Logits[token]).Take(kept)];
        double total = order.Sum(token => Math.Exp(Logits[token] / temperature));
        Sampler sampler = new(new() { Temperature = temperature, TopK = topK, TopP = topP }, new Philox(12));
        int[] counts = new int[Logits.Length];
        for (int draw = 0; draw < Draws; draw++) counts[sampler.Next(Logits)]++;

        double chiSquare = 0;
        foreach (int token in order)
        {
            double expected = Draws * Math.Exp(Logits[token] / temperature) / total;
            chiSquare += (counts[token] - expected) * (counts[token] - expected) / expected;
        }
        Assert.Equal(Draws, order.Sum(token => counts[token])); // none of the others was drawn
        Assert.InRange(chiSquare, 0, Limits[kept - 1]);
    }

    [Fact]
    public void Of_equally_likely_tokens_the_lowest_are_kept()
    {
        float[] equal = new float[100];
        Sampler sampler = new(new() { Temperature = 1, TopK = 3 }, new Philox(1));
        Assert.All(Enumerable.Range(0, 200), _ => Assert.InRange(sampler.Next(equal), 0, 2));
    }

    [Fact]
    public void Impossible_tokens_are_never_drawn()
    {
        Sampler sampler = new(new() { Temperature = 1 }, new Philox(1));
        float[] logits = [float.NegativeInfinity, 0, float.NegativeInfinity, 1];
        Assert.All(Enumerable.Range(0, 500), _ => Assert.Contains(sampler.Next(logits), (int[])[1, 3]));
    }

    [Theory]
    [InlineData(-0.1, 0, 1.0, "temperature")]
    [InlineData(double.NaN, 0, 1.0, "temperature")]
    [InlineData(1.0, -1, 1.0, "top-k")]
    [InlineData(1.0, 0, 0.0, "top-p")]
    [InlineData(1.0, 0, 1.1, "top-p")]
    public void Numbers_out_of_range_are_refused(double temperature, int topK, double topP, string named)
    {
        SamplingOptions options = new() { Temperature = temperature, TopK = topK, TopP = topP };
        Assert.Contains(named, Assert.Throws<ArgumentException>(() => new Sampler(options, new Philox(0))).Message, StringComparison.Ordinal);
    }
}

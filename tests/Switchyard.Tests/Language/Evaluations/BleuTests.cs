using Switchyard.Language.Evaluations;
using Switchyard.Tensors;

namespace Switchyard.Tests.Language.Evaluations;

/// <summary>The scores of translations by hand-made examples; the reference results of others are in the fixtures.</summary>
public sealed class BleuTests
{
    [Fact]
    public void It_is_the_geometric_mean_of_clipped_precisions_with_a_penalty_for_brevity()
    {
        Bleu bleu = new(new BleuOptions { Tokenization = BleuTokenization.None });
        BleuScore score = bleu.Score(["the cat sat on the mat"], ["the cat sat on the mat today"]);
        Assert.Equal([6.0, 5, 4, 3], score.Matches);
        Assert.Equal(100 * Math.Exp(1 - 7.0 / 6), score.Score, 1e-12);
        BleuScore mixed = bleu.Score(["a b c d e"], ["a b c x e"]); // 4 of 5, 2 of 4, 1 of 3, and half a match of 2
        Assert.Equal(100 * Math.Pow(4.0 / 5 * (2.0 / 4) * (1.0 / 3) * (0.5 / 2), 0.25), mixed.Score, 1e-12);
    }

    [Fact]
    public void Segments_count_together_in_any_order()
    {
        Bleu bleu = new(new BleuOptions());
        string[] hypotheses = ["A dog runs.", "Two men sit, and talk.", "It is 3,5 km."], references = ["A dog is running.", "Two men sit and talk.", "It is 3.5 km."];
        double score = bleu.Score(hypotheses, [references]).Score;
        Assert.Equal(score, bleu.Score([.. hypotheses.Reverse()], [[.. references.Reverse()]]).Score);
        Assert.Equal(score, bleu.Score(hypotheses.Zip(references, (line, reference) => bleu.Count(line, reference)).Aggregate((a, b) => a.Plus(b))).Score);
        Assert.InRange(score, 1, 99);
        Assert.Equal(100, bleu.Score(references, [references]).Score, 1e-9);
    }

    [Fact]
    public void References_must_be_there()
    {
        Bleu bleu = new(new BleuOptions());
        Assert.Throws<ArgumentException>(() => bleu.Score(["a", "b"], ["a"]));
        Assert.Throws<ArgumentException>(() => bleu.Count("a", [null]));
        Assert.Throws<ArgumentException>(() => new CharacterFScore().Score(["a"], [[null]]));
        Assert.Throws<ArgumentException>(() => new TranslationEditRate().Score(["a"], [[null]]));
    }

    [Fact]
    public void A_moved_phrase_is_one_edit_of_the_edit_rate()
    {
        TranslationEditRate rate = new();
        Assert.Equal(100.0 / 7, rate.Score(["on the mat the cat sat today"], ["the cat sat on the mat today"]), 1e-9);
        Assert.Equal(100.0 * 2 / 4, rate.Score(["a b x"], ["a b c d"]), 1e-9); // one replaced, one put in
        Assert.Equal(0, rate.Score(["The Cat"], ["the cat"]));
        Assert.Equal(100, (rate with { IsCaseSensitive = true }).Score(["The Cat"], ["the cat"]));
        Assert.Equal(100, rate.Score(["anything"], [""]));
    }

    [Fact]
    public void A_clear_difference_is_significant_and_none_is_not()
    {
        Bleu bleu = new(new BleuOptions());
        string[] references = [.. Enumerable.Range(0, 40).Select(static i => $"line {i} has a number and {i * i} as its square")];
        List<BleuCounts> good = [.. references.Select(line => bleu.Count(line, line))], bad = [.. references.Select(line => bleu.Count(line.Replace("number", "word", StringComparison.Ordinal), line))];
        PairedSignificance different = new(bleu, bad, good), same = new(bleu, good, good);
        Assert.True(different.Bootstrap(100, new Philox(1)).Difference > 10);
        Assert.InRange(different.Bootstrap(100, new Philox(1)).Probability, 0, 0.02);
        Assert.InRange(different.Randomisation(100, new Philox(1)).Probability, 0, 0.02);
        Assert.Equal(1, same.Randomisation(100, new Philox(1)).Probability, 0.99);
        Assert.Equal(0, same.Interval(100, new Philox(1)).HalfWidth, 1e-9);
        Assert.Throws<ArgumentException>(() => new PairedSignificance(bleu, bad, []));
    }
}

using Switchyard.Tensors;

namespace Switchyard.Experts.Selection;

/// <summary>Experts in equal groups of neighbours, of which each token may use a few.</summary>
/// <param name="Groups">How many groups there are.</param>
/// <param name="Kept">How many of them a token may use.</param>
/// <param name="ScoreTop">How many of a group's best scores are added up to judge it.</param>
internal readonly record struct ExpertGroups(int Groups, int Kept, int ScoreTop)
{
    /// <summary>The groups of each token with the largest sums, in rising order.</summary>
    /// <param name="scores">[tokens, experts]</param>
    /// <returns>Int32 [tokens, kept].</returns>
    public Tensor Best(Tensor scores)
    {
        Tensor byGroup = scores.Reshape([scores.Shape[0], Groups, scores.Shape[1] / Groups]); // [tokens, groups, experts of a group]
        Tensor sums = ScoreTop == byGroup.Shape[2] ? byGroup.Sum([-1]) : byGroup.TopK(ScoreTop).Values.Sum([-1]); // [tokens, groups]
        Tensor best = sums.ArgTopK(Kept); // [tokens, kept]
        Span<int> indices = best.AsSpan<int>();
        for (int start = 0; start < indices.Length; start += Kept) indices.Slice(start, Kept).Sort();
        return best;
    }

    /// <summary>Scores with negative infinity outside the kept groups.</summary>
    /// <param name="scores">[tokens, experts]</param>
    public Tensor Limit(Tensor scores)
    {
        using Gradients.Pause pause = Gradients.Paused();
        int tokens = scores.Shape[0];
        Tensor isOutside = Tensor.Full([tokens, Groups], 1, ElementType.Int32);
        Span<int> flags = isOutside.AsSpan<int>();
        ReadOnlySpan<int> best = Best(scores).AsReadOnlySpan<int>();
        for (int i = 0; i < best.Length; i++) flags[i / Kept * Groups + best[i]] = 0;
        return scores.Reshape([tokens, Groups, scores.Shape[1] / Groups])
            .MaskedFill(isOutside.Reshape([tokens, Groups, 1]), double.NegativeInfinity)
            .Reshape(scores.Shape);
    }

    /// <summary>Checks that the groups can be made.</summary>
    /// <exception cref="ArgumentException">They cannot; the message says why.</exception>
    public void Check(int experts, int choices)
    {
        if (Groups < 1 || experts % Groups != 0) throw new ArgumentException($"{experts} experts do not make {Groups} equal groups: give a number that divides them");
        if (Kept < 1 || Kept > Groups) throw new ArgumentException($"a token may use {Kept} of {Groups} groups: give 1 to {Groups}");
        if (ScoreTop < 1 || ScoreTop > experts / Groups) throw new ArgumentException($"a group of {experts / Groups} experts is judged by its {ScoreTop} best: give 1 to {experts / Groups}");
        if (choices > Kept * (experts / Groups)) throw new ArgumentException($"{Kept} groups of {experts / Groups} experts hold no {choices} choices: keep more groups, or choose fewer experts");
    }
}

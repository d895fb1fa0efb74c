using Switchyard.Tensors;

namespace Switchyard.Experts.Selection;

/// <summary>Experts that choose tokens.</summary>
internal static class TokenChoice
{
    /// <summary>The tokens of each expert's largest scores, of equals the lower; padding is never chosen.</summary>
    /// <param name="scores">[tokens, experts]</param>
    /// <param name="share">How many each expert takes, as far as there are tokens.</param>
    /// <param name="mask">1 for a token, 0 for padding; null where all are tokens.</param>
    public static Choices Top(Tensor scores, int share, Tensor? mask)
    {
        using Gradients.Pause pause = Gradients.Paused();
        int tokens = scores.Shape[0], experts = scores.Shape[1];
        Choices choices = Choices.None(tokens, experts);
        if (tokens == 0) return choices;
        Tensor allowed = mask is null ? scores : scores.MaskedFill(1 - mask.To(scores.Type).Reshape([tokens, 1]), double.NegativeInfinity);
        Tensor best = allowed.ArgTopK(Math.Min(share, tokens), 0); // [share, experts]
        Span<int> entries = choices.Experts.AsSpan<int>();
        ReadOnlySpan<int> taken = best.AsReadOnlySpan<int>();
        for (int i = 0; i < taken.Length; i++) entries[taken[i] * experts + i % experts] = i % experts;
        return choices.Without(mask);
    }
}

using Switchyard.Tensors;

namespace Switchyard.Experts.Selection;

/// <summary>
/// The experts that tokens chose, Int32 [tokens, choices], the best first. A choice that does not ask for a slot,
/// because the token is padding or a draw refused it, stands as -1 - expert: its weight is still known, for what its
/// siblings are normalised by. A gate whose count varies has as many choices as experts, expert e at place e.
/// </summary>
/// <param name="Experts">The entries.</param>
internal readonly record struct Choices(Tensor Experts)
{
    /// <summary>How many each token has.</summary>
    public int Count => Experts.Shape[1];

    /// <summary>How many tokens there are.</summary>
    public int Tokens => Experts.Shape[0];

    /// <summary>The expert of every choice, refused or not, to gather columns by.</summary>
    public Tensor Columns
    {
        get
        {
            if (!AnyRefused) return Experts;
            Tensor columns = Experts.Clone();
            foreach (ref int expert in columns.AsSpan<int>()) expert = expert < 0 ? ~expert : expert;
            return columns;
        }
    }

    private bool AnyRefused => Experts.AsReadOnlySpan<int>().ContainsAnyExceptInRange(0, int.MaxValue);

    /// <summary>The experts of the largest numbers of each row, ties to the lowest.</summary>
    /// <param name="preference">[tokens, experts]</param>
    /// <param name="count">How many.</param>
    public static Choices Top(Tensor preference, int count)
    {
        using Gradients.Pause pause = Gradients.Paused();
        return new(count == 1 ? preference.ArgMax(-1, keepAxis: true) : preference.ArgTopK(count));
    }

    /// <summary>One choice per token and expert, at the expert's own place.</summary>
    /// <param name="chosen">Whether token t chose expert e: 1 or 0 [tokens, experts].</param>
    public static Choices Of(Tensor chosen)
    {
        int experts = chosen.Shape[1];
        Tensor choices = Tensor.Empty(chosen.Shape, ElementType.Int32);
        Span<int> entries = choices.AsSpan<int>();
        using Tensor flags = chosen.To(ElementType.Int32);
        ReadOnlySpan<int> isChosen = flags.AsReadOnlySpan<int>();
        for (int i = 0, expert = 0; i < entries.Length; i++, expert = expert == experts - 1 ? 0 : expert + 1)
            entries[i] = isChosen[i] != 0 ? expert : ~expert;
        return new(choices);
    }

    /// <summary>Every expert of every token, none of them asking yet: for gates that let some ask.</summary>
    public static Choices None(int tokens, int experts) => Of(Tensor.Zeros([tokens, experts], ElementType.Int32));

    /// <summary>Refuses every choice of a padded token. In place.</summary>
    /// <param name="mask">1 for a token, 0 for padding, Int32 [tokens]; null where all are tokens.</param>
    public Choices Without(Tensor? mask)
    {
        if (mask is null) return this;
        Span<int> entries = Experts.AsSpan<int>();
        ReadOnlySpan<int> isToken = mask.AsReadOnlySpan<int>();
        for (int token = 0; token < isToken.Length; token++)
            if (isToken[token] == 0)
                foreach (ref int expert in entries.Slice(token * Count, Count)) expert = expert < 0 ? expert : ~expert;
        return this;
    }

    /// <summary>The choices of all tokens, from those of the tokens that are no padding.</summary>
    /// <param name="mask">1 for a token, 0 for padding, Int32 [tokens]; null where all are tokens.</param>
    public Choices Spread(Tensor? mask)
    {
        if (mask is null) return this;
        Tensor spread = Tensor.Full([(int)mask.Elements, Count], ~0, ElementType.Int32);
        Span<int> to = spread.AsSpan<int>();
        ReadOnlySpan<int> isToken = mask.AsReadOnlySpan<int>(), entries = Experts.AsReadOnlySpan<int>();
        for (int token = 0, next = 0; token < isToken.Length; token++)
            if (isToken[token] != 0) entries.Slice(next++ * Count, Count).CopyTo(to[(token * Count)..]);
        return new(spread);
    }

    /// <summary>Whether each token chose each expert: 1 or 0 [tokens, experts].</summary>
    /// <param name="experts">How many experts there are.</param>
    /// <param name="type">The type of the result.</param>
    public Tensor Mask(int experts, ElementType type)
    {
        Tensor mask = Tensor.Zeros([Tokens, experts], ElementType.Int32);
        Span<int> isChosen = mask.AsSpan<int>();
        ReadOnlySpan<int> entries = Experts.AsReadOnlySpan<int>();
        for (int i = 0; i < entries.Length; i++)
            if (entries[i] >= 0) isChosen[i / Count * experts + entries[i]] = 1;
        return mask.To(type);
    }

    /// <summary>How many tokens ask for any expert.</summary>
    public long Choosing()
    {
        long choosing = 0;
        int count = Count;
        ReadOnlySpan<int> entries = Experts.AsReadOnlySpan<int>();
        for (int first = 0; first < entries.Length; first += count)
            if (entries.Slice(first, count).ContainsAnyInRange(0, int.MaxValue)) choosing++;
        return choosing;
    }

    /// <summary>How many choices ask for each expert.</summary>
    /// <param name="experts">How many experts there are.</param>
    /// <param name="rows">The tokens that are counted.</param>
    /// <param name="onlyFirst">Whether only first choices count.</param>
    public long[] Load(int experts, Range rows, bool onlyFirst = false)
    {
        long[] load = new long[experts];
        (int start, int length) = rows.GetOffsetAndLength(Tokens);
        ReadOnlySpan<int> entries = Experts.AsReadOnlySpan<int>().Slice(start * Count, length * Count);
        for (int i = 0; i < entries.Length; i += onlyFirst ? Count : 1)
            if (entries[i] >= 0) load[entries[i]]++;
        return load;
    }
}

namespace Switchyard.Language.Masking;

/// <summary>Which tokens a masked model has to guess, and what it sees in their place (BERT, arXiv 1810.04805, §3.1).</summary>
public sealed record MaskingOptions
{
    /// <summary>Share of the tokens that are to be guessed.</summary>
    public double Share { get; init; } = 0.15;

    /// <summary>Share of those that are replaced by the mask.</summary>
    public double MaskShare { get; init; } = 0.8;

    /// <summary>Share of those that are replaced by a token drawn from the whole vocabulary; the rest stay as they are.</summary>
    public double RandomShare { get; init; } = 0.1;

    /// <summary>
    /// Whether each window has ⌊share · tokens + u⌋ of them, with u uniform, as fairseq does (and at least one), instead of
    /// each token being drawn for itself.
    /// </summary>
    public bool EvenCount { get; init; } = true;

    /// <summary>What gates that look at token ids see at a masked place.</summary>
    public MaskRouting Routing { get; init; }

    /// <summary>How many of so many tokens are to be guessed where the count is even.</summary>
    /// <param name="tokens">How many there are.</param>
    /// <param name="uniform">From 0 to below 1.</param>
    public int Count(int tokens, double uniform) => (int)Math.Floor(Share * tokens + uniform);

    /// <summary>Checks the shares.</summary>
    /// <exception cref="ArgumentException">One is out of range.</exception>
    public void Check()
    {
        if (Share is not (> 0 and <= 1)) throw new ArgumentException($"{Share} of the tokens are masked: give a share above 0, up to 1");
        if (!(MaskShare >= 0 && RandomShare >= 0 && MaskShare + RandomShare <= 1)) throw new ArgumentException($"{MaskShare} are replaced by the mask and {RandomShare} at random: give shares of at least 0 that are at most 1 together");
    }
}

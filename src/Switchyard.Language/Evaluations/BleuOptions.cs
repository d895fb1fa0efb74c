namespace Switchyard.Language.Evaluations;

/// <summary>How BLEU cuts a line into words.</summary>
public enum BleuTokenization
{
    /// <summary>As mteval-v13a.pl: punctuation apart, except between digits. The usual choice.</summary>
    ThirteenA,

    /// <summary>As mteval-v14.pl: punctuation and symbols of all scripts apart.</summary>
    International,

    /// <summary>Every code point is a word.</summary>
    Characters,

    /// <summary>Every Chinese character is a word; the rest as in <see cref="ThirteenA"/>, without entities.</summary>
    Chinese,

    /// <summary>White space alone.</summary>
    None,
}

/// <summary>What becomes of an order of n-grams without a match.</summary>
public enum BleuSmoothing
{
    /// <summary>The k-th such order counts as 1 / 2^k of a match.</summary>
    Exponential,

    /// <summary>The score is 0.</summary>
    None,

    /// <summary>It counts as <see cref="BleuOptions.SmoothingValue"/> of a match.</summary>
    Floor,

    /// <summary><see cref="BleuOptions.SmoothingValue"/> is added to matches and totals of all orders above 1.</summary>
    AddK,
}

/// <summary>Which BLEU (Papineni et al. 2002), as sacreBLEU (arXiv 1804.08771) tells them apart.</summary>
public sealed record BleuOptions
{
    /// <summary>How lines are cut into words.</summary>
    public BleuTokenization Tokenization { get; init; } = BleuTokenization.ThirteenA;

    /// <summary>What becomes of an order without a match.</summary>
    public BleuSmoothing Smoothing { get; init; } = BleuSmoothing.Exponential;

    /// <summary>The amount of <see cref="BleuSmoothing.Floor"/> and <see cref="BleuSmoothing.AddK"/>; null for 0.1 and 1.</summary>
    public double? SmoothingValue { get; init; }

    /// <summary>Whether only orders count that the hypothesis is long enough for: right for single sentences.</summary>
    public bool EffectiveOrder { get; init; }

    /// <summary>Whether case is ignored.</summary>
    public bool Lowercase { get; init; }

    /// <summary>The longest n-grams that count.</summary>
    public int MaximalOrder { get; init; } = 4;

    /// <summary>The options in the words of sacreBLEU's signature, such as <c>nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp</c>.</summary>
    /// <param name="references">How many references a segment has.</param>
    public string Signature(int references)
    {
        string tokenization = Tokenization switch
        {
            BleuTokenization.ThirteenA => "13a",
            BleuTokenization.International => "intl",
            BleuTokenization.Characters => "char",
            BleuTokenization.Chinese => "zh",
            _ => "none",
        };
        string smoothing = Smoothing switch
        {
            BleuSmoothing.Exponential => "exp",
            BleuSmoothing.Floor => FormattableString.Invariant($"floor[{ActualSmoothingValue:0.00}]"),
            BleuSmoothing.AddK => FormattableString.Invariant($"add-k[{ActualSmoothingValue:0.00}]"),
            _ => "none",
        };
        return $"nrefs:{references}|case:{(Lowercase ? "lc" : "mixed")}|eff:{(EffectiveOrder ? "yes" : "no")}|tok:{tokenization}|smooth:{smoothing}";
    }

    internal double ActualSmoothingValue => SmoothingValue ?? (Smoothing == BleuSmoothing.AddK ? 1 : 0.1);
}

using Switchyard.Language.Tokenizers;

namespace Switchyard.Language.Translation;

/// <summary>A sentence and its translation as tokens, without marks.</summary>
/// <param name="Source">The tokens of the sentence.</param>
/// <param name="Target">The tokens of its translation.</param>
public readonly record struct TokenPair(int[] Source, int[] Target);

/// <summary>The pairs of a parallel text that fit into a model's context, as tokens.</summary>
public sealed class TokenPairs
{
    private TokenPairs(IReadOnlyList<TokenPair> all, int tooLong) => (All, TooLong) = (all, tooLong);

    /// <summary>The pairs.</summary>
    public IReadOnlyList<TokenPair> All { get; }

    /// <summary>How many more there were that do not fit.</summary>
    public int TooLong { get; }

    /// <summary>Tokens that are predicted in all of them: those of the translations and an end for each.</summary>
    public long Predictions => All.Sum(static pair => pair.Target.Length + 1L);

    /// <summary>All tokens, one sentence after the other.</summary>
    public IEnumerable<int> Tokens => All.SelectMany(static pair => pair.Source.Concat(pair.Target));

    /// <summary>Encodes a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="context">The most tokens of a sentence, its end included.</param>
    /// <exception cref="SwitchyardException">No pair fits.</exception>
    public static TokenPairs Encode(ParallelText text, Tokenizer tokenizer, int context)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(tokenizer);
        List<TokenPair> pairs = [];
        for (int i = 0; i < text.Pairs; i++)
        {
            TokenPair pair = new(tokenizer.Encode(text.Source[i].Span), tokenizer.Encode(text.Target[i].Span));
            if (Math.Max(pair.Source.Length, pair.Target.Length) < context) pairs.Add(pair);
        }
        return pairs.Count > 0
            ? new TokenPairs(pairs, text.Pairs - pairs.Count)
            : throw new SwitchyardException($"none of the {text.Pairs} pairs of {text.Name} has fewer than {context} tokens on both sides", "give the model a longer context");
    }
}

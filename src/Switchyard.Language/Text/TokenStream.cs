using Switchyard.Language.Tokenizers;

namespace Switchyard.Language.Text;

/// <summary>The tokens of texts, one after the other without anything between them.</summary>
public sealed class TokenStream
{
    private readonly int[] _tokens;

    private TokenStream(string name, int[] tokens, long bytes) => (Name, _tokens, Bytes) = (name, tokens, bytes);

    /// <summary>What messages call it.</summary>
    public string Name { get; }

    /// <summary>The ids. [tokens]</summary>
    public ReadOnlySpan<int> Tokens => _tokens;

    /// <summary>The bytes of text that the tokens stand for.</summary>
    public long Bytes { get; }

    /// <summary>Encodes texts.</summary>
    /// <param name="name">What messages call the stream, such as "the training part of poems.txt".</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="documents">The texts in order.</param>
    public static TokenStream Encode(string name, Tokenizer tokenizer, IReadOnlyList<TextDocument> documents)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(documents);
        int[][] parts = [.. documents.Select(document => tokenizer.Encode(document.Utf8.Span))];
        int[] tokens = parts is [int[] only] ? only : [.. parts.SelectMany(part => part)];
        return new TokenStream(name, tokens, documents.Sum(document => (long)document.Utf8.Length));
    }

    /// <summary>Makes sure that at least one window fits.</summary>
    /// <exception cref="SwitchyardException">The stream is shorter than the window.</exception>
    internal void RequireWindow(int window)
    {
        if (_tokens.Length < window)
            throw new SwitchyardException(
                $"{Name} has {_tokens.Length} tokens, fewer than one window of {window}",
                "give a longer text, or a shorter context to the model");
    }
}

using System.Text;

namespace Switchyard.Language.Tokenizers;

/// <summary>
/// Decodes one token at a time and gives out complete characters only: the bytes of a character that is not yet
/// whole are kept until it is. All that comes out, the flush included, is what <see cref="Tokenizer.Decode"/> gives.
/// </summary>
/// <param name="tokenizer">The tokenizer that the ids belong to.</param>
/// <param name="skipSpecial">Whether marks (end of text, padding) are left out.</param>
public sealed class StreamingDecoder(Tokenizer tokenizer, bool skipSpecial = false)
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    /// <summary>The characters that this token completes; often none.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The vocabulary has no such id.</exception>
    public string Push(int id) =>
        skipSpecial && tokenizer.IsSpecial(id) ? "" : Decode(tokenizer.TokenBytes(id), flush: false);

    /// <summary>What is left at the end: U+FFFD for a character that never became whole. The decoder is then as new.</summary>
    public string Flush() => Decode([], flush: true);

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        char[] characters = new char[_decoder.GetCharCount(bytes, flush)];
        return new string(characters, 0, _decoder.GetChars(bytes, characters, flush));
    }
}

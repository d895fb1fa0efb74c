using System.Globalization;
using System.Text;

namespace Switchyard.Language.Tokenizers;

/// <summary>
/// GPT-2's way of cutting a text before merging: contractions, then words, numbers and runs of other signs, each
/// with at most one blank before it, and runs of white space that leave their last character to what follows.
/// The expression is <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>.
/// It is spelt out over code points because <see cref="System.Text.RegularExpressions.Regex"/> sees UTF-16 code
/// units, and so takes no letter beyond U+FFFF for a letter.
/// </summary>
internal static class Gpt2Split
{
    private enum Kind { Space, Letter, Number, Other, End }

    /// <summary>The number of bytes of the first piece of a text that is not empty.</summary>
    public static int FirstPiece(ReadOnlySpan<byte> utf8)
    {
        if (Contraction(utf8) is int contraction and > 0) return contraction;

        int blank = utf8[0] == ' ' && KindAt(utf8, 1, out _) is Kind.Letter or Kind.Number or Kind.Other ? 1 : 0;
        Kind kind = KindAt(utf8, blank, out _);
        return kind == Kind.Space ? SpacePiece(utf8) : RunEnd(utf8, blank, kind);
    }

    private static int Contraction(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length < 2 || utf8[0] != '\'') return 0;
        if (utf8[1] is (byte)'s' or (byte)'t' or (byte)'m' or (byte)'d') return 2;
        ReadOnlySpan<byte> rest = utf8[1..];
        return rest.StartsWith("re"u8) || rest.StartsWith("ve"u8) || rest.StartsWith("ll"u8) ? 3 : 0;
    }

    private static int RunEnd(ReadOnlySpan<byte> utf8, int position, Kind kind)
    {
        while (KindAt(utf8, position, out int length) == kind) position += length;
        return position;
    }

    /// <summary>All white space at the end of a text; before anything else, all but its last character, or that one alone.</summary>
    private static int SpacePiece(ReadOnlySpan<byte> utf8)
    {
        int position = 0, last = 0;
        while (KindAt(utf8, position, out int length) == Kind.Space)
        {
            last = position;
            position += length;
        }
        return position == utf8.Length || last == 0 ? position : last;
    }

    private static Kind KindAt(ReadOnlySpan<byte> utf8, int position, out int length)
    {
        length = 1;
        if (position >= utf8.Length) return Kind.End;
        byte first = utf8[position];
        if (first < 0x80)
        {
            if (char.IsAsciiLetter((char)first)) return Kind.Letter;
            if (char.IsAsciiDigit((char)first)) return Kind.Number;
            return first is (byte)' ' or (>= 9 and <= 13) ? Kind.Space : Kind.Other;
        }
        Rune.DecodeFromUtf8(utf8[position..], out Rune rune, out length);
        if (Rune.IsWhiteSpace(rune)) return Kind.Space;
        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => Kind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
            _ => Kind.Other,
        };
    }
}

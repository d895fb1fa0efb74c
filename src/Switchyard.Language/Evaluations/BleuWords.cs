using System.Globalization;
using System.Text;

namespace Switchyard.Language.Evaluations;

/// <summary>
/// The tokenisers of BLEU, as passes over code points that put blanks around some of them. A pass looks at neighbours from
/// left to right and never at the same code point twice, which is how the regular expressions of mteval replace.
/// </summary>
internal static class BleuWords
{
    // Ranges of the Chinese tokeniser. The one from U+2001 is what two misspelt escapes of the original amount to.
    private static readonly (int First, int Last)[] Chinese =
    [
        (0x2001, 0x2A6D), (0x2E80, 0x2EFF), (0x2F00, 0x2FDF), (0x2FF0, 0x2FFF), (0x3000, 0x303F), (0x3100, 0x312F), (0x31A0, 0x31BF), (0x31C0, 0x31EF),
        (0x3200, 0x33FF), (0x3400, 0x4DB5), (0x4E00, 0x9FBB), (0xF900, 0xFA2D), (0xFA30, 0xFA6A), (0xFA70, 0xFAD9), (0xFE10, 0xFE1F), (0xFE30, 0xFE4F),
        (0xFF00, 0xFFEF),
    ];

    private static readonly (string Entity, string Character)[] Entities = [("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")];

    /// <summary>A line with one blank between words; with <see cref="BleuTokenization.None"/>, as it is.</summary>
    public static string Tokenise(string line, BleuTokenization tokenization) => tokenization switch
    {
        BleuTokenization.ThirteenA => Western(CodePoints($" {WithoutEntities(line)} ")),
        BleuTokenization.International => International(CodePoints(line)),
        BleuTokenization.Characters => string.Join(' ', line.EnumerateRunes()),
        BleuTokenization.Chinese => Western(Around(CodePoints(line), static point => Array.Exists(Chinese, range => point.Value >= range.First && point.Value <= range.Last))),
        _ => line,
    };

    /// <summary>The normalisation of TER: entities, punctuation apart, a possessive s apart.</summary>
    public static string Tercom(string line)
    {
        string text = line.Replace("\n-", "", StringComparison.Ordinal).Replace('\n', ' ');
        foreach ((string entity, string character) in Entities) text = text.Replace(entity, character, StringComparison.Ordinal);
        text = Text(Around(CodePoints($" {text} "), IsWesternMark)).Replace("'s ", " 's ", StringComparison.Ordinal);
        if (text.EndsWith("'s", StringComparison.Ordinal)) text = text[..^2] + " 's";
        return Stops(CodePoints(text));
    }

    /// <summary>The words between white space.</summary>
    public static List<string> Split(string line)
    {
        List<string> words = [];
        int start = 0;
        for (int end = 0; end <= line.Length; end++)
        {
            if (end < line.Length && !IsWhiteSpace(line[end])) continue;
            if (end > start) words.Add(line[start..end]);
            start = end + 1;
        }
        return words;
    }

    /// <summary>A line up to its last character that is no white space.</summary>
    public static string WithoutTrailingWhiteSpace(string line)
    {
        int end = line.Length;
        while (end > 0 && IsWhiteSpace(line[end - 1])) end--;
        return line[..end];
    }

    // Python's white space, which the scores are defined by, has four separators more than .NET's.
    private static bool IsWhiteSpace(char character) => char.IsWhiteSpace(character) || character is >= '\u001C' and <= '\u001F';

    private static string WithoutEntities(string line)
    {
        string text = line.Replace("<skipped>", "", StringComparison.Ordinal).Replace("-\n", "", StringComparison.Ordinal).Replace('\n', ' ');
        foreach ((string entity, string character) in Entities) text = text.Replace(entity, character, StringComparison.Ordinal);
        return text;
    }

    private static bool IsWesternMark(Rune point) => point.Value is (>= '{' and <= '~') or (>= '[' and <= '`') or (>= ' ' and <= '&') or (>= '(' and <= '+') or (>= ':' and <= '@') or '/';

    private static string Western(List<Rune> line) => Stops(Around(line, IsWesternMark));

    /// <summary>Stops apart unless between digits, and a dash after a digit.</summary>
    private static string Stops(List<Rune> line)
    {
        line = Between(line, static point => !IsDigit(point), IsStop, after: true);
        line = Between(line, IsStop, static point => !IsDigit(point), after: false);
        line = Between(line, IsDigit, static point => point.Value == '-', after: true);
        return Joined(line);

        static bool IsDigit(Rune point) => point.Value is >= '0' and <= '9';
        static bool IsStop(Rune point) => point.Value is '.' or ',';
    }

    private static string International(List<Rune> line)
    {
        line = Between(line, static point => !IsNumber(point), IsPunctuation, after: true);
        line = Between(line, IsPunctuation, static point => !IsNumber(point), after: false);
        line = Around(line, static point => Category(point) is >= UnicodeCategory.MathSymbol and <= UnicodeCategory.OtherSymbol);
        return Joined(line);

        static UnicodeCategory Category(Rune point) => Rune.GetUnicodeCategory(point);
        static bool IsNumber(Rune point) => Category(point) is >= UnicodeCategory.DecimalDigitNumber and <= UnicodeCategory.OtherNumber;
        static bool IsPunctuation(Rune point) => Category(point) is >= UnicodeCategory.ConnectorPunctuation and <= UnicodeCategory.OtherPunctuation;
    }

    /// <summary>A blank before and after each code point of a kind.</summary>
    private static List<Rune> Around(List<Rune> line, Predicate<Rune> isOfKind)
    {
        List<Rune> spaced = new(line.Count * 2);
        foreach (Rune point in line)
        {
            if (isOfKind(point)) spaced.AddRange([Blank, point, Blank]);
            else spaced.Add(point);
        }
        return spaced;
    }

    /// <summary>A blank between two neighbours of two kinds, and one more after or before them.</summary>
    private static List<Rune> Between(List<Rune> line, Predicate<Rune> first, Predicate<Rune> second, bool after)
    {
        List<Rune> spaced = new(line.Count * 2);
        for (int i = 0; i < line.Count; i++)
        {
            if (i + 1 == line.Count || !first(line[i]) || !second(line[i + 1]))
            {
                spaced.Add(line[i]);
                continue;
            }
            spaced.AddRange(after ? [line[i], Blank, line[i + 1], Blank] : [Blank, line[i], Blank, line[i + 1]]);
            i++;
        }
        return spaced;
    }

    private static Rune Blank => new(' ');

    private static List<Rune> CodePoints(string line) => [.. line.EnumerateRunes()];

    private static string Joined(List<Rune> line) => string.Join(' ', Split(Text(line)));

    private static string Text(List<Rune> line)
    {
        StringBuilder text = new(line.Count);
        foreach (Rune point in line) text.Append(point);
        return text.ToString();
    }
}

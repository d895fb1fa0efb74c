using System.Text;

namespace Switchyard.Language.Tokenizers.Subword;

/// <summary>
/// The merges of a byte-pair encoding of words (Sennrich et al., ACL 2016), in the file format of subword-nmt: a version
/// line, then a merge in each line as "left right". A symbol that ends a word ends in <see cref="EndOfWord"/>.
/// </summary>
public sealed class SubwordCodes
{
    /// <summary>What stands behind the last character of a word.</summary>
    public const string EndOfWord = "</w>";

    private const string Version = "#version: 0.2";

    /// <summary>Makes codes.</summary>
    /// <param name="merges">Pairs of symbols, the first to be merged first.</param>
    public SubwordCodes(IReadOnlyList<(string Left, string Right)> merges)
    {
        ArgumentNullException.ThrowIfNull(merges);
        Merges = merges;
    }

    /// <summary>Pairs of symbols, the first to be merged first.</summary>
    public IReadOnlyList<(string Left, string Right)> Merges { get; }

    /// <summary>Reads the content of a file.</summary>
    /// <param name="name">What messages call the file.</param>
    /// <param name="content">The content.</param>
    /// <exception cref="SwitchyardException">The version is another, or a line is no pair.</exception>
    public static SubwordCodes Parse(string name, string content)
    {
        ArgumentNullException.ThrowIfNull(content);
        string[] lines = content.TrimEnd('\n').Split('\n');
        if (lines[0].TrimEnd('\r') != Version) throw new SwitchyardException($"{name}: the first line is not '{Version}'", "give codes that a current subword-nmt has learnt");
        List<(string Left, string Right)> merges = [];
        for (int line = 1; line < lines.Length; line++)
        {
            if (lines[line].Trim('\r', ' ').Split(' ') is not [{ Length: > 0 } left, { Length: > 0 } right])
                throw new SwitchyardException($"{name}: line {line + 1} is not two symbols with a blank between them", "take the file from its source again");
            merges.Add((left, right));
        }
        return new SubwordCodes(merges);
    }

    /// <summary>The content of a file with these codes.</summary>
    public override string ToString()
    {
        StringBuilder text = new(Version + "\n");
        foreach ((string left, string right) in Merges) text.Append(left).Append(' ').Append(right).Append('\n');
        return text.ToString();
    }

    /// <summary>The characters of a word as symbols.</summary>
    internal static List<string> Symbols(string word)
    {
        List<string> symbols = [.. word.EnumerateRunes().Select(static point => point.ToString())];
        symbols[^1] += EndOfWord;
        return symbols;
    }

    /// <summary>Replaces each occurrence of a pair, from left to right, by one symbol.</summary>
    internal static List<string> Merged(List<string> symbols, (string Left, string Right) pair)
    {
        List<string> merged = new(symbols.Count);
        for (int i = 0; i < symbols.Count; i++)
        {
            bool isPair = i + 1 < symbols.Count && symbols[i] == pair.Left && symbols[i + 1] == pair.Right;
            merged.Add(isPair ? pair.Left + pair.Right : symbols[i]);
            if (isPair) i++;
        }
        return merged;
    }
}

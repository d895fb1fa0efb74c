using System.Text.RegularExpressions;

namespace Switchyard.Language.Tokenizers.Subword;

/// <summary>
/// Cuts the words of a line into the pieces of a byte-pair encoding, as subword-nmt writes them: every piece but the last of
/// a word ends in <see cref="Mark"/>, so removing "@@ " gives the line back (but for blanks side by side).
/// </summary>
public sealed class SubwordSegmenter
{
    /// <summary>What stands behind a piece that does not end its word.</summary>
    public const string Mark = "@@";

    private readonly Dictionary<(string, string), int> _ranks = [];
    private readonly Dictionary<string, (string Left, string Right)> _parts = [];
    private readonly Dictionary<string, List<string>> _known = [];
    private readonly IReadOnlySet<string>? _vocabulary;
    private readonly (Regex Whole, Regex Anywhere)[] _glossaries;

    /// <summary>Makes a segmenter.</summary>
    /// <param name="codes">The merges.</param>
    /// <param name="merges">How many of them are used; null for all.</param>
    /// <param name="vocabulary">Pieces (with marks) that may come out; one that may not is taken apart again. Null for all.</param>
    /// <param name="glossaries">Regular expressions of what is never cut, nor joined with what stands beside it.</param>
    public SubwordSegmenter(SubwordCodes codes, int? merges = null, IReadOnlySet<string>? vocabulary = null, params IEnumerable<string> glossaries)
    {
        ArgumentNullException.ThrowIfNull(codes);
        foreach ((string Left, string Right) pair in codes.Merges.Take(merges ?? codes.Merges.Count))
            if (_ranks.TryAdd(pair, _ranks.Count)) _parts.TryAdd(pair.Left + pair.Right, pair);
        _vocabulary = vocabulary;
        _glossaries = [.. glossaries.Select(static glossary => (new Regex($"^(?:{glossary})$", RegexOptions.CultureInvariant), new Regex($"({glossary})", RegexOptions.CultureInvariant)))];
    }

    /// <summary>A line in pieces with a blank between them. Blanks at its two ends stay, of several between words one does.</summary>
    public string Segment(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        char[] ends = ['\r', '\n', ' '];
        string inner = line.Trim(ends), before = line[..^line.TrimStart(ends).Length];
        if (inner.Length == 0) return line;
        string after = line[line.TrimEnd(ends).Length..];
        return before + string.Join(' ', inner.Split(' ', StringSplitOptions.RemoveEmptyEntries).SelectMany(Pieces)) + after;
    }

    private IEnumerable<string> Pieces(string word)
    {
        List<string> parts = [word];
        foreach ((Regex whole, Regex anywhere) in _glossaries)
            parts = [.. parts.SelectMany(part => whole.IsMatch(part) ? [part] : anywhere.Split(part).Where(static piece => piece.Length > 0))];
        List<string> pieces = [.. parts.SelectMany(Encode)];
        return pieces.Select((piece, place) => place < pieces.Count - 1 ? piece + Mark : piece);
    }

    private List<string> Encode(string word)
    {
        if (_known.TryGetValue(word, out List<string>? known)) return known;
        List<string> symbols = SubwordCodes.Symbols(word);
        // A single character is never looked up in the vocabulary.
        if (symbols.Count == 1 || Array.Exists(_glossaries, glossary => glossary.Whole.IsMatch(word))) return _known[word] = [word];
        while (symbols.Count > 1)
        {
            (string, string)? best = symbols.Zip(symbols.Skip(1)).Where(_ranks.ContainsKey).Select(static pair => ((string, string)?)pair).MinBy(pair => _ranks[pair!.Value]);
            if (best is not { } pair) break;
            symbols = SubwordCodes.Merged(symbols, pair);
        }
        symbols[^1] = symbols[^1][..^SubwordCodes.EndOfWord.Length];
        if (symbols[^1].Length == 0) symbols.RemoveAt(symbols.Count - 1);
        return _known[word] = _vocabulary is null ? symbols : [.. symbols.SelectMany((symbol, place) => Known(symbol, place == symbols.Count - 1))];
    }

    /// <summary>A piece if it may come out, or else the pieces that it was merged from.</summary>
    private IEnumerable<string> Known(string piece, bool isLast)
    {
        if (_vocabulary!.Contains(isLast ? piece : piece + Mark)) return [piece];
        if (!_parts.TryGetValue(isLast ? piece + SubwordCodes.EndOfWord : piece, out (string Left, string Right) parts)) return [piece];
        string right = isLast ? parts.Right[..^SubwordCodes.EndOfWord.Length] : parts.Right;
        return Known(parts.Left, false).Concat(Known(right, isLast));
    }
}

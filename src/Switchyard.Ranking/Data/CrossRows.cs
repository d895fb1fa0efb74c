using System.Globalization;
using Switchyard.Ranking.Features;

namespace Switchyard.Ranking.Data;

/// <summary>
/// The rows of a cross. Each column's text has a key of its own, so that those of a query and of a candidate can be made once and put
/// together for every pair of them, without a text and without memory.
/// </summary>
internal sealed class CrossRows
{
    private readonly int? _hash;
    private readonly Dictionary<ulong, int> _rowOf = [];

    /// <summary>Prepares a cross.</summary>
    /// <exception cref="SwitchyardException">Its vocabulary has a name that is none of a cross.</exception>
    public CrossRows(Feature feature)
    {
        (Columns, _hash) = (feature.Sources, feature.Hash);
        for (int i = 0; _hash is null && i < feature.Vocabulary.Count; i++) _rowOf[Together(KeysOf(feature, feature.Vocabulary[i]))] = i + 2;
    }

    /// <summary>The columns that are crossed.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>The key of a text; 0 for one that is missing.</summary>
    public static ulong KeyOf(string text) => text.Length == 0 ? 0 : Math.Max(1, NameHash.Of(text));

    /// <summary>The name of a cross in a vocabulary. A bar inside a text could make two crosses one: lengths set them apart.</summary>
    public static string NameOf(IEnumerable<string> texts) => string.Join('|', texts.Select(static text => $"{text.Length}:{text}"));

    /// <summary>The row of a combination.</summary>
    /// <param name="keys">The key of the text of each column.</param>
    public int Of(ReadOnlySpan<ulong> keys)
    {
        if (keys.Contains(0UL)) return RowEncoder.Missing;
        ulong key = Together(keys);
        return _hash is { } rows ? 1 + (int)(key % (ulong)rows) : _rowOf.GetValueOrDefault(key, RowEncoder.Unknown);
    }

    // The order of the columns counts: each key goes through the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
    private static ulong Together(ReadOnlySpan<ulong> keys)
    {
        ulong together = 0;
        foreach (ulong key in keys)
        {
            ulong x = together + key + 0x9E3779B97F4A7C15;
            x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
            x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
            together = x ^ (x >> 31);
        }
        return together;
    }

    private static ulong[] KeysOf(Feature feature, string name)
    {
        List<ulong> keys = [];
        for (int at = 0; at < name.Length;)
        {
            int colon = name.IndexOf(':', at);
            if (colon < 0 || !int.TryParse(name.AsSpan(at, colon - at), NumberStyles.None, CultureInfo.InvariantCulture, out int length) || length < 1 || length > name.Length - colon - 1)
                throw new SwitchyardException($"the vocabulary of the cross '{feature.Name}' has '{name}', which is none of its names", "put back the schema of the run");
            keys.Add(KeyOf(name.Substring(colon + 1, length)));
            at = colon + 1 + length + 1;
        }
        return [.. keys];
    }
}

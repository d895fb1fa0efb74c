namespace Switchyard.Language.Tokenizers;

/// <summary>
/// Learns a byte-level byte-pair encoding. The ids are the special tokens, then the 256 characters that stand for
/// bytes, sorted by character, then the merges as they are learnt. Each merge takes the most frequent pair of
/// neighbours; of equals the smallest left id, then the smallest right id. Overlapping pairs count: <c>aaa</c> has
/// two. A merge that spells an existing token reuses its id. This is the rule of Hugging Face's trainer for one text.
/// </summary>
/// <param name="vocabularySize">Where to stop. The text may be exhausted before.</param>
/// <exception cref="ArgumentOutOfRangeException">No room for the 256 bytes.</exception>
public sealed class BpeTrainer(int vocabularySize)
{
    private readonly int _vocabularySize = vocabularySize >= 256
        ? vocabularySize
        : throw new ArgumentOutOfRangeException(nameof(vocabularySize), vocabularySize, "a vocabulary needs at least the 256 bytes");

    /// <summary>Whether the text is split into words as GPT-2 does, so that no merge crosses from one word to the next.</summary>
    public bool SplitsWords { get; init; } = true;

    /// <summary>Marks that get the first ids, in this order; none may be empty or named twice.</summary>
    public IReadOnlyList<string> SpecialTokens { get; init; } = [];

    /// <summary>A pair that occurs less often is not merged.</summary>
    public int MinimumFrequency { get; init; }

    /// <summary>Is told how many entries the vocabulary has, each time that it has grown.</summary>
    public Action<int>? Grown { get; init; }

    /// <summary>Learns from texts in UTF-8; no merge crosses from one text to the next.</summary>
    /// <exception cref="ArgumentException">The special tokens are not distinct or do not fit.</exception>
    public BpeTokenizer Train(params ReadOnlySpan<ReadOnlyMemory<byte>> texts)
    {
        List<string> vocabulary = [.. SpecialTokens];
        Dictionary<string, int> ids = [];
        foreach (string token in SpecialTokens)
            if (string.IsNullOrEmpty(token) || !ids.TryAdd(token, ids.Count))
                throw new ArgumentException($"special token \"{token}\" is empty or named twice: name each once");
        foreach (char character in Enumerable.Range(0, 256).Select(value => ByteAlphabet.ToCharacter((byte)value)).Order())
            if (ids.TryAdd(character.ToString(), vocabulary.Count)) vocabulary.Add(character.ToString());
        if (vocabulary.Count > _vocabularySize)
            throw new ArgumentException(
                $"256 bytes and {SpecialTokens.Count} special tokens do not fit a vocabulary of {_vocabularySize}: ask for at least {vocabulary.Count}");

        int[] idOfByte = [.. Enumerable.Range(0, 256).Select(value => ids[ByteAlphabet.ToCharacter((byte)value).ToString()])];
        PairCounts pairs = new(CountPieces(texts), idOfByte);
        List<Merge> merges = [];
        long least = Math.Max(1, MinimumFrequency);
        while (vocabulary.Count < _vocabularySize && pairs.TryTakeMostFrequent(least, out int left, out int right))
        {
            string spelling = vocabulary[left] + vocabulary[right];
            if (!ids.TryGetValue(spelling, out int merged))
            {
                merged = vocabulary.Count;
                ids.Add(spelling, merged);
                vocabulary.Add(spelling);
            }
            merges.Add(new Merge(left, right, merged));
            pairs.Merge(left, right, merged);
            Grown?.Invoke(vocabulary.Count);
        }
        AddedToken[] added = [.. SpecialTokens.Select((content, id) => new AddedToken(id, content, IsSpecial: true))];
        return new BpeTokenizer(new TokenizerJson(vocabulary, merges, added, SplitsWords));
    }

    private Dictionary<byte[], int> CountPieces(ReadOnlySpan<ReadOnlyMemory<byte>> texts)
    {
        Dictionary<byte[], int> pieces = new(ByteSequenceComparer.Instance);
        var counts = pieces.GetAlternateLookup<ReadOnlySpan<byte>>();
        foreach (ReadOnlyMemory<byte> text in texts)
        {
            ReadOnlySpan<byte> rest = text.Span;
            while (!rest.IsEmpty)
            {
                int length = SplitsWords ? Gpt2Split.FirstPiece(rest) : rest.Length;
                counts.TryGetValue(rest[..length], out int count);
                counts[rest[..length]] = count + 1;
                rest = rest[length..];
            }
        }
        return pieces;
    }
}

using System.Buffers;
using System.Text;

namespace Switchyard.Language.Tokenizers;

/// <summary>
/// Byte-level byte-pair encoding (Sennrich et al. 2016; over bytes: Radford et al. 2019). Added tokens are cut out
/// of the text first, then it is split into pieces as GPT-2 does (or not at all), and in each piece neighbours are
/// merged by rank. <see cref="BpeTrainer"/> learns one from a text.
/// </summary>
public sealed class BpeTokenizer : Tokenizer
{
    private readonly TokenizerJson _description;
    private readonly byte[][] _bytes;
    private readonly int[] _idOfByte;
    private readonly Dictionary<long, (int Rank, int Result)> _rules = [];
    private readonly HashSet<int> _special;
    private readonly (byte[] Content, int Id)[] _added;
    private readonly SearchValues<byte> _firstBytesOfAdded;

    internal BpeTokenizer(TokenizerJson description)
    {
        _description = description;
        _bytes = [.. description.Vocabulary.Select(ByteAlphabet.ToBytes)];
        _idOfByte = description.IdsOfBytes();
        for (int rank = 0; rank < description.Merges.Count; rank++)
        {
            Merge merge = description.Merges[rank];
            _rules[Merge.Key(merge.Left, merge.Right)] = (rank, merge.Result);
        }
        _special = [.. description.AddedTokens.Where(token => token.IsSpecial).Select(token => token.Id)];

        // The longest first: of several that begin at the same place, the longest is taken.
        _added = [.. description.AddedTokens.Select(token => (Content: Encoding.UTF8.GetBytes(token.Content), token.Id))
            .OrderByDescending(token => token.Content.Length)];
        _firstBytesOfAdded = SearchValues.Create([.. _added.Select(token => token.Content[0]).Distinct()]);
    }

    /// <summary>A tokenizer without merges: every byte is a token, its value is its id, and marks have the ids from 256 on.</summary>
    public static BpeTokenizer Bytes(params IReadOnlyList<string> marks) => new(TokenizerJson.RawBytes(marks));

    /// <inheritdoc/>
    public override int VocabularySize => _bytes.Length;

    /// <summary>The tokens that are found in the text as they stand.</summary>
    public IReadOnlyList<AddedToken> AddedTokens => _description.AddedTokens;

    /// <summary>The merges in the order of their ranks, each as "left right" in the characters that stand for bytes.</summary>
    public IEnumerable<string> Merges => _description.MergeLines;

    /// <inheritdoc/>
    public override bool IsSpecial(int id) => _special.Contains(id);

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> TokenBytes(int id) => (uint)id < (uint)_bytes.Length
        ? _bytes[id]
        : throw new ArgumentOutOfRangeException(nameof(id), id, $"the vocabulary has the ids 0 to {_bytes.Length - 1}");

    /// <inheritdoc/>
    public override int[] Encode(ReadOnlySpan<byte> utf8)
    {
        EncodingPass pass = new(this, utf8.Length);
        while (!utf8.IsEmpty)
        {
            int start = FindAdded(utf8, out int length, out int id);
            pass.Append(utf8[..start]);
            if (length > 0) pass.Tokens.Add(id);
            utf8 = utf8[(start + length)..];
        }
        return [.. pass.Tokens];
    }

    private protected override TokenizerJson Describe() => _description;

    /// <summary>Where the first added token begins, and which it is; the end of the text and length 0 if there is none.</summary>
    private int FindAdded(ReadOnlySpan<byte> utf8, out int length, out int id)
    {
        for (int start = 0; ; start++)
        {
            int step = utf8[start..].IndexOfAny(_firstBytesOfAdded);
            if (step < 0) break;
            start += step;
            foreach ((byte[] content, int candidate) in _added)
            {
                if (!utf8[start..].StartsWith(content)) continue;
                (length, id) = (content.Length, candidate);
                return start;
            }
        }
        (length, id) = (0, 0);
        return utf8.Length;
    }

    /// <summary>The work on one text: its tokens so far, and where in them each piece that it has met stands.</summary>
    private sealed class EncodingPass(BpeTokenizer tokenizer, int bytes)
    {
        private readonly PieceMerger _merger = new(tokenizer._rules);
        private readonly Dictionary<byte[], (int Start, int Count)>.AlternateLookup<ReadOnlySpan<byte>> _met =
            new Dictionary<byte[], (int, int)>(ByteSequenceComparer.Instance).GetAlternateLookup<ReadOnlySpan<byte>>();
        private int[] _symbols = [];

        public List<int> Tokens { get; } = new(bytes / 3 + 1);

        public void Append(ReadOnlySpan<byte> section)
        {
            while (!section.IsEmpty)
            {
                int length = tokenizer._description.SplitsWords ? Gpt2Split.FirstPiece(section) : section.Length;
                AppendPiece(section[..length]);
                section = section[length..];
            }
        }

        private void AppendPiece(ReadOnlySpan<byte> piece)
        {
            if (_met.TryGetValue(piece, out (int Start, int Count) known))
            {
                for (int i = 0; i < known.Count; i++) Tokens.Add(Tokens[known.Start + i]);
                return;
            }
            int start = Tokens.Count;
            if (_symbols.Length < piece.Length) _symbols = new int[piece.Length];
            for (int i = 0; i < piece.Length; i++) _symbols[i] = tokenizer._idOfByte[piece[i]];
            _merger.Merge(_symbols.AsSpan(0, piece.Length), Tokens);
            _met[piece] = (start, Tokens.Count - start);
        }
    }
}

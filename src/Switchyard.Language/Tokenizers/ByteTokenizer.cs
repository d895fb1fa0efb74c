namespace Switchyard.Language.Tokenizers;

/// <summary>
/// Every byte of the UTF-8 text is a token, and its value is its id. Saved, it is a byte-level BPE without
/// merges and without a split, whose vocabulary gives every byte its own value.
/// </summary>
public sealed class ByteTokenizer : Tokenizer
{
    private static readonly byte[] AllBytes = [.. Enumerable.Range(0, 256).Select(value => (byte)value)];

    /// <inheritdoc/>
    public override int VocabularySize => 256;

    /// <inheritdoc/>
    public override int[] Encode(ReadOnlySpan<byte> utf8)
    {
        int[] ids = new int[utf8.Length];
        for (int i = 0; i < ids.Length; i++) ids[i] = utf8[i];
        return ids;
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> TokenBytes(int id)
    {
        if ((uint)id >= 256) throw new ArgumentOutOfRangeException(nameof(id), id, "the vocabulary has the ids 0 to 255");
        return AllBytes.AsSpan(id, 1);
    }

    private protected override TokenizerJson Describe() => TokenizerJson.RawBytes();
}

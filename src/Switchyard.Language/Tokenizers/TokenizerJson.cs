using System.Text.Encodings.Web;
using System.Text.Json;

namespace Switchyard.Language.Tokenizers;

/// <summary>
/// What a byte-level tokenizer.json holds, in Hugging Face's format: no normaliser, a ByteLevel pre-tokenizer and
/// decoder, and a BPE model. Reading is <see cref="TokenizerJsonReader"/>'s work.
/// </summary>
/// <param name="Vocabulary">The spelling of every id.</param>
/// <param name="Merges">The merges in the order of their ranks.</param>
/// <param name="AddedTokens">The tokens that are found in the text as they stand; each is in the vocabulary too.</param>
/// <param name="SplitsWords">Whether the text is split as GPT-2 does before merging.</param>
internal sealed record TokenizerJson(
    IReadOnlyList<string> Vocabulary, IReadOnlyList<Merge> Merges, IReadOnlyList<AddedToken> AddedTokens, bool SplitsWords)
{
    private static readonly JsonWriterOptions Readable =
        new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The vocabulary of the 256 bytes, each with its own value as its id, and of marks after them.</summary>
    public static TokenizerJson RawBytes(params IReadOnlyList<string> marks) => new(
        [.. Enumerable.Range(0, 256).Select(value => ByteAlphabet.ToCharacter((byte)value).ToString()), .. marks],
        [],
        [.. marks.Select(static (mark, place) => new AddedToken(256 + place, mark, IsSpecial: true))],
        SplitsWords: false);

    /// <summary>Whether this is <see cref="RawBytes"/>: then every byte is its own id, split or not.</summary>
    public bool IsRawBytes => Vocabulary.Count == 256 && Merges.Count == 0 && AddedTokens.Count == 0
        && IdsOfBytes().AsSpan().SequenceEqual([.. Enumerable.Range(0, 256)]);

    /// <summary>The merges as lines of "left right".</summary>
    public IEnumerable<string> MergeLines => Merges.Select(merge => $"{Vocabulary[merge.Left]} {Vocabulary[merge.Right]}");

    /// <summary>The id of every byte.</summary>
    /// <exception cref="SwitchyardException">A byte has none.</exception>
    public int[] IdsOfBytes()
    {
        int[] ids = new int[256];
        Array.Fill(ids, -1);
        for (int id = 0; id < Vocabulary.Count; id++)
            if (Vocabulary[id].Length == 1 && ByteAlphabet.ToBytes(Vocabulary[id]) is [byte value]) ids[value] = id;
        int missing = Array.IndexOf(ids, -1);
        return missing < 0 ? ids : throw new SwitchyardException(
            $"the vocabulary has no entry for byte {missing} ({ByteAlphabet.ToCharacter((byte)missing)}), so not every text could be encoded",
            "use a byte-level tokenizer with all 256 bytes");
    }

    /// <summary>The file.</summary>
    public byte[] ToJson()
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream, Readable))
        {
            writer.WriteStartObject();
            writer.WriteString("version", "1.0");
            writer.WriteNull("truncation");
            writer.WriteNull("padding");
            WriteAddedTokens(writer);
            writer.WriteNull("normalizer");
            WriteByteLevel(writer, "pre_tokenizer");
            writer.WriteNull("post_processor");
            WriteByteLevel(writer, "decoder");
            WriteModel(writer);
            writer.WriteEndObject();
        }
        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    private void WriteAddedTokens(Utf8JsonWriter writer)
    {
        writer.WriteStartArray("added_tokens");
        foreach (AddedToken token in AddedTokens)
        {
            writer.WriteStartObject();
            writer.WriteNumber("id", token.Id);
            writer.WriteString("content", token.Content);
            writer.WriteBoolean("single_word", false);
            writer.WriteBoolean("lstrip", false);
            writer.WriteBoolean("rstrip", false);
            writer.WriteBoolean("normalized", false);
            writer.WriteBoolean("special", token.IsSpecial);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private void WriteByteLevel(Utf8JsonWriter writer, string name)
    {
        writer.WriteStartObject(name);
        writer.WriteString("type", "ByteLevel");
        writer.WriteBoolean("add_prefix_space", false);
        writer.WriteBoolean("trim_offsets", true);
        writer.WriteBoolean("use_regex", SplitsWords);
        writer.WriteEndObject();
    }

    private void WriteModel(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("model");
        writer.WriteString("type", "BPE");
        writer.WriteNull("dropout");
        writer.WriteNull("unk_token");
        writer.WriteNull("continuing_subword_prefix");
        writer.WriteNull("end_of_word_suffix");
        writer.WriteBoolean("fuse_unk", false);
        writer.WriteBoolean("byte_fallback", false);
        writer.WriteBoolean("ignore_merges", false);
        writer.WriteStartObject("vocab");
        for (int id = 0; id < Vocabulary.Count; id++) writer.WriteNumber(Vocabulary[id], id);
        writer.WriteEndObject();

        // Strings, not pairs: every release of the library reads them, and no side of a merge holds a blank.
        writer.WriteStartArray("merges");
        foreach (string merge in MergeLines) writer.WriteStringValue(merge);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}

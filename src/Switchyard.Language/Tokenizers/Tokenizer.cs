using System.Text;
using Switchyard.Files;

namespace Switchyard.Language.Tokenizers;

/// <summary>
/// Cuts a text into tokens of a fixed vocabulary and puts tokens together again. Byte-level: every text can be
/// encoded, and decoding gives it back byte for byte. A tokenizer never changes, so any number of threads may share one.
/// </summary>
public abstract class Tokenizer
{
    /// <summary>The name of the file that <see cref="Save"/> writes, in Hugging Face's format.</summary>
    public const string FileName = "tokenizer.json";

    private const string ConfigurationFileName = "tokenizer_config.json";

    /// <summary>The number of ids: every id is at least 0 and less than this.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>The ids of a text in UTF-8.</summary>
    public abstract int[] Encode(ReadOnlySpan<byte> utf8);

    /// <summary>The ids of a text. A lone surrogate counts as U+FFFD.</summary>
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Encode(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>The bytes that a token stands for; they may be part of a character only.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The vocabulary has no such id.</exception>
    public abstract ReadOnlySpan<byte> TokenBytes(int id);

    /// <summary>Whether a token is a mark (end of text, padding) rather than text.</summary>
    public virtual bool IsSpecial(int id) => false;

    /// <summary>The token of a mark, such as <c>[MASK]</c>.</summary>
    /// <exception cref="SwitchyardException">The vocabulary has no such mark.</exception>
    public int Mark(string content)
        => Encode(content) is [int id] && IsSpecial(id) ? id : throw new SwitchyardException($"the vocabulary has no mark {content}", "use the tokenizer.json that the run was trained with");

    /// <summary>The bytes of a sequence of tokens.</summary>
    /// <param name="ids">The tokens.</param>
    /// <param name="skipSpecial">Whether marks are left out.</param>
    /// <exception cref="ArgumentOutOfRangeException">The vocabulary has no such id.</exception>
    public byte[] DecodeBytes(ReadOnlySpan<int> ids, bool skipSpecial = false)
    {
        using MemoryStream bytes = new(ids.Length);
        foreach (int id in ids)
            if (!skipSpecial || !IsSpecial(id)) bytes.Write(TokenBytes(id));
        return bytes.ToArray();
    }

    /// <summary>
    /// The text of a sequence of tokens. Any ids can be decoded: where their bytes are not UTF-8, every maximal
    /// ill-formed part gives one U+FFFD.
    /// </summary>
    /// <inheritdoc cref="DecodeBytes"/>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = false) =>
        Encoding.UTF8.GetString(DecodeBytes(ids, skipSpecial));

    /// <summary>
    /// Writes <see cref="FileName"/> into a folder, which is made if need be, and beside it a tokenizer_config.json
    /// that tells transformers to take the file as it stands instead of rebuilding it from the name of the model.
    /// Each file is written beside and renamed.
    /// </summary>
    /// <exception cref="SwitchyardException">The disk is full, or the folder may not be written.</exception>
    public void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Directory.CreateDirectory(folder);
        byte[] json = Describe().ToJson();
        AtomicFile.Write(Path.Combine(folder, FileName), stream => stream.Write(json));
        AtomicFile.WriteText(Path.Combine(folder, ConfigurationFileName), """
            {
              "tokenizer_class": "PreTrainedTokenizerFast",
              "clean_up_tokenization_spaces": false
            }

            """);
    }

    /// <summary>Reads <see cref="FileName"/> from a folder: one that <see cref="Save"/> wrote, or a byte-level BPE of others.</summary>
    /// <exception cref="SwitchyardException">The file is absent, damaged, or asks for a kind of tokenizer that is not supported.</exception>
    public static Tokenizer Load(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        TokenizerJson description = TokenizerJsonReader.Read(Path.Combine(folder, FileName));
        return description.IsRawBytes ? new ByteTokenizer() : new BpeTokenizer(description);
    }

    /// <summary>What is saved.</summary>
    private protected abstract TokenizerJson Describe();
}

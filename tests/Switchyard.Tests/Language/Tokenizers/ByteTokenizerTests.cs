using System.Text.Json;
using Switchyard.Language.Tokenizers;

namespace Switchyard.Tests.Language.Tokenizers;

public sealed class ByteTokenizerTests
{
    [Fact]
    public void EveryByteIsItsOwnId()
    {
        ByteTokenizer tokenizer = new();
        byte[] all = [.. Enumerable.Range(0, 256).Select(value => (byte)value)];
        int[] ids = tokenizer.Encode(all);
        Assert.Equal(Enumerable.Range(0, 256), ids);
        Assert.Equal(all, tokenizer.DecodeBytes(ids));
        Assert.Equal(256, tokenizer.VocabularySize);
        Assert.Equal([0x67, 0xC3, 0xA9], tokenizer.Encode("gé"));
        Assert.Equal("gé", tokenizer.Decode([0x67, 0xC3, 0xA9]));
        Assert.Equal([0xC3], tokenizer.TokenBytes(0xC3).ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.TokenBytes(256).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.TokenBytes(-1).Length);
    }

    /// <summary>Any ids decode: every maximal ill-formed part is one U+FFFD.</summary>
    [Theory]
    [InlineData(new[] { 0xE2, 0x82 }, "\uFFFD")]
    [InlineData(new[] { 0xE2, 0x82, 0x41 }, "\uFFFDA")]
    [InlineData(new[] { 0x80, 0x80 }, "\uFFFD\uFFFD")]
    [InlineData(new[] { 0xF0, 0x9F, 0xF0, 0x9F, 0x99, 0x82 }, "\uFFFD🙂")]
    [InlineData(new[] { 0xC0, 0xAF }, "\uFFFD\uFFFD")]
    public void IllFormedBytesDecode(int[] ids, string expected) => Assert.Equal(expected, new ByteTokenizer().Decode(ids));

    [Fact]
    public void ACharacterStreamsOutWhenItIsWhole()
    {
        StreamingDecoder decoder = new(new ByteTokenizer());
        Assert.Equal(["", "", "", "🙂"], new[] { 0xF0, 0x9F, 0x99, 0x82 }.Select(decoder.Push));
        Assert.Equal(["a", ""], new[] { 0x61, 0xE2 }.Select(decoder.Push));
        Assert.Equal("\uFFFD", decoder.Flush());
        Assert.Equal("b", decoder.Push(0x62));
        Assert.Equal("", decoder.Flush());
    }

    /// <summary>
    /// The saved file, read by its own rules: a BPE without merges over the byte alphabet, no split, and a vocabulary
    /// that gives every byte its value.
    /// </summary>
    [Fact]
    public void TheSavedFileKeepsTheIds()
    {
        using TemporaryFolder folder = new();
        new ByteTokenizer().Save(folder.Path);
        Assert.IsType<ByteTokenizer>(Tokenizer.Load(folder.Path));

        using JsonDocument file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder.Path, "tokenizer.json")));
        JsonElement root = file.RootElement, model = root.GetProperty("model");
        Assert.Equal("BPE", model.GetProperty("type").GetString());
        Assert.Equal(0, model.GetProperty("merges").GetArrayLength());
        Assert.Equal(0, root.GetProperty("added_tokens").GetArrayLength());
        foreach (string part in (string[])["pre_tokenizer", "decoder"])
        {
            Assert.Equal("ByteLevel", root.GetProperty(part).GetProperty("type").GetString());
            Assert.False(root.GetProperty(part).GetProperty("add_prefix_space").GetBoolean());
        }
        Assert.False(root.GetProperty("pre_tokenizer").GetProperty("use_regex").GetBoolean());

        // GPT-2's rule, written another way: what is not printable is numbered on from U+0100 in the order of the bytes.
        int[] hidden = [.. Enumerable.Range(0, 33), .. Enumerable.Range(127, 34), 173];
        JsonElement vocabulary = model.GetProperty("vocab");
        Assert.Equal(256, vocabulary.EnumerateObject().Count());
        for (int value = 0; value < 256; value++)
        {
            int place = Array.IndexOf(hidden, value);
            string character = ((char)(place < 0 ? value : 256 + place)).ToString();
            Assert.Equal(value, vocabulary.GetProperty(character).GetInt32());
        }
    }
}

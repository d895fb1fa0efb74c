using System.Text;
using System.Text.Json;
using Switchyard.Language.Tokenizers;

namespace Switchyard.Tests.Language.Tokenizers;

/// <summary>
/// Every case of the folder <c>tokenizers</c> that belongs to the byte-level BPE that is trained here: texts encoded,
/// decoded and streamed, and merges learnt. The folders of other families are listed and skipped.
/// </summary>
[Trait("Category", "Fixtures")]
public sealed class TokenizerFixtureTests
{
    private const string NoFixtures = "the folder of fixtures is absent";

    /// <summary>Every folder with encodings; those of other families are skipped.</summary>
    public static IEnumerable<TheoryDataRow<string>> Folders()
    {
        if (Fixtures.Find("tokenizers") is not string root) return [Skipped("?", NoFixtures)];
        return Directory.GetDirectories(root).Order(StringComparer.Ordinal)
            .Where(folder => File.Exists(Path.Combine(folder, "goldens.json")))
            .Select(folder => Path.GetFileName(folder))
            .Select(name => name.StartsWith("bytelevel", StringComparison.Ordinal)
                ? new TheoryDataRow<string>(name) { TestDisplayName = $"tokenizers/{name}" }
                : Skipped(name, "this family of tokenizers is not supported yet"));
    }

    /// <summary>The folders of our own family.</summary>
    public static IEnumerable<TheoryDataRow<string>> OwnFolders() =>
        Folders().Where(row => row.Skip is null or NoFixtures).Select(row => new TheoryDataRow<string>(row.Data)
        {
            TestDisplayName = $"{row.TestDisplayName}, saved and loaded",
            Skip = row.Skip,
        });

    public static IEnumerable<TheoryDataRow<string>> TrainingCases()
    {
        if (Fixtures.Find("tokenizers", "training", "bpe-training.json") is not string path)
            return [Skipped("?", NoFixtures)];
        using JsonDocument cases = JsonDocument.Parse(File.ReadAllBytes(path));
        return [.. cases.RootElement.EnumerateArray().Select(one => one.GetProperty("name").GetString()!)
            .Select(name => new TheoryDataRow<string>(name) { TestDisplayName = $"tokenizers/training/{name}" })];
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void TextsAreEncodedDecodedAndStreamed(string folder)
    {
        Tokenizer tokenizer = Tokenizer.Load(Fixtures.Require("tokenizers", folder));
        string[] texts = Texts();
        using JsonDocument goldens = JsonDocument.Parse(File.ReadAllBytes(Fixtures.Require("tokenizers", folder, "goldens.json")));
        JsonElement root = goldens.RootElement;

        Assert.Equal(root.GetProperty("vocab_size").GetInt32(), tokenizer.VocabularySize);
        Assert.Equal(0, root.GetProperty("special_prefix").GetArrayLength() + root.GetProperty("special_suffix").GetArrayLength());
        foreach (JsonElement one in root.GetProperty("cases").EnumerateArray())
        {
            string text = one.TryGetProperty("text", out JsonElement own) ? own.GetString()! : texts[one.GetProperty("string").GetInt32()];
            Assert.Equal(Integers(one.GetProperty("ids")), tokenizer.Encode(text));
            if (one.TryGetProperty("pretokens", out JsonElement pieces)) Assert.Equal(Integers(pieces), PieceBounds(text));
            AssertDecoded(tokenizer, one);
        }
        foreach (JsonElement one in root.GetProperty("decodes").EnumerateArray()) AssertDecoded(tokenizer, one);
        foreach (JsonElement pair in root.GetProperty("pairs").EnumerateArray())
            Assert.Equal<int[]>(Integers(pair.GetProperty("ids")),
                [.. tokenizer.Encode(pair.GetProperty("a").GetString()!), .. tokenizer.Encode(pair.GetProperty("b").GetString()!)]);
    }

    [Theory]
    [MemberData(nameof(OwnFolders))]
    public void ASavedTokenizerIsTheSameOne(string folder)
    {
        Tokenizer tokenizer = Tokenizer.Load(Fixtures.Require("tokenizers", folder));
        using TemporaryFolder temporary = new();
        tokenizer.Save(temporary.Path);
        Tokenizer again = Tokenizer.Load(temporary.Path);
        Assert.Equal(tokenizer.VocabularySize, again.VocabularySize);
        foreach (string text in Texts()) Assert.Equal(tokenizer.Encode(text), again.Encode(text));
        for (int id = 0; id < tokenizer.VocabularySize; id++)
        {
            Assert.Equal(tokenizer.TokenBytes(id), again.TokenBytes(id));
            Assert.Equal(tokenizer.IsSpecial(id), again.IsSpecial(id));
        }
    }

    [Theory]
    [MemberData(nameof(TrainingCases))]
    public void MergesAreLearntInOrder(string name)
    {
        using JsonDocument cases = JsonDocument.Parse(File.ReadAllBytes(Fixtures.Require("tokenizers", "training", "bpe-training.json")));
        JsonElement one = cases.RootElement.EnumerateArray().Single(one => one.GetProperty("name").GetString() == name);
        byte[] text = one.GetProperty("text").GetString() is string own
            ? Encoding.UTF8.GetBytes(own)
            : ReadData(one.GetProperty("file").GetString()!);
        BpeTrainer trainer = new(one.GetProperty("vocab_size").GetInt32())
        {
            SpecialTokens = Texts(one.GetProperty("special_tokens")),
            MinimumFrequency = one.GetProperty("min_frequency").GetInt32(),
            SplitsWords = one.GetProperty("gpt2_expression").GetBoolean(),
        };
        int first = one.GetProperty("first_byte").GetInt32();

        BpeTokenizer tokenizer = trainer.Train(text.AsMemory(first, one.GetProperty("bytes").GetInt32()));

        Assert.Equal(Texts(one.GetProperty("merges")), tokenizer.Merges);
        Assert.Equal(one.GetProperty("learnt_vocab_size").GetInt32(), tokenizer.VocabularySize);
        Assert.Equal(trainer.SpecialTokens, tokenizer.AddedTokens.Select(token => token.Content));
        if (!one.TryGetProperty("vocab_after_alphabet", out JsonElement after) || after.ValueKind != JsonValueKind.Array) return;
        int id = tokenizer.VocabularySize - after.GetArrayLength();
        foreach (string entry in Texts(after)) Assert.Equal(ByteAlphabet.ToBytes(entry), tokenizer.TokenBytes(id++));
    }

    /// <summary>The split agrees with the reference on what is a letter, a digit or white space, for every code point.</summary>
    [Fact]
    public void EveryCodePointHasItsClass()
    {
        using JsonDocument file = JsonDocument.Parse(File.ReadAllBytes(Fixtures.Require("tokenizers", "unicode-classes.json")));
        JsonElement classes = file.RootElement.GetProperty("classes");
        HashSet<int> letters = CodePoints(classes.GetProperty("\\p{L}")), numbers = CodePoints(classes.GetProperty("\\p{N}")),
            spaces = CodePoints(classes.GetProperty("\\s"));
        List<string> wrong = [];
        for (int value = 0; value <= 0x10FFFF; value++)
        {
            if (!Rune.IsValid(value)) continue;
            byte[] character = Encoding.UTF8.GetBytes(new Rune(value).ToString());
            // A neighbour of each class joins a character of that class and no other.
            string found = Joins("a"u8, character) ? "letter" : Joins("1"u8, character) ? "number" : Joins("\t"u8, character) ? "space" : "other";
            string expected = letters.Contains(value) ? "letter" : numbers.Contains(value) ? "number" : spaces.Contains(value) ? "space" : "other";
            if (found != expected) wrong.Add($"U+{value:X4} is {found}, expected {expected}");
        }
        Assert.Empty(wrong);
    }

    private static bool Joins(ReadOnlySpan<byte> neighbour, ReadOnlySpan<byte> character)
    {
        byte[] both = [.. neighbour, .. character];
        return Gpt2Split.FirstPiece(both) == both.Length;
    }

    private static HashSet<int> CodePoints(JsonElement ranges) =>
        [.. ranges.EnumerateArray().SelectMany(range => Enumerable.Range(range[0].GetInt32(), range[1].GetInt32() - range[0].GetInt32() + 1))];

    private static void AssertDecoded(Tokenizer tokenizer, JsonElement one)
    {
        int[] ids = Integers(one.GetProperty("ids"));
        Assert.Equal(one.GetProperty("decoded").GetString(), tokenizer.Decode(ids, skipSpecial: true));
        Assert.Equal(one.GetProperty("decoded_all").GetString(), tokenizer.Decode(ids));
        string[] expected = one.TryGetProperty("stream_bytes", out JsonElement bytes) ? Texts(bytes) : [.. Texts(one.GetProperty("stream")), ""];
        AssertStreamed(tokenizer, ids, expected);
    }

    private static void AssertStreamed(Tokenizer tokenizer, int[] ids, string[] expected)
    {
        StreamingDecoder decoder = new(tokenizer, skipSpecial: true);
        string ours = "", theirs = "";
        for (int step = 0; step <= ids.Length; step++)
        {
            ours += step < ids.Length ? decoder.Push(ids[step]) : decoder.Flush();
            theirs += expected[step];
            // The reference keeps the two bytes of half a surrogate for one step more, although nothing can complete them.
            bool held = step < ids.Length && tokenizer.DecodeBytes(ids.AsSpan(0, step + 1), skipSpecial: true) is [.., 0xED, >= 0xA0 and <= 0xBF];
            Assert.Equal(held ? theirs + "\uFFFD\uFFFD" : theirs, ours);
        }
    }

    private static List<int> PieceBounds(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        List<int> bounds = [];
        for (int start = 0; start < utf8.Length;)
        {
            int end = start + Gpt2Split.FirstPiece(utf8.AsSpan(start));
            bounds.AddRange(start, end);
            start = end;
        }
        return bounds;
    }

    private static byte[] ReadData(string name)
    {
        string path = Path.Combine(Fixtures.Data, "text", name);
        Assert.SkipUnless(File.Exists(path), $"no data at {path}");
        return File.ReadAllBytes(path);
    }

    private static string[] Texts()
    {
        using JsonDocument strings = JsonDocument.Parse(File.ReadAllBytes(Fixtures.Require("tokenizers", "strings.json")));
        return [.. strings.RootElement.EnumerateArray().Select(one => one.GetProperty("text").GetString()!)];
    }

    private static string[] Texts(JsonElement list) => [.. list.EnumerateArray().Select(text => text.GetString()!)];

    private static int[] Integers(JsonElement list) => [.. list.EnumerateArray().Select(number => number.GetInt32())];

    private static TheoryDataRow<string> Skipped(string name, string reason) =>
        new(name) { TestDisplayName = $"tokenizers/{name}", Skip = reason };
}

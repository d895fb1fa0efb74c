using System.Text;
using System.Text.Json.Nodes;
using Switchyard.Language.Tokenizers;

namespace Switchyard.Tests.Language.Tokenizers;

/// <summary>Whatever a tokenizer.json holds, it is either understood or refused in one line that names the part.</summary>
public sealed class HostileTokenizerTests
{
    private static readonly string Good = SavedFile();

    public static TheoryData<string, string> Changes() => new()
    {
        { "normalizer={\"type\":\"NFC\"}", "normalizer is" },
        { "truncation={\"max_length\":5}", "truncation is" },
        { "padding={\"strategy\":\"BatchLongest\"}", "padding is" },
        { "pre_tokenizer=null", "pre_tokenizer is missing" },
        { "pre_tokenizer={\"type\":\"Metaspace\"}", "pre_tokenizer is of type \"Metaspace\"" },
        { "pre_tokenizer.add_prefix_space=true", "pre_tokenizer.add_prefix_space is true" },
        { "pre_tokenizer.use_regex=1", "pre_tokenizer.use_regex is 1, neither true nor false" },
        { "post_processor={\"type\":\"TemplateProcessing\"}", "post_processor is of type" },
        { "post_processor=[]", "post_processor is of kind Array" },
        { "decoder=null", "decoder is missing" },
        { "decoder={\"type\":\"WordPiece\"}", "decoder is of type" },
        { "decoder={}", "decoder.type is missing" },
        { "model=null", "model is missing" },
        { "model=\"BPE\"", "model is of kind String" },
        { "model.type=\"Unigram\"", "model is of type \"Unigram\"" },
        { "model.type=5", "model.type is of kind Number" },
        { "model.dropout=0.1", "model.dropout is 0.1" },
        { "model.unk_token=\"<unk>\"", "model.unk_token is" },
        { "model.end_of_word_suffix=\"</w>\"", "model.end_of_word_suffix is" },
        { "model.byte_fallback=true", "model.byte_fallback is true" },
        { "model.ignore_merges=true", "model.ignore_merges is true" },
        { "model.vocab=null", "model.vocab is missing" },
        { "model.vocab=[\"a\"]", "model.vocab is of kind Array" },
        { "model.vocab={}", "model.merges[0] needs the token \"a\"" },
        { "model.vocab.a=null", "has the id null" },
        { "model.vocab.a=\"65\"", "has the id \"65\"" },
        { "model.vocab.a=-1", "has the id -1" },
        { "model.vocab.a=1.5", "has the id 1.5" },
        { "model.vocab.a=99999999999999999999", "has the id 99999999999999999999" },
        { "model.vocab.a=2147483647", "\"a\" has id 2147483647, but the 259 tokens" },
        { "model.vocab.a=5", "have the same id 5" },
        { "model.vocab.zz=259", "" },
        { "model.merges=null", "model.merges is missing" },
        { "model.merges={}", "model.merges is of kind Object" },
        { "model.merges=[5]", "model.merges[0] is neither" },
        { "model.merges=[\"ab\"]", "model.merges[0] has 1 sides" },
        { "model.merges=[\"a b c\"]", "model.merges[0] has 3 sides" },
        { "model.merges=[[\"a\"]]", "model.merges[0] has 1 sides" },
        { "model.merges=[[\"a\",5]]", "model.merges[0] is not a pair of texts" },
        { "model.merges=[\"a b\",\"q r\"]", "model.merges[1] needs the token \"qr\"" },
        { "model.merges=[\"a \u3042\"]", "needs the token \"\u3042\"" },
        { "added_tokens={}", "added_tokens is of kind Object" },
        { "added_tokens=[5]", "added_tokens[0] is of kind Number" },
        { "added_tokens=[{\"id\":0}]", "added_tokens[0].content is missing" },
        { "added_tokens=[{\"id\":0,\"content\":\"\"}]", "added_tokens[0].content is empty" },
        { "added_tokens=[{\"content\":\"<eos>\"}]", "added_tokens[0].id is missing" },
        { "added_tokens=[{\"id\":7,\"content\":\"<eos>\"}]", "has id 7, but model.vocab gives it 0" },
        { "added_tokens=[{\"id\":900000000,\"content\":\"<x>\"}]", "has id 900000000" },
        { "added_tokens=[{\"id\":7,\"content\":\"<x>\"}]", "have the same id 7" },
        { "added_tokens=[{\"id\":0,\"content\":\"<eos>\"},{\"id\":0,\"content\":\"<eos>\"}]", "added_tokens[1] names \"<eos>\" again" },
        { "added_tokens=[{\"id\":0,\"content\":\"<eos>\",\"lstrip\":true}]", "lstrip is true" },
        { "added_tokens=[{\"id\":0,\"content\":\"<eos>\",\"special\":\"yes\"}]", "added_tokens[0].special is" },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void AWrongPartIsNamed(string change, string expected)
    {
        JsonNode root = JsonNode.Parse(Good)!;
        string[] sides = change.Split('=', 2), path = sides[0].Split('.');
        JsonNode parent = root;
        foreach (string name in path[..^1]) parent = parent[name]!;
        parent[path[^1]] = JsonNode.Parse(sides[1]);
        if (expected.Length > 0) Assert.Contains(expected, Refusal(Encoding.UTF8.GetBytes(root.ToJsonString())).Message);
        else Assert.Equal(260, Load(Encoding.UTF8.GetBytes(root.ToJsonString())).VocabularySize);
    }

    [Fact]
    public void ADamagedFileIsRefused()
    {
        Refusal([]);
        Refusal("null"u8);
        Refusal("[]"u8);
        Refusal("\"tokenizer\""u8);
        Refusal([0x7B, 0xFF, 0x7D]);
        Refusal(Encoding.UTF8.GetBytes(new string('[', 100_000)));
        Refusal(Encoding.UTF8.GetBytes(Good.Replace("\"<eos>\": 0", "\"\\ud800\": 0")));
        Refusal(Encoding.UTF8.GetBytes(Good.Replace("\"a\": ", "\"b\": ")));
        byte[] content = Encoding.UTF8.GetBytes(Good);
        for (int length = 0; length < content.Length - 3; length += 37) Refusal(content.AsSpan(0, length));
    }

    [Fact]
    public void AnAbsentFileIsNamed()
    {
        using TemporaryFolder folder = new();
        Assert.Contains("tokenizer.json", Assert.Throws<SwitchyardException>(() => Tokenizer.Load(folder.Path)).Message);
        Assert.Throws<SwitchyardException>(() => Tokenizer.Load(Path.Combine(folder.Path, "absent")));
    }

    [Fact]
    public void MergesMayBePairsOrStrings()
    {
        JsonNode root = JsonNode.Parse(Good)!;
        root["model"]!["merges"] = new JsonArray(root["model"]!["merges"]!.AsArray()
            .Select(merge => (JsonNode)new JsonArray([.. merge!.GetValue<string>().Split(' ').Select(side => JsonValue.Create(side))])).ToArray());
        Assert.Equal(Load(Encoding.UTF8.GetBytes(Good)).Encode("ab ab<eos>"), Load(Encoding.UTF8.GetBytes(root.ToJsonString())).Encode("ab ab<eos>"));
    }

    private static string SavedFile()
    {
        using TemporaryFolder folder = new();
        new BpeTrainer(260) { SpecialTokens = ["<eos>"] }.Train("ab ab ab"u8.ToArray()).Save(folder.Path);
        return File.ReadAllText(Path.Combine(folder.Path, Tokenizer.FileName));
    }

    private static Tokenizer Load(ReadOnlySpan<byte> content)
    {
        using TemporaryFolder folder = new();
        folder.Write(Tokenizer.FileName, content);
        return Tokenizer.Load(folder.Path);
    }

    private static SwitchyardException Refusal(ReadOnlySpan<byte> content)
    {
        byte[] copy = content.ToArray();
        SwitchyardException refusal = Assert.Throws<SwitchyardException>(() => Load(copy));
        Assert.DoesNotContain('\n', refusal.Message);
        Assert.Contains(Tokenizer.FileName, refusal.Message);
        Assert.NotNull(refusal.Hint);
        return refusal;
    }
}

using System.Text.Json;
using System.Text.Unicode;

namespace Switchyard.Language.Tokenizers;

/// <summary>Reads a tokenizer.json that others may have written: every part is either understood or refused by name.</summary>
internal sealed class TokenizerJsonReader
{
    private readonly string _path;

    private TokenizerJsonReader(string path) => _path = path;

    /// <summary>Reads a file.</summary>
    /// <exception cref="SwitchyardException">The file is absent, damaged, or asks for what is not supported.</exception>
    public static TokenizerJson Read(string path) => new TokenizerJsonReader(path).Read();

    private TokenizerJson Read()
    {
        byte[] content;
        try
        {
            content = File.ReadAllBytes(_path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SwitchyardException($"{_path} cannot be read: {failure.Message}",
                $"name a folder that holds a {Tokenizer.FileName}", failure);
        }
        if (!Utf8.IsValid(content)) throw Damaged("it is not UTF-8");
        try
        {
            using JsonDocument document = JsonDocument.Parse(content);
            return Read(document.RootElement);
        }
        catch (JsonException failure)
        {
            throw Damaged($"it is not JSON at line {failure.LineNumber + 1}, byte {failure.BytePositionInLine + 1}", failure);
        }
        catch (InvalidOperationException failure)
        {
            // The kind of every value is checked before its use, so what is left is an escape such as \ud800.
            throw Damaged("it holds half a surrogate pair", failure);
        }
    }

    private TokenizerJson Read(JsonElement root)
    {
        RequireKind(root, JsonValueKind.Object, "the file");
        RequireAbsent(root, "", "normalizer");
        RequireAbsent(root, "", "truncation");
        RequireAbsent(root, "", "padding");
        bool splitsWords = ReadPreTokenizer(Require(root, "", "pre_tokenizer", JsonValueKind.Object));
        RequireByteLevel(Require(root, "", "decoder", JsonValueKind.Object), "decoder");
        if (Optional(root, "post_processor") is JsonElement post) RequireByteLevel(post, "post_processor");

        JsonElement model = Require(root, "", "model", JsonValueKind.Object);
        RequireType(model, "model", "BPE");
        foreach (string name in (string[])["dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"])
            RequireAbsent(model, "model.", name);
        foreach (string name in (string[])["byte_fallback", "ignore_merges"]) RequireFalse(model, "model.", name);

        Dictionary<string, int> ids = ReadVocabulary(Require(model, "model.", "vocab", JsonValueKind.Object));
        List<AddedToken> added = ReadAddedTokens(root, ids);
        string[] vocabulary = ById(ids);
        List<Merge> merges = ReadMerges(Require(model, "model.", "merges", JsonValueKind.Array), ids);
        TokenizerJson description = new(vocabulary, merges, added, splitsWords);
        try
        {
            description.IdsOfBytes();
        }
        catch (SwitchyardException missing)
        {
            throw new SwitchyardException($"{_path}: {missing.Message}", missing.Hint, missing);
        }
        return description;
    }

    private bool ReadPreTokenizer(JsonElement part)
    {
        RequireByteLevel(part, "pre_tokenizer");
        RequireFalse(part, "pre_tokenizer.", "add_prefix_space");
        return Optional(part, "use_regex") is not JsonElement use || ReadBoolean(use, "pre_tokenizer.use_regex");
    }

    private Dictionary<string, int> ReadVocabulary(JsonElement vocabulary)
    {
        Dictionary<string, int> ids = [];
        foreach (JsonProperty entry in vocabulary.EnumerateObject())
            if (!ids.TryAdd(entry.Name, ReadId(entry.Value, $"model.vocab \"{entry.Name}\"")))
                throw Damaged($"model.vocab names \"{entry.Name}\" twice");
        return ids;
    }

    private List<AddedToken> ReadAddedTokens(JsonElement root, Dictionary<string, int> ids)
    {
        List<AddedToken> added = [];
        if (Optional(root, "added_tokens") is not JsonElement list) return added;
        RequireKind(list, JsonValueKind.Array, "added_tokens");
        foreach (JsonElement token in list.EnumerateArray())
        {
            string part = $"added_tokens[{added.Count}]";
            RequireKind(token, JsonValueKind.Object, part);
            string content = Require(token, part + ".", "content", JsonValueKind.String).GetString()!;
            if (content.Length == 0) throw Damaged($"{part}.content is empty");
            foreach (string name in (string[])["single_word", "lstrip", "rstrip", "normalized"])
                RequireFalse(token, $"{part} \"{content}\" ", name);
            int id = ReadId(Require(token, part + ".", "id", JsonValueKind.Number), $"{part}.id");
            if (!ids.TryAdd(content, id) && ids[content] != id)
                throw Damaged($"{part} \"{content}\" has id {id}, but model.vocab gives it {ids[content]}");
            if (added.Exists(other => other.Content == content)) throw Damaged($"{part} names \"{content}\" again");
            added.Add(new AddedToken(id, content,
                Optional(token, "special") is JsonElement special && ReadBoolean(special, $"{part}.special")));
        }
        return added;
    }

    private string[] ById(Dictionary<string, int> ids)
    {
        string[] vocabulary = new string[ids.Count];
        foreach ((string spelling, int id) in ids)
        {
            if (id >= vocabulary.Length)
                throw Damaged($"\"{spelling}\" has id {id}, but the {ids.Count} tokens must have the ids 0 to {ids.Count - 1}");
            if (vocabulary[id] is string other) throw Damaged($"\"{other}\" and \"{spelling}\" have the same id {id}");
            vocabulary[id] = spelling;
        }
        return vocabulary;
    }

    private List<Merge> ReadMerges(JsonElement list, Dictionary<string, int> ids)
    {
        List<Merge> merges = [];
        foreach (JsonElement merge in list.EnumerateArray())
        {
            string part = $"model.merges[{merges.Count}]";
            string[] sides = merge.ValueKind switch
            {
                JsonValueKind.String => merge.GetString()!.Split(' '),
                JsonValueKind.Array => [.. merge.EnumerateArray().Select(side =>
                    side.ValueKind == JsonValueKind.String ? side.GetString()! : throw Damaged($"{part} is not a pair of texts"))],
                _ => throw Damaged($"{part} is neither \"a b\" nor [\"a\", \"b\"]"),
            };
            if (sides.Length != 2) throw Damaged($"{part} has {sides.Length} sides, not 2");
            merges.Add(new Merge(IdOf(sides[0]), IdOf(sides[1]), IdOf(sides[0] + sides[1])));

            int IdOf(string spelling) => ids.TryGetValue(spelling, out int id)
                ? id
                : throw Damaged($"{part} needs the token \"{spelling}\", which model.vocab does not have");
        }
        return merges;
    }

    private int ReadId(JsonElement value, string part) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int id) && id >= 0
            ? id
            : throw Damaged($"{part} has the id {Shown(value)}, which is no number from 0 to {int.MaxValue}");

    private bool ReadBoolean(JsonElement value, string part) =>
        value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : throw Damaged($"{part} is {Shown(value)}, neither true nor false");

    private void RequireByteLevel(JsonElement part, string name)
    {
        RequireKind(part, JsonValueKind.Object, name);
        RequireType(part, name, "ByteLevel");
    }

    private void RequireType(JsonElement part, string name, string expected)
    {
        string type = Require(part, name + ".", "type", JsonValueKind.String).GetString()!;
        if (type != expected) throw Unsupported($"{name} is of type \"{type}\"", $"\"{expected}\"");
    }

    private void RequireAbsent(JsonElement part, string prefix, string name)
    {
        if (Optional(part, name) is JsonElement value && !(value.ValueKind == JsonValueKind.String && value.ValueEquals("")))
            throw Unsupported($"{prefix}{name} is {Shown(value)}", "null");
    }

    private void RequireFalse(JsonElement part, string prefix, string name)
    {
        if (Optional(part, name) is JsonElement value && ReadBoolean(value, prefix + name))
            throw Unsupported($"{prefix}{name} is true", "false");
    }

    private JsonElement Require(JsonElement part, string prefix, string name, JsonValueKind kind)
    {
        if (Optional(part, name) is not JsonElement value) throw Damaged($"{prefix}{name} is missing");
        RequireKind(value, kind, prefix + name);
        return value;
    }

    private void RequireKind(JsonElement value, JsonValueKind kind, string part)
    {
        if (value.ValueKind != kind) throw Damaged($"{part} is of kind {value.ValueKind}, not {kind}");
    }

    private static JsonElement? Optional(JsonElement part, string name) =>
        part.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string Shown(JsonElement value) => value.GetRawText() is { Length: <= 40 } text && !text.Contains('\n')
        ? text
        : $"of kind {value.ValueKind}";

    private SwitchyardException Damaged(string reason, Exception? inner = null) =>
        new($"{_path} is no valid tokenizer: {OneLine(reason)}", "take the file from its source again", inner);

    private SwitchyardException Unsupported(string found, string expected) =>
        new($"{_path}: {OneLine(found)}, but only {expected} is supported here", "use a byte-level BPE tokenizer");

    // Spellings come from the file: a newline in one must not break the message.
    private static string OneLine(string text) => text.Length > 200 ? OneLine(text[..200]) : text.ReplaceLineEndings(" ");
}

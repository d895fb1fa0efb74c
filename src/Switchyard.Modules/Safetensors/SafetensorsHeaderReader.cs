using System.Text.Json;
using System.Text.Unicode;

namespace Switchyard.Modules.Safetensors;

/// <summary>Reads the JSON of a safetensors header, token by token; offsets count from the beginning of the data.</summary>
internal ref struct SafetensorsHeaderReader
{
    public const string MetadataName = "__metadata__";
    private readonly ReadOnlySpan<byte> header;
    private readonly string source;
    private readonly HashSet<string> names = new(StringComparer.Ordinal);
    private Utf8JsonReader json;

    public SafetensorsHeaderReader(ReadOnlySpan<byte> header, string source)
    {
        this.header = header;
        this.source = source;
        // The reference allows 128 levels; the reader walks them without recursion.
        json = new Utf8JsonReader(header, new JsonReaderOptions { MaxDepth = 128 });
    }

    public Dictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    public List<SafetensorsEntry> Entries { get; } = [];

    public void Read()
    {
        if (header.IsEmpty || header[0] != (byte)'{')
            throw SafetensorsHeader.Refuse(source, "the header does not begin with '{'");
        if (!Utf8.IsValid(header))
            throw SafetensorsHeader.Refuse(source, "the header is not UTF-8");
        try
        {
            json.Read();
            while (NextMember(out string name))
            {
                if (!names.Add(name)) throw Refuse($"the name {SafetensorsHeader.Quote(name)} occurs twice");
                if (name == MetadataName) ReadMetadata();
                else ReadEntry(name);
            }
            json.Read(); // throws where anything but white space follows
        }
        // The second is what a string with half a surrogate pair throws.
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            throw SafetensorsHeader.Refuse(source, $"the header is not valid JSON at its byte {json.BytesConsumed}", failure);
        }
    }

    private void ReadMetadata()
    {
        json.Read();
        if (json.TokenType == JsonTokenType.Null) return;
        Expect(JsonTokenType.StartObject, $"{MetadataName} must be an object of strings");
        while (NextMember(out string key))
        {
            json.Read();
            Expect(JsonTokenType.String, $"the value of metadata {SafetensorsHeader.Quote(key)} must be a string");
            if (!Metadata.TryAdd(key, json.GetString()!)) throw Refuse($"metadata {SafetensorsHeader.Quote(key)} occurs twice");
        }
    }

    private void ReadEntry(string name)
    {
        string tensor = $"tensor {SafetensorsHeader.Quote(name)}";
        SafetensorsType? type = null;
        List<ulong>? shape = null;
        List<ulong>? offsets = null;
        json.Read();
        Expect(JsonTokenType.StartObject, $"{tensor} must be an object with dtype, shape and data_offsets");
        while (NextMember(out string field))
        {
            json.Read();
            switch (field)
            {
                case "dtype" when type is null: type = ReadType(tensor); break;
                case "shape" when shape is null: shape = ReadNumbers($"the shape of {tensor}"); break;
                case "data_offsets" when offsets is null: offsets = ReadNumbers($"data_offsets of {tensor}"); break;
                case "dtype" or "shape" or "data_offsets": throw Refuse($"{tensor} has two fields {field}");
                default: json.Skip(); break;
            }
        }
        if (type is null || shape is null || offsets is null)
            throw Refuse($"{tensor} lacks {(type is null ? "dtype" : shape is null ? "shape" : "data_offsets")}");
        if (offsets is not [ulong begin, ulong end] || begin > end || end > long.MaxValue)
            throw Refuse($"data_offsets of {tensor} must be [begin, end] with begin <= end");

        ulong? needed = type.Value.Bytes([.. shape]);
        if (needed != end - begin)
        {
            string dimensions = shape.Count <= 16 ? $"[{string.Join(", ", shape)}]" : $"of {shape.Count} dimensions";
            string what = needed is ulong bytes ? $"needs {bytes} bytes" : "is no number of bytes that a file can hold";
            throw Refuse($"{tensor}: shape {dimensions} of {type.Value.Code()} {what}, but data_offsets [{begin}, {end}] hold {end - begin}");
        }
        long[] dimensionsOfEntry = [.. shape.Select(dimension => (long)Math.Min(dimension, long.MaxValue))];
        Entries.Add(new SafetensorsEntry(name, type.Value, dimensionsOfEntry, (long)begin, (long)(end - begin)));
    }

    private readonly SafetensorsType ReadType(string tensor)
    {
        Expect(JsonTokenType.String, $"dtype of {tensor} must be a string");
        string code = json.GetString()!;
        return SafetensorsTypes.TryParse(code, out SafetensorsType type)
            ? type
            : throw Refuse($"dtype {SafetensorsHeader.Quote(code)} of {tensor} is unknown: BF16, F32 and the like were expected");
    }

    private List<ulong> ReadNumbers(string what)
    {
        Expect(JsonTokenType.StartArray, $"{what} must be an array of non-negative integers");
        List<ulong> numbers = [];
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (json.TokenType != JsonTokenType.Number || !json.TryGetUInt64(out ulong number))
                throw Refuse($"{what} must be an array of non-negative integers below 2^64");
            numbers.Add(number);
        }
        return numbers;
    }

    // Moves to the next member of the object; false at its end.
    private bool NextMember(out string name)
    {
        json.Read();
        bool found = json.TokenType == JsonTokenType.PropertyName;
        name = found ? json.GetString()! : "";
        return found;
    }

    private readonly void Expect(JsonTokenType expected, string rule)
    {
        if (json.TokenType != expected) throw Refuse(rule);
    }

    private readonly SwitchyardException Refuse(string problem) =>
        SafetensorsHeader.Refuse(source, $"{problem} (byte {json.TokenStartIndex} of the header)");
}

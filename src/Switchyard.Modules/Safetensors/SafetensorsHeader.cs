using System.Buffers.Binary;
using System.Text.Encodings.Web;

namespace Switchyard.Modules.Safetensors;

/// <summary>
/// What a safetensors file says about itself: 8 bytes of header length, little-endian, then a JSON object with
/// one member per tensor, then the data. A header that exists is valid: names are unique, every tensor has
/// exactly the bytes that its shape needs, and together they cover the data without holes or overlaps.
/// </summary>
/// <remarks>The rules are those of the format's reference implementation 0.8, made stricter in two points that
/// the format's text asks for: the header begins with <c>{</c>, and no name or metadata key occurs twice.</remarks>
public sealed class SafetensorsHeader
{
    /// <summary>Bytes before the header: its length.</summary>
    internal const int PrefixLength = 8;

    /// <summary>The longest header that the reference reads, in bytes.</summary>
    internal const int LongestHeader = 100_000_000;

    private const string Damaged = "the file is damaged or not a safetensors file: copy, download or export it again";
    private readonly Dictionary<string, SafetensorsEntry> byName;

    private SafetensorsHeader(string source, IReadOnlyDictionary<string, string> metadata, List<SafetensorsEntry> entries)
    {
        Source = source;
        Metadata = metadata;
        Entries = entries;
        byName = entries.ToDictionary(entry => entry.Name, StringComparer.Ordinal);
    }

    /// <summary>What messages call the file: its path.</summary>
    public string Source { get; }

    /// <summary>The free text that the file carries; empty where it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The tensors in the order in which the header lists them.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <summary>The tensor of that name.</summary>
    /// <exception cref="SwitchyardException">The file holds no such tensor.</exception>
    public SafetensorsEntry this[string name] => Find(name) ?? throw new SwitchyardException(
        $"{Source}: no tensor {Quote(name)} among its {Entries.Count}",
        "the file belongs to another model, or the name is misspelt: 'inspect' lists what it holds");

    /// <summary>The tensor of that name, or null.</summary>
    public SafetensorsEntry? Find(string name) => byName.GetValueOrDefault(name);

    /// <summary>Reads and checks the header of a whole file that lies in memory.</summary>
    /// <param name="file">The file, from its first byte to its last.</param>
    /// <param name="source">What messages call it.</param>
    /// <exception cref="SwitchyardException">It is not a valid safetensors file.</exception>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> file, string source)
    {
        int length = CheckLength(file, file.Length, source);
        return Parse(file.Slice(PrefixLength, length), file.Length, source);
    }

    /// <summary>The length of the header, before anything of that size is allocated.</summary>
    internal static int CheckLength(ReadOnlySpan<byte> prefix, long fileLength, string source)
    {
        if (prefix.Length < PrefixLength)
            throw Refuse(source, $"{fileLength} bytes are too few: a safetensors file begins with 8 bytes of header length");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > LongestHeader)
            throw Refuse(source, $"the header claims {length} bytes; at most {LongestHeader} are allowed");
        if (length > (ulong)(fileLength - PrefixLength))
            throw Refuse(source, $"the header claims {length} bytes, but only {fileLength - PrefixLength} follow");
        return (int)length;
    }

    /// <summary>Reads and checks the JSON of a header.</summary>
    internal static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long fileLength, string source)
    {
        SafetensorsHeaderReader reader = new(json, source);
        reader.Read();
        long dataStart = PrefixLength + json.Length;
        CheckLayout(reader.Entries, (ulong)(fileLength - dataStart), source);
        List<SafetensorsEntry> entries = [.. reader.Entries.Select(entry => entry with { Offset = dataStart + entry.Offset })];
        return new SafetensorsHeader(source, reader.Metadata, entries);
    }

    // The entries still count their offsets from the beginning of the data.
    private static void CheckLayout(List<SafetensorsEntry> entries, ulong dataLength, string source)
    {
        long cursor = 0;
        foreach (SafetensorsEntry entry in entries.OrderBy(entry => entry.Offset).ThenBy(entry => entry.Length))
        {
            if (entry.Offset != cursor)
            {
                throw Refuse(source, $"tensor {Quote(entry.Name)} begins at byte {entry.Offset} of the data, where "
                    + $"byte {cursor} was expected: tensors may neither overlap nor leave a hole");
            }
            cursor += entry.Length;
            if ((ulong)cursor > dataLength)
                throw Refuse(source, $"tensor {Quote(entry.Name)} ends at byte {cursor} of the data, but the file has only {dataLength}");
        }
        if ((ulong)cursor != dataLength)
            throw Refuse(source, $"the tensors end at byte {cursor} of the data, but the file has {dataLength}: {dataLength - (ulong)cursor} belong to none");
    }

    internal static SwitchyardException Refuse(string source, string problem, Exception? inner = null) =>
        new($"{source}: {problem}", Damaged, inner);

    /// <summary>A name from a file as one short printable word.</summary>
    internal static string Quote(string name)
    {
        const int longest = 80;
        string printable = JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(name.Length > longest ? name[..longest] : name);
        return name.Length > longest ? $"'{printable}...'" : $"'{printable}'";
    }
}

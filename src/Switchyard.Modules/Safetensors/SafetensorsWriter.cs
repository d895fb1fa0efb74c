using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Switchyard.Files;

namespace Switchyard.Modules.Safetensors;

/// <summary>One tensor to be written.</summary>
/// <param name="Name">Its name, unique in the file.</param>
/// <param name="Type">The element type.</param>
/// <param name="Shape">The dimensions, outermost first; empty for a scalar.</param>
/// <param name="Write">Writes the elements, little-endian and row-major: exactly as many bytes as the shape needs.</param>
public sealed record SafetensorsSource(string Name, SafetensorsType Type, long[] Shape, Action<Stream> Write)
{
    /// <summary>A tensor whose elements already lie in memory as bytes.</summary>
    public SafetensorsSource(string name, SafetensorsType type, long[] shape, ReadOnlyMemory<byte> data)
        : this(name, type, shape, stream => stream.Write(data.Span)) { }
}

/// <summary>
/// Writes safetensors files, whole or not at all. The same tensors make the same bytes: they stand in the order
/// given, but wider element types before narrower ones, so that every element is aligned as the reference
/// implementation has it; metadata is sorted by key.
/// </summary>
public static class SafetensorsWriter
{
    // The JSON writer would replace half a surrogate pair in silence, and two names could become one.
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Writes a file; one of that name is replaced at the very end.</summary>
    /// <param name="path">The final name; its folder must exist.</param>
    /// <param name="tensors">What to write.</param>
    /// <param name="metadata">Free text to carry along, or null.</param>
    /// <exception cref="ArgumentException">A name occurs twice, is reserved or is no valid UTF-16, a dimension is
    /// negative, a tensor has no whole number of bytes or writes another number of them, or the header exceeds 100
    /// million bytes.</exception>
    /// <exception cref="SwitchyardException">The disk is full, or the folder is absent or may not be written.</exception>
    public static void Write(string path, IEnumerable<SafetensorsSource> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        SafetensorsSource[] ordered = [.. tensors.OrderByDescending(tensor => tensor.Type.Bits())];
        long[] lengths = [.. ordered.Select(Length)];
        byte[] header = Header(ordered, lengths, metadata);
        AtomicFile.Write(path, stream =>
        {
            stream.Write(header);
            foreach (var (tensor, length) in ordered.Zip(lengths))
            {
                long start = stream.Position;
                tensor.Write(stream);
                long written = stream.Position - start;
                if (written != length)
                    throw new ArgumentException($"tensor '{tensor.Name}' wrote {written} bytes where its shape needs {length}", nameof(tensors));
            }
        });
    }

    private static long Length(SafetensorsSource tensor)
    {
        if (Array.Exists(tensor.Shape, dimension => dimension < 0))
            throw new ArgumentException($"tensor '{tensor.Name}' has the negative dimension {tensor.Shape.Min()}");
        ulong[] shape = Array.ConvertAll(tensor.Shape, dimension => (ulong)dimension);
        return tensor.Type.Bytes(shape) is ulong bytes
            ? (long)bytes
            : throw new ArgumentException($"tensor '{tensor.Name}': [{string.Join(", ", tensor.Shape)}] of {tensor.Type.Code()} is no number of bytes that a file can hold");
    }

    private static byte[] Header(SafetensorsSource[] tensors, long[] lengths, IReadOnlyDictionary<string, string>? metadata)
    {
        ArrayBufferWriter<byte> buffer = new();
        buffer.Write(stackalloc byte[SafetensorsHeader.PrefixLength]);
        using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 }) WriteMetadata(json, metadata);
            HashSet<string> names = new(StringComparer.Ordinal) { SafetensorsHeaderReader.MetadataName };
            long offset = 0;
            foreach (var (tensor, length) in tensors.Zip(lengths))
            {
                if (!names.Add(tensor.Name)) throw new ArgumentException($"the name '{tensor.Name}' occurs twice or is reserved", nameof(tensors));
                WriteEntry(json, tensor, offset, checked(offset + length));
                offset += length;
            }
            json.WriteEndObject();
        }
        // Spaces after the JSON align the data to 8 bytes.
        while (buffer.WrittenCount % 8 != 0) buffer.Write(" "u8);
        byte[] header = buffer.WrittenSpan.ToArray();
        int written = header.Length - SafetensorsHeader.PrefixLength;
        if (written > SafetensorsHeader.LongestHeader)
            throw new ArgumentException($"the header has {written} bytes; at most {SafetensorsHeader.LongestHeader} are allowed: write fewer tensors per file", nameof(tensors));
        BinaryPrimitives.WriteInt64LittleEndian(header, written);
        return header;
    }

    private static void WriteMetadata(Utf8JsonWriter json, IReadOnlyDictionary<string, string> metadata)
    {
        json.WriteStartObject(SafetensorsHeaderReader.MetadataName);
        foreach (var (key, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal)) json.WriteString(StrictUtf8.GetBytes(key), StrictUtf8.GetBytes(value));
        json.WriteEndObject();
    }

    private static void WriteEntry(Utf8JsonWriter json, SafetensorsSource tensor, long begin, long end)
    {
        json.WriteStartObject(StrictUtf8.GetBytes(tensor.Name));
        json.WriteString("dtype", tensor.Type.Code());
        json.WriteStartArray("shape");
        foreach (long dimension in tensor.Shape) json.WriteNumberValue(dimension);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(begin);
        json.WriteNumberValue(end);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}

using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Switchyard.Language.Text;

namespace Switchyard.Language.Translation;

/// <summary>Two texts that say the same, line by line, in two languages.</summary>
public sealed class ParallelText
{
    private ParallelText(string name, IReadOnlyList<ReadOnlyMemory<byte>> source, IReadOnlyList<ReadOnlyMemory<byte>> target)
        => (Name, Source, Target) = (name, source, target);

    /// <summary>What messages call the two.</summary>
    public string Name { get; }

    /// <summary>The lines to translate, in UTF-8.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Source { get; }

    /// <summary>Their translations, in UTF-8.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Target { get; }

    /// <summary>The lines to translate.</summary>
    public IEnumerable<string> SourceLines => Source.Select(static line => Encoding.UTF8.GetString(line.Span));

    /// <summary>Their translations.</summary>
    public IEnumerable<string> TargetLines => Target.Select(static line => Encoding.UTF8.GetString(line.Span));

    /// <summary>How many pairs there are.</summary>
    public int Pairs => Source.Count;

    /// <summary>The bytes of both texts.</summary>
    public long Bytes => Source.Sum(static line => (long)line.Length) + Target.Sum(static line => (long)line.Length);

    /// <summary>Reads two files of equally many lines, each plain or in gzip. Pairs of two empty lines are left out.</summary>
    /// <exception cref="SwitchyardException">A file cannot be read or is not UTF-8; they differ in length; a line without translation; no text at all.</exception>
    public static ParallelText Load(string sourcePath, string targetPath)
    {
        List<ReadOnlyMemory<byte>> source = ReadLines(sourcePath), target = ReadLines(targetPath);
        if (source.Count != target.Count)
            throw new SwitchyardException($"{sourcePath} has {source.Count} lines and {targetPath} has {target.Count}", "give two files in which every line is the translation of the same line of the other");
        for (int line = source.Count - 1; line >= 0; line--)
        {
            if (IsBlank(source[line]) != IsBlank(target[line]))
            {
                (string empty, string other) = IsBlank(source[line]) ? (sourcePath, targetPath) : (targetPath, sourcePath);
                throw new SwitchyardException($"{empty}: line {line + 1} is empty, and that of {other} is not", "see whether the files are aligned, or take that line out of both");
            }
            if (!IsBlank(source[line])) continue;
            source.RemoveAt(line);
            target.RemoveAt(line);
        }
        if (source.Count == 0) throw new SwitchyardException($"{sourcePath} holds no text", "name two files with text in them");
        return new ParallelText($"{sourcePath}, {targetPath}", source, target);
    }

    /// <summary>Some pairs of it.</summary>
    public ParallelText Part(Range range)
    {
        (int start, int count) = range.GetOffsetAndLength(Pairs);
        return new ParallelText(Name, [.. Source.Skip(start).Take(count)], [.. Target.Skip(start).Take(count)]);
    }

    /// <summary>The SHA-256 of all lines in order, each after its length.</summary>
    public string Checksum()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (ReadOnlyMemory<byte> line in Source.Concat(Target))
        {
            BinaryPrimitives.WriteInt32LittleEndian(length, line.Length);
            hash.AppendData(length);
            hash.AppendData(line.Span);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The lines of a text without their ends; what stands after the last end is a line if it is not empty.</summary>
    /// <exception cref="SwitchyardException">The file cannot be read, or is not UTF-8.</exception>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Lines(string path) => ReadLines(path);

    private static List<ReadOnlyMemory<byte>> ReadLines(string path)
    {
        ReadOnlyMemory<byte> text = TextFile.Parse(path, Unpacked(path, TextFile.ReadBytes(path))).Utf8;
        List<ReadOnlyMemory<byte>> lines = [];
        while (!text.IsEmpty)
        {
            int end = text.Span.IndexOf((byte)'\n');
            ReadOnlyMemory<byte> line = end < 0 ? text : text[..end];
            lines.Add(line.Span.EndsWith("\r"u8) ? line[..^1] : line);
            text = end < 0 ? default : text[(end + 1)..];
        }
        return lines;
    }

    private static byte[] Unpacked(string path, byte[] content)
    {
        if (content is not [0x1F, 0x8B, ..]) return content;
        try
        {
            using GZipStream packed = new(new MemoryStream(content), CompressionMode.Decompress);
            using MemoryStream unpacked = new();
            packed.CopyTo(unpacked);
            return unpacked.ToArray();
        }
        catch (InvalidDataException failure)
        {
            throw new SwitchyardException($"{path} is damaged: {failure.Message.ReplaceLineEndings(" ")}", "take the file from its source again", failure);
        }
    }

    private static bool IsBlank(ReadOnlyMemory<byte> line) => string.IsNullOrWhiteSpace(Encoding.UTF8.GetString(line.Span));
}

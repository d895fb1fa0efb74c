using System.Text;
using System.Text.Unicode;

namespace Switchyard.Language.Text;

/// <summary>
/// Reads one text file: checks that it is UTF-8 and takes off what is no text of the author, a byte order mark and
/// the header and footer of Project Gutenberg. Line ends stay as they are.
/// </summary>
internal static class TextFile
{
    private const int BinaryProbe = 8192;

    /// <summary>Whether the content looks like no text at all: a NUL byte near its beginning, and no UTF-16 mark.</summary>
    public static bool LooksBinary(ReadOnlySpan<byte> content) =>
        content[..Math.Min(content.Length, BinaryProbe)].Contains((byte)0) && !IsUtf16(content);

    /// <summary>The bytes of a file.</summary>
    /// <exception cref="SwitchyardException">It cannot be read.</exception>
    public static byte[] ReadBytes(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SwitchyardException($"{path} cannot be read: {failure.Message}", "check the file and its permissions", failure);
        }
    }

    /// <summary>The text in the content of a file; empty if there is none.</summary>
    /// <exception cref="SwitchyardException">The content is not UTF-8; the message names the position.</exception>
    public static TextDocument Parse(string path, ReadOnlyMemory<byte> content)
    {
        if (IsUtf16(content.Span))
            throw new SwitchyardException($"{path} is UTF-16, not UTF-8: byte 0 is 0x{content.Span[0]:X2}", "convert it to UTF-8");
        if (!Utf8.IsValid(content.Span)) throw NotUtf8(path, content.Span);
        if (content.Span.StartsWith("\uFEFF"u8)) content = content[3..];
        return new TextDocument(path, WithoutGutenbergFrame(content));
    }

    private static bool IsUtf16(ReadOnlySpan<byte> content) => content is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..];

    private static SwitchyardException NotUtf8(string path, ReadOnlySpan<byte> content)
    {
        int position = 0;
        while (Rune.DecodeFromUtf8(content[position..], out _, out int length) == System.Buffers.OperationStatus.Done) position += length;
        int line = content[..position].Count((byte)'\n') + 1;
        return new SwitchyardException(
            $"{path} is not UTF-8: byte {position} (line {line}) is 0x{content[position]:X2}, which begins no valid character",
            "convert it to UTF-8 (for example with iconv -f latin1 -t utf-8), or repair that place");
    }

    /// <summary>What stands between the lines "*** START OF ..." and "*** END OF ..." that name Project Gutenberg.</summary>
    private static ReadOnlyMemory<byte> WithoutGutenbergFrame(ReadOnlyMemory<byte> text)
    {
        if (FindMark(text.Span, "*** START OF"u8, out _, out int afterStart)) text = text[afterStart..];
        if (FindMark(text.Span, "*** END OF"u8, out int end, out _)) text = text[..end];
        return text;
    }

    private static bool FindMark(ReadOnlySpan<byte> text, ReadOnlySpan<byte> mark, out int start, out int end)
    {
        for (start = 0; start < text.Length; start = end)
        {
            int length = text[start..].IndexOf((byte)'\n');
            end = length < 0 ? text.Length : start + length + 1;
            ReadOnlySpan<byte> line = text[start..end];
            if (line.StartsWith(mark) && line.IndexOf("PROJECT GUTENBERG"u8) >= 0) return true;
        }
        end = start;
        return false;
    }
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Switchyard.Ranking.Data;

/// <summary>Encoded examples in a scratch file that goes when it is closed: more than memory holds.</summary>
public sealed class ExampleFile : ExampleSource
{
    private const int BufferedWords = 1 << 16;

    private readonly SafeFileHandle _file;
    private readonly List<int> _buffer = [];
    private long _written;

    /// <summary>Makes an empty file among the system's temporary ones.</summary>
    /// <param name="layout">How a record is laid out.</param>
    /// <exception cref="SwitchyardException">It cannot be made.</exception>
    public ExampleFile(ExampleLayout layout)
    {
        Layout = layout;
        string path = Path.Combine(Path.GetTempPath(), $"switchyard-examples-{Guid.NewGuid():N}");
        try
        {
            _file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SwitchyardException($"cannot write '{path}': {failure.Message.ReplaceLineEndings(" ")}", "let TMPDIR name a folder with room for the encoded examples", failure);
        }
    }

    /// <inheritdoc/>
    public override ExampleLayout Layout { get; }

    /// <inheritdoc/>
    public override long Count => (_written + _buffer.Count) / Layout.Words;

    /// <summary>Adds an example.</summary>
    /// <exception cref="SwitchyardException">The disk is full.</exception>
    public void Add(ReadOnlySpan<int> record)
    {
        _buffer.AddRange(record);
        if (_buffer.Count >= BufferedWords) Flush();
    }

    /// <summary>Writes what is still in memory: it can then be read.</summary>
    public void Flush()
    {
        try
        {
            RandomAccess.Write(_file, MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_buffer)), _written * sizeof(int));
        }
        catch (IOException failure)
        {
            throw new SwitchyardException($"cannot keep the encoded examples: {failure.Message.ReplaceLineEndings(" ")}", "let TMPDIR name a folder with more room", failure);
        }
        _written += _buffer.Count;
        _buffer.Clear();
    }

    /// <inheritdoc/>
    public override void Read(long index, Span<int> record)
    {
        Span<byte> bytes = MemoryMarshal.AsBytes(record);
        long position = index * bytes.Length;
        while (!bytes.IsEmpty)
        {
            int read = RandomAccess.Read(_file, bytes, position);
            if (read == 0) throw new ArgumentOutOfRangeException(nameof(index), index, $"there are {Count} examples");
            bytes = bytes[read..];
            position += read;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _file.Dispose();
        base.Dispose();
    }
}

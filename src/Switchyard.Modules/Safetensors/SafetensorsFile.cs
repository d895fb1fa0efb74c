using Microsoft.Win32.SafeHandles;

namespace Switchyard.Modules.Safetensors;

/// <summary>
/// An open safetensors file. Opening reads and checks the whole header against the size of the file, and no
/// data: what opens is consistent. Data is read straight into the caller's memory; any number of threads may.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    private readonly SafeFileHandle handle;

    private SafetensorsFile(SafeFileHandle handle, SafetensorsHeader header)
    {
        this.handle = handle;
        Header = header;
    }

    /// <summary>What the file holds.</summary>
    public SafetensorsHeader Header { get; }

    /// <summary>Opens a file and checks all that its header says.</summary>
    /// <exception cref="SwitchyardException">The file is absent, unreadable or not a valid safetensors file.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(path);
            long fileLength = RandomAccess.GetLength(handle);
            byte[] prefix = new byte[Math.Min(fileLength, SafetensorsHeader.PrefixLength)];
            ReadFully(handle, prefix, 0, path);
            byte[] json = new byte[SafetensorsHeader.CheckLength(prefix, fileLength, path)];
            ReadFully(handle, json, SafetensorsHeader.PrefixLength, path);
            SafetensorsFile file = new(handle, SafetensorsHeader.Parse(json, fileLength, path));
            handle = null;
            return file;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new SwitchyardException($"cannot read '{path}': {failure.Message}",
                "name a safetensors file that exists and that you may read", failure);
        }
        finally
        {
            handle?.Dispose();
        }
    }

    /// <summary>Reads all the data of a tensor, little-endian as it lies in the file.</summary>
    /// <param name="entry">An entry of this file's <see cref="Header"/>.</param>
    /// <param name="destination">Exactly <see cref="SafetensorsEntry.Length"/> bytes.</param>
    /// <exception cref="ArgumentException">The destination has another length.</exception>
    /// <exception cref="SwitchyardException">The file has become shorter, or the disk fails.</exception>
    public void Read(SafetensorsEntry entry, Span<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (destination.Length != entry.Length)
            throw new ArgumentException($"tensor '{entry.Name}' has {entry.Length} bytes, the destination {destination.Length}", nameof(destination));
        Read(entry, 0, destination);
    }

    /// <summary>Reads a part of a tensor's data, for tensors beyond the 2 GiB that a span can hold.</summary>
    /// <param name="entry">An entry of this file's <see cref="Header"/>.</param>
    /// <param name="start">The first byte to read, counted from the beginning of the tensor.</param>
    /// <param name="destination">As many bytes as are to be read.</param>
    /// <exception cref="ArgumentException">The part goes beyond the tensor.</exception>
    /// <exception cref="SwitchyardException">The file has become shorter, or the disk fails.</exception>
    public void Read(SafetensorsEntry entry, long start, Span<byte> destination)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        if (start > entry.Length - destination.Length)
            throw new ArgumentException($"tensor '{entry.Name}' has {entry.Length} bytes: {destination.Length} from byte {start} are too many", nameof(destination));
        try
        {
            ReadFully(handle, destination, entry.Offset + start, Header.Source);
        }
        catch (IOException failure)
        {
            throw new SwitchyardException($"{Header.Source}: reading tensor {SafetensorsHeader.Quote(entry.Name)} failed: {failure.Message}",
                "check the disk, or copy the file to another", failure);
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => handle.Dispose();

    private static void ReadFully(SafeFileHandle handle, Span<byte> destination, long position, string path)
    {
        while (!destination.IsEmpty)
        {
            int read = RandomAccess.Read(handle, destination, position);
            if (read == 0) throw SafetensorsHeader.Refuse(path, $"the file ends at byte {position}, where {destination.Length} more were expected");
            destination = destination[read..];
            position += read;
        }
    }
}

using System.Runtime.InteropServices;

namespace Switchyard.Collectives.Transport;

/// <summary>A stretch of pinned or native memory. Whoever makes one keeps the memory where it is while the region is used.</summary>
/// <param name="address">Where it begins.</param>
/// <param name="bytes">How long it is.</param>
internal readonly unsafe struct Region(void* address, nint bytes)
{
    private readonly byte* _address = (byte*)address;

    /// <summary>Where it begins.</summary>
    public nint Address => (nint)_address;

    /// <summary>How long it is.</summary>
    public nint Bytes { get; } = bytes;

    /// <summary>A part of it.</summary>
    public Region Slice(nint start, nint bytes)
    {
        if (start < 0 || bytes < 0 || start > Bytes - bytes)
            throw new ArgumentOutOfRangeException(nameof(start), $"bytes {start} to {start + bytes} leave a region of {Bytes} bytes");
        return new Region(_address + start, bytes);
    }

    /// <summary>Copies it to a region of the same length that it does not overlap.</summary>
    public void CopyTo(Region target)
    {
        if (target.Bytes != Bytes) throw new ArgumentException($"{Bytes} bytes do not fit a region of {target.Bytes}", nameof(target));
        Buffer.MemoryCopy(_address, target._address, Bytes, Bytes);
    }

    /// <summary>A part of it as elements, of which at most 2³¹ - 1 fit.</summary>
    /// <param name="start">The first element.</param>
    /// <param name="length">How many.</param>
    public Span<T> AsSpan<T>(nint start, int length)
        where T : unmanaged
        => MemoryMarshal.CreateSpan(ref *(T*)Slice(start * sizeof(T), (nint)length * sizeof(T))._address, length);
}

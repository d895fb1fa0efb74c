using System.Runtime.InteropServices;

namespace Switchyard.Collectives;

/// <summary>A stretch of memory like <see cref="Span{T}"/>, whose length may pass 2³¹ elements.</summary>
/// <typeparam name="T">What lies there.</typeparam>
public readonly ref struct LongSpan<T>
    where T : unmanaged
{
    private readonly ref T _first;

    /// <summary>Memory that the caller vouches for, as with <see cref="MemoryMarshal.CreateSpan{T}"/>.</summary>
    /// <param name="first">The first element.</param>
    /// <param name="length">How many there are.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    public LongSpan(ref T first, nint length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        _first = ref first;
        Length = length;
    }

    /// <summary>How many elements there are.</summary>
    public nint Length { get; }

    /// <summary>The memory of a span.</summary>
    /// <param name="span">Any span.</param>
    public static implicit operator LongSpan<T>(Span<T> span) => new(ref MemoryMarshal.GetReference(span), span.Length);

    /// <summary>The memory of an array.</summary>
    /// <param name="array">Any array; null is empty.</param>
    public static implicit operator LongSpan<T>(T[]? array) => array.AsSpan();

    /// <summary>The first element, for the <c>fixed</c> statement.</summary>
    public ref T GetPinnableReference() => ref _first;
}

using System.Runtime.InteropServices;

namespace Switchyard.Collectives;

/// <summary>A stretch of memory like <see cref="ReadOnlySpan{T}"/>, whose length may pass 2³¹ elements.</summary>
/// <typeparam name="T">What lies there.</typeparam>
public readonly ref struct ReadOnlyLongSpan<T>
    where T : unmanaged
{
    private readonly ref readonly T _first;

    /// <summary>Memory that the caller vouches for, as with <see cref="MemoryMarshal.CreateReadOnlySpan{T}"/>.</summary>
    /// <param name="first">The first element.</param>
    /// <param name="length">How many there are.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    public ReadOnlyLongSpan(ref readonly T first, nint length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        _first = ref first;
        Length = length;
    }

    /// <summary>How many elements there are.</summary>
    public nint Length { get; }

    /// <summary>The memory of a span.</summary>
    /// <param name="span">Any span.</param>
    public static implicit operator ReadOnlyLongSpan<T>(ReadOnlySpan<T> span) => new(ref MemoryMarshal.GetReference(span), span.Length);

    /// <inheritdoc cref="op_Implicit(ReadOnlySpan{T})"/>
    public static implicit operator ReadOnlyLongSpan<T>(Span<T> span) => (ReadOnlySpan<T>)span;

    /// <summary>The memory of an array.</summary>
    /// <param name="array">Any array; null is empty.</param>
    public static implicit operator ReadOnlyLongSpan<T>(T[]? array) => (ReadOnlySpan<T>)array;

    /// <summary>The same memory, to read only.</summary>
    /// <param name="span">Any memory.</param>
    public static implicit operator ReadOnlyLongSpan<T>(LongSpan<T> span) => new(ref span.GetPinnableReference(), span.Length);

    /// <summary>The first element, for the <c>fixed</c> statement.</summary>
    public ref readonly T GetPinnableReference() => ref _first;
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Switchyard.Tensors.Kernels;

/// <summary>A register of 64-bit words, with what a random stream needs of it.</summary>
internal unsafe interface IWords<TSelf>
    where TSelf : unmanaged, IWords<TSelf>
{
    /// <summary>How many words a register holds.</summary>
    static abstract int Count { get; }

    /// <summary>0, 1, 2 and so on.</summary>
    static abstract TSelf Indices { get; }

    static abstract TSelf operator +(TSelf left, TSelf right);

    static abstract TSelf operator ^(TSelf left, TSelf right);

    /// <summary>Every word the same.</summary>
    static abstract TSelf Create(ulong value);

    /// <summary>The products of the lower halves.</summary>
    static abstract TSelf MultiplyLower(TSelf x, TSelf y);

    /// <summary>The upper halves, as words.</summary>
    static abstract TSelf Upper(TSelf x);

    /// <summary>Stores the lower halves of the first words of all four, then those of the second words, and so on.</summary>
    static abstract void StoreBlocks(TSelf x0, TSelf x1, TSelf x2, TSelf x3, uint* numbers);
}

/// <summary>16 bytes: two words.</summary>
internal readonly unsafe struct Words128(Vector128<ulong> words) : IWords<Words128>
{
    private readonly Vector128<ulong> _words = words;

    public static int Count => Vector128<ulong>.Count;

    public static Words128 Indices => new(Vector128<ulong>.Indices);

    private static Vector128<ulong> Low => Vector128.Create((ulong)uint.MaxValue);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words128 operator +(Words128 left, Words128 right) => new(left._words + right._words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words128 operator ^(Words128 left, Words128 right) => new(left._words ^ right._words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words128 Create(ulong value) => new(Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words128 MultiplyLower(Words128 x, Words128 y) => new(Sse2.IsSupported ? Sse2.Multiply(x._words.AsUInt32(), y._words.AsUInt32()) : (x._words & Low) * (y._words & Low));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words128 Upper(Words128 x) => new(x._words >>> 32);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBlocks(Words128 x0, Words128 x1, Words128 x2, Words128 x3, uint* numbers)
    {
        Vector128<ulong> front = (x0._words & Low) | (x1._words << 32), back = (x2._words & Low) | (x3._words << 32);
        Vector128.Create(front.ToScalar(), back.ToScalar()).AsUInt32().Store(numbers);
        Vector128.Create(front.GetElement(1), back.GetElement(1)).AsUInt32().Store(numbers + PhiloxBlocks.Numbers);
    }
}

/// <summary>32 bytes: four words, with AVX2.</summary>
internal readonly unsafe struct Words256(Vector256<ulong> words) : IWords<Words256>
{
    private readonly Vector256<ulong> _words = words;

    public static int Count => Vector256<ulong>.Count;

    public static Words256 Indices => new(Vector256<ulong>.Indices);

    private static Vector256<ulong> Low => Vector256.Create((ulong)uint.MaxValue);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words256 operator +(Words256 left, Words256 right) => new(left._words + right._words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words256 operator ^(Words256 left, Words256 right) => new(left._words ^ right._words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words256 Create(ulong value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words256 MultiplyLower(Words256 x, Words256 y) => new(Avx2.Multiply(x._words.AsUInt32(), y._words.AsUInt32()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words256 Upper(Words256 x) => new(x._words >>> 32);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBlocks(Words256 x0, Words256 x1, Words256 x2, Words256 x3, uint* numbers)
    {
        Vector256<ulong> front = (x0._words & Low) | (x1._words << 32), back = (x2._words & Low) | (x3._words << 32);
        // Blocks 0 and 2, and blocks 1 and 3.
        Vector256<ulong> even = Avx2.UnpackLow(front, back), odd = Avx2.UnpackHigh(front, back);
        Avx2.Permute2x128(even, odd, 0x20).AsUInt32().Store(numbers);
        Avx2.Permute2x128(even, odd, 0x31).AsUInt32().Store(numbers + 2 * PhiloxBlocks.Numbers);
    }
}

/// <summary>64 bytes: eight words, with AVX-512.</summary>
internal readonly unsafe struct Words512(Vector512<ulong> words) : IWords<Words512>
{
    private readonly Vector512<ulong> _words = words;

    public static int Count => Vector512<ulong>.Count;

    public static Words512 Indices => new(Vector512<ulong>.Indices);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words512 operator +(Words512 left, Words512 right) => new(left._words + right._words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words512 operator ^(Words512 left, Words512 right) => new(left._words ^ right._words);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words512 Create(ulong value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words512 MultiplyLower(Words512 x, Words512 y) => new(Avx512F.IsSupported
        ? Avx512F.Multiply(x._words.AsUInt32(), y._words.AsUInt32())
        : (x._words & Create(uint.MaxValue)._words) * (y._words & Create(uint.MaxValue)._words));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Words512 Upper(Words512 x) => new(x._words >>> 32);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBlocks(Words512 x0, Words512 x1, Words512 x2, Words512 x3, uint* numbers)
    {
        Words256.StoreBlocks(new(x0._words.GetLower()), new(x1._words.GetLower()), new(x2._words.GetLower()), new(x3._words.GetLower()), numbers);
        Words256.StoreBlocks(new(x0._words.GetUpper()), new(x1._words.GetUpper()), new(x2._words.GetUpper()), new(x3._words.GetUpper()), numbers + Words256.Count * PhiloxBlocks.Numbers);
    }
}

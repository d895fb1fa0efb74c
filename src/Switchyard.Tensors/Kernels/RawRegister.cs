using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// What a register tile does with a vector register, which it holds as it is. In a struct of its own, as formulas have it
/// (<see cref="ISimd{TSelf,T}"/>), the compiler moves sums from register to register: a tile takes 1.3 to 1.5 times as long.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
/// <typeparam name="TVector">What a register holds.</typeparam>
internal unsafe interface IRawRegister<T, TVector>
    where T : unmanaged
    where TVector : unmanaged
{
    /// <summary>How many numbers a register holds.</summary>
    static abstract int Count { get; }

    /// <summary>Rows of the largest register tile whose sums, with what they are made of, still fit in the registers.</summary>
    static abstract int TileRows { get; }

    /// <summary>Vectors in a row of that tile.</summary>
    static abstract int TileVectors { get; }

    /// <summary>How much of the inner dimension is packed at a time: so much that loading and storing a tile of C costs little beside it, so little that a strip of B stays in the innermost caches.</summary>
    static abstract int InnerBlock { get; }

    static abstract TVector Load(T* source);

    static abstract void Store(TVector value, T* destination);

    /// <summary>Every lane the same number.</summary>
    static abstract TVector Broadcast(T* source);

    /// <summary><paramref name="x"/> times <paramref name="y"/> plus <paramref name="sum"/>, rounded once.</summary>
    static abstract TVector MultiplyAdd(TVector x, TVector y, TVector sum);

    /// <summary>All lanes added up, in an order that is always the same.</summary>
    static abstract T Sum(TVector value);
}

/// <summary>16 bytes: SSE or NEON. Rounds twice where the processor has no fused multiply-add.</summary>
internal readonly unsafe struct RawRegister128<T> : IRawRegister<T, Vector128<T>>
    where T : unmanaged
{
    public static int Count => Vector128<T>.Count;

    public static int TileRows => 4;

    public static int TileVectors => 3;

    public static int InnerBlock => 384 * sizeof(float) / sizeof(T);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Load(T* source) => Vector128.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<T> value, T* destination) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> Broadcast(T* source) => Vector128.Create(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> MultiplyAdd(Vector128<T> x, Vector128<T> y, Vector128<T> sum) =>
        typeof(T) == typeof(float)
            ? Vector128.MultiplyAddEstimate(x.AsSingle(), y.AsSingle(), sum.AsSingle()).As<float, T>()
            : Vector128.MultiplyAddEstimate(x.AsDouble(), y.AsDouble(), sum.AsDouble()).As<double, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sum(Vector128<T> value) => Vector128.Sum(value);
}

/// <summary>32 bytes: AVX2 with FMA.</summary>
internal readonly unsafe struct RawRegister256<T> : IRawRegister<T, Vector256<T>>
    where T : unmanaged
{
    public static int Count => Vector256<T>.Count;

    public static int TileRows => 4;

    public static int TileVectors => 3;

    public static int InnerBlock => 384 * sizeof(float) / sizeof(T);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Load(T* source) => Vector256.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<T> value, T* destination) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> Broadcast(T* source) => Vector256.Create(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<T> MultiplyAdd(Vector256<T> x, Vector256<T> y, Vector256<T> sum) =>
        typeof(T) == typeof(float)
            ? Fma.MultiplyAdd(x.AsSingle(), y.AsSingle(), sum.AsSingle()).As<float, T>()
            : Fma.MultiplyAdd(x.AsDouble(), y.AsDouble(), sum.AsDouble()).As<double, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sum(Vector256<T> value) => Vector256.Sum(value);
}

/// <summary>64 bytes: AVX-512.</summary>
internal readonly unsafe struct RawRegister512<T> : IRawRegister<T, Vector512<T>>
    where T : unmanaged
{
    public static int Count => Vector512<T>.Count;

    public static int TileRows => 14;

    public static int TileVectors => 2;

    public static int InnerBlock => 320 * sizeof(float) / sizeof(T);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Load(T* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<T> value, T* destination) => value.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> Broadcast(T* source) => Vector512.Create(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<T> MultiplyAdd(Vector512<T> x, Vector512<T> y, Vector512<T> sum) =>
        typeof(T) == typeof(float)
            ? Avx512F.FusedMultiplyAdd(x.AsSingle(), y.AsSingle(), sum.AsSingle()).As<float, T>()
            : Avx512F.FusedMultiplyAdd(x.AsDouble(), y.AsDouble(), sum.AsDouble()).As<double, T>();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sum(Vector512<T> value) => Vector512.Sum(value);
}

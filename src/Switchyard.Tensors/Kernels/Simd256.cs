using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Switchyard.Tensors.Kernels;

/// <summary>32 bytes: AVX2 with fused multiply-add.</summary>
internal readonly unsafe struct Simd256<T>(Vector256<T> lanes) : ISimd<Simd256<T>, T>
    where T : unmanaged
{
    private readonly Vector256<T> _lanes = lanes;

    public static int Count => Vector256<T>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> operator +(Simd256<T> left, Simd256<T> right) => new(left._lanes + right._lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> operator -(Simd256<T> left, Simd256<T> right) => new(left._lanes - right._lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> operator *(Simd256<T> left, Simd256<T> right) => new(left._lanes * right._lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> operator /(Simd256<T> left, Simd256<T> right) => new(left._lanes / right._lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> operator -(Simd256<T> value) => new(-value._lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Create(T value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Constant(double value) => new(sizeof(T) == sizeof(float) ? Vector256.Create((float)value).As<float, T>() : Vector256.Create(value).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Load(T* source) => new(Vector256.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Load(T* source, int remaining, T past = default) => remaining >= Count ? Load(source) : LoadSome(source, remaining, past);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Simd256<T> value, T* destination) => value._lanes.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Simd256<T> value, T* destination, int remaining)
    {
        if (remaining >= Count) Store(value, destination);
        else StoreSome(value, destination, remaining);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Stream(Simd256<T> value, T* destination) => value._lanes.StoreAlignedNonTemporal(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> MultiplyAdd(Simd256<T> x, Simd256<T> y, Simd256<T> sum) => new(sizeof(T) == sizeof(float)
        ? Vector256.MultiplyAddEstimate(x._lanes.AsSingle(), y._lanes.AsSingle(), sum._lanes.AsSingle()).As<float, T>()
        : Vector256.MultiplyAddEstimate(x._lanes.AsDouble(), y._lanes.AsDouble(), sum._lanes.AsDouble()).As<double, T>());

    // In this order of operands the processor's instruction lets a NaN of y through.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Min(Simd256<T> x, Simd256<T> y) => new(Vector256.MinNative(x._lanes, y._lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Max(Simd256<T> x, Simd256<T> y) => new(Vector256.MaxNative(x._lanes, y._lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> SquareRoot(Simd256<T> x) => new(Vector256.Sqrt(x._lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Abs(Simd256<T> x) => new(Vector256.Abs(x._lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> CopySign(Simd256<T> size, Simd256<T> sign) => new(Vector256.ConditionalSelect(Constant(-0.0)._lanes, sign._lanes, size._lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> WhereLess(Simd256<T> x, Simd256<T> y, Simd256<T> less, Simd256<T> otherwise) => new(Vector256.ConditionalSelect(Vector256.LessThan(x._lanes, y._lanes), less._lanes, otherwise._lanes));

    // The sum has the biased exponent of the power in its lowest bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> PowerOf2(Simd256<T> n) => new(sizeof(T) == sizeof(float)
        ? ((n._lanes.AsSingle() + Vector256.Create(12582912f + 127)).AsInt32() << 23).As<int, T>()
        : ((n._lanes.AsDouble() + Vector256.Create(6755399441055744.0 + 1023)).AsInt64() << 52).As<long, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sum(Simd256<T> value) => Vector256.Sum(value._lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Largest(Simd256<T> value) => Simd128<T>.Largest(new(Vector128.MaxNative(value._lanes.GetLower(), value._lanes.GetUpper())));

    // The masked instructions keep the loops around free of calls, and so their numbers in registers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Simd256<T> LoadSome(T* source, int count, T past)
    {
        if (!Avx2.IsSupported) return RowEnd.Load<T, Simd256<T>>(source, count, past);
        Vector256<T> mask = Mask(count);
        Vector256<T> lanes = sizeof(T) == sizeof(float)
            ? Avx.MaskLoad((float*)source, mask.AsSingle()).As<float, T>()
            : Avx.MaskLoad((double*)source, mask.AsDouble()).As<double, T>();
        return new(Vector256.ConditionalSelect(mask, lanes, Vector256.Create(past)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreSome(Simd256<T> value, T* destination, int count)
    {
        if (!Avx2.IsSupported) RowEnd.Store(value, destination, count);
        else if (sizeof(T) == sizeof(float)) Avx.MaskStore((float*)destination, Mask(count).AsSingle(), value._lanes.AsSingle());
        else Avx.MaskStore((double*)destination, Mask(count).AsDouble(), value._lanes.AsDouble());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<T> Mask(int count) => sizeof(T) == sizeof(float)
        ? Vector256.GreaterThan(Vector256.Create(count), Vector256<int>.Indices).As<int, T>()
        : Vector256.GreaterThan(Vector256.Create((long)count), Vector256<long>.Indices).As<long, T>();
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Switchyard.Tensors.Kernels;

/// <summary>64 bytes: AVX-512.</summary>
internal readonly unsafe struct Simd512<T>(Vector512<T> lanes) : ISimd<Simd512<T>, T>
    where T : unmanaged
{
    private readonly Vector512<T> _lanes = lanes;

    public static int Count => Vector512<T>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> operator +(Simd512<T> left, Simd512<T> right) => new(left._lanes + right._lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> operator -(Simd512<T> left, Simd512<T> right) => new(left._lanes - right._lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> operator *(Simd512<T> left, Simd512<T> right) => new(left._lanes * right._lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> operator /(Simd512<T> left, Simd512<T> right) => new(left._lanes / right._lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> operator -(Simd512<T> value) => new(-value._lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Create(T value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Constant(double value) => new(sizeof(T) == sizeof(float) ? Vector512.Create((float)value).As<float, T>() : Vector512.Create(value).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Load(T* source) => new(Vector512.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Load(T* source, int remaining, T past = default) => remaining >= Count ? Load(source) : LoadSome(source, remaining, past);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Simd512<T> value, T* destination) => value._lanes.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Simd512<T> value, T* destination, int remaining)
    {
        if (remaining >= Count) Store(value, destination);
        else StoreSome(value, destination, remaining);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Stream(Simd512<T> value, T* destination) => value._lanes.StoreAlignedNonTemporal(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> MultiplyAdd(Simd512<T> x, Simd512<T> y, Simd512<T> sum) => new(sizeof(T) == sizeof(float)
        ? Vector512.MultiplyAddEstimate(x._lanes.AsSingle(), y._lanes.AsSingle(), sum._lanes.AsSingle()).As<float, T>()
        : Vector512.MultiplyAddEstimate(x._lanes.AsDouble(), y._lanes.AsDouble(), sum._lanes.AsDouble()).As<double, T>());

    // In this order of operands the processor's instruction lets a NaN of y through.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Min(Simd512<T> x, Simd512<T> y) => new(Vector512.MinNative(x._lanes, y._lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Max(Simd512<T> x, Simd512<T> y) => new(Vector512.MaxNative(x._lanes, y._lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> SquareRoot(Simd512<T> x) => new(Vector512.Sqrt(x._lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Abs(Simd512<T> x) => new(Vector512.Abs(x._lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> CopySign(Simd512<T> size, Simd512<T> sign) => new(Vector512.ConditionalSelect(Constant(-0.0)._lanes, sign._lanes, size._lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> WhereLess(Simd512<T> x, Simd512<T> y, Simd512<T> less, Simd512<T> otherwise) => new(Vector512.ConditionalSelect(Vector512.LessThan(x._lanes, y._lanes), less._lanes, otherwise._lanes));

    // The sum has the biased exponent of the power in its lowest bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> PowerOf2(Simd512<T> n) => new(sizeof(T) == sizeof(float)
        ? ((n._lanes.AsSingle() + Vector512.Create(12582912f + 127)).AsInt32() << 23).As<int, T>()
        : ((n._lanes.AsDouble() + Vector512.Create(6755399441055744.0 + 1023)).AsInt64() << 52).As<long, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sum(Simd512<T> value) => Vector512.Sum(value._lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Largest(Simd512<T> value) => Simd256<T>.Largest(new(Vector256.MaxNative(value._lanes.GetLower(), value._lanes.GetUpper())));

    // The masked instructions keep the loops around free of calls, and so their numbers in registers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Simd512<T> LoadSome(T* source, int count, T past)
    {
        if (!Avx512F.IsSupported) return RowEnd.Load<T, Simd512<T>>(source, count, past);
        Vector512<T> mask = Mask(count);
        Vector512<T> rest = Vector512.Create(past);
        return new(sizeof(T) == sizeof(float)
            ? Avx512F.MaskLoad((float*)source, mask.AsSingle(), rest.AsSingle()).As<float, T>()
            : Avx512F.MaskLoad((double*)source, mask.AsDouble(), rest.AsDouble()).As<double, T>());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreSome(Simd512<T> value, T* destination, int count)
    {
        if (!Avx512F.IsSupported) RowEnd.Store(value, destination, count);
        else if (sizeof(T) == sizeof(float)) Avx512F.MaskStore((float*)destination, Mask(count).AsSingle(), value._lanes.AsSingle());
        else Avx512F.MaskStore((double*)destination, Mask(count).AsDouble(), value._lanes.AsDouble());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<T> Mask(int count) => sizeof(T) == sizeof(float)
        ? Vector512.GreaterThan(Vector512.Create(count), Vector512<int>.Indices).As<int, T>()
        : Vector512.GreaterThan(Vector512.Create((long)count), Vector512<long>.Indices).As<long, T>();
}

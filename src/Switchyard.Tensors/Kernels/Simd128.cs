using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Switchyard.Tensors.Kernels;

/// <summary>16 bytes: SSE or NEON.</summary>
internal readonly unsafe struct Simd128<T>(Vector128<T> lanes) : ISimd<Simd128<T>, T>
    where T : unmanaged
{
    private readonly Vector128<T> _lanes = lanes;

    public static int Count => Vector128<T>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> operator +(Simd128<T> left, Simd128<T> right) => new(left._lanes + right._lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> operator -(Simd128<T> left, Simd128<T> right) => new(left._lanes - right._lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> operator *(Simd128<T> left, Simd128<T> right) => new(left._lanes * right._lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> operator /(Simd128<T> left, Simd128<T> right) => new(left._lanes / right._lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> operator -(Simd128<T> value) => new(-value._lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Create(T value) => new(Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Constant(double value) => new(sizeof(T) == sizeof(float) ? Vector128.Create((float)value).As<float, T>() : Vector128.Create(value).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Load(T* source) => new(Vector128.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Load(T* source, int remaining, T past = default) => remaining >= Count ? Load(source) : LoadSome(source, remaining, past);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Simd128<T> value, T* destination) => value._lanes.Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Simd128<T> value, T* destination, int remaining)
    {
        if (remaining >= Count) Store(value, destination);
        else StoreSome(value, destination, remaining);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Stream(Simd128<T> value, T* destination) => value._lanes.StoreAlignedNonTemporal(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> MultiplyAdd(Simd128<T> x, Simd128<T> y, Simd128<T> sum) => new(sizeof(T) == sizeof(float)
        ? Vector128.MultiplyAddEstimate(x._lanes.AsSingle(), y._lanes.AsSingle(), sum._lanes.AsSingle()).As<float, T>()
        : Vector128.MultiplyAddEstimate(x._lanes.AsDouble(), y._lanes.AsDouble(), sum._lanes.AsDouble()).As<double, T>());

    // In this order of operands the processor's instruction lets a NaN of y through.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Min(Simd128<T> x, Simd128<T> y) => new(Vector128.MinNative(x._lanes, y._lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Max(Simd128<T> x, Simd128<T> y) => new(Vector128.MaxNative(x._lanes, y._lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> SquareRoot(Simd128<T> x) => new(Vector128.Sqrt(x._lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Abs(Simd128<T> x) => new(Vector128.Abs(x._lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> CopySign(Simd128<T> size, Simd128<T> sign) => new(Vector128.ConditionalSelect(Constant(-0.0)._lanes, sign._lanes, size._lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> WhereLess(Simd128<T> x, Simd128<T> y, Simd128<T> less, Simd128<T> otherwise) => new(Vector128.ConditionalSelect(Vector128.LessThan(x._lanes, y._lanes), less._lanes, otherwise._lanes));

    // The sum has the biased exponent of the power in its lowest bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> PowerOf2(Simd128<T> n) => new(sizeof(T) == sizeof(float)
        ? ((n._lanes.AsSingle() + Vector128.Create(12582912f + 127)).AsInt32() << 23).As<int, T>()
        : ((n._lanes.AsDouble() + Vector128.Create(6755399441055744.0 + 1023)).AsInt64() << 52).As<long, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sum(Simd128<T> value) => Vector128.Sum(value._lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Largest(Simd128<T> value)
    {
        if (sizeof(T) == sizeof(double)) return Vector128.MaxNative(value._lanes, Vector128.Shuffle(value._lanes.AsInt64(), Vector128.Create(1L, 0)).As<long, T>()).ToScalar();
        Vector128<T> pairs = Vector128.MaxNative(value._lanes, Vector128.Shuffle(value._lanes.AsInt32(), Vector128.Create(2, 3, 0, 1)).As<int, T>());
        return Vector128.MaxNative(pairs, Vector128.Shuffle(pairs.AsInt32(), Vector128.Create(1, 0, 3, 2)).As<int, T>()).ToScalar();
    }

    private static Simd128<T> LoadSome(T* source, int count, T past) => RowEnd.Load<T, Simd128<T>>(source, count, past);

    private static void StoreSome(Simd128<T> value, T* destination, int count) => RowEnd.Store(value, destination, count);
}

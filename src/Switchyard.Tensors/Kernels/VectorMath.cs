using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// What the fused kernels need of vectors of float or double beyond the operators: loads and stores that stop at
/// the end of a row, functions, and sums over lanes in a fixed order.
/// </summary>
internal static unsafe class VectorMath
{
    /// <summary>The next lanes of a row of which <paramref name="remaining"/> elements are left; lanes past its end hold <paramref name="past"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Load<T>(T* row, int remaining, T past = default)
        where T : unmanaged
        => remaining >= Vector<T>.Count ? Vector.Load(row) : LoadSome(row, remaining, past);

    /// <summary>Stores the lanes that lie before the end of a row of which <paramref name="remaining"/> elements are left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<T>(Vector<T> lanes, T* row, int remaining)
        where T : unmanaged
    {
        if (remaining >= Vector<T>.Count) Vector.Store(lanes, row);
        else StoreSome(lanes, row, remaining);
    }

    /// <summary>a·b + c, rounded once where the processor can.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> MultiplyAdd<T>(Vector<T> a, Vector<T> b, Vector<T> c)
        where T : unmanaged
        => typeof(T) == typeof(float)
            ? Vector.MultiplyAddEstimate(a.As<T, float>(), b.As<T, float>(), c.As<T, float>()).As<float, T>()
            : Vector.MultiplyAddEstimate(a.As<T, double>(), b.As<T, double>(), c.As<T, double>()).As<double, T>();

    /// <summary>
    /// eˣ; 0 for negative infinity. In Float32 to about one unit in the last place, 0 below the normal numbers, and
    /// the largest number where it would overflow.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Exp<T>(Vector<T> x)
        where T : unmanaged
        => typeof(T) == typeof(float)
            ? Exp(x.As<T, float>()).As<float, T>()
            : Vector.Exp(x.As<T, double>()).As<double, T>();

    /// <summary>1 / (1 + e⁻ˣ).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<T> Sigmoid<T>(Vector<T> x)
        where T : unmanaged
        => Vector<T>.One / (Vector<T>.One + Exp(-x));

    /// <summary>The largest lane.</summary>
    public static T Max<T>(Vector<T> lanes)
        where T : unmanaged, INumber<T>
    {
        T largest = lanes[0];
        for (int lane = 1; lane < Vector<T>.Count; lane++) largest = T.Max(largest, lanes[lane]);
        return largest;
    }

    /// <summary>The sum of products of two rows.</summary>
    public static T Dot<T>(T* a, T* b, int length)
        where T : unmanaged, INumber<T>
    {
        Vector<T> even = default, odd = default;
        int i = 0;
        for (; i <= length - 2 * Vector<T>.Count; i += 2 * Vector<T>.Count)
        {
            even = MultiplyAdd(Vector.Load(a + i), Vector.Load(b + i), even);
            odd = MultiplyAdd(Vector.Load(a + i + Vector<T>.Count), Vector.Load(b + i + Vector<T>.Count), odd);
        }
        for (; i < length; i += Vector<T>.Count) even = MultiplyAdd(Load(a + i, length - i), Load(b + i, length - i), even);
        return Vector.Sum(even + odd);
    }

    // x = n·ln 2 + r with |r| <= ln 2 / 2; eʳ by a polynomial through Chebyshev points (relative error 1e-8), and 2ⁿ by
    // adding n to the exponent. Adding 1.5·2²³ leaves the rounded n in the lowest bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> Exp(Vector<float> x)
    {
        Vector<float> rounder = new(12582912f);
        // In this order of operands the processor's minimum lets NaN through.
        Vector<float> bounded = Vector.MinNative(new(88.72283f), x);
        Vector<float> shifted = MultiplyAdd(bounded, new(1.44269504f), rounder);
        Vector<float> n = shifted - rounder;
        Vector<float> r = MultiplyAdd(n, new(-0.693359375f), bounded);
        r = MultiplyAdd(n, new(2.12194440e-4f), r);
        Vector<float> p = MultiplyAdd(r, new(0.0013926251f), new(0.0083632329f));
        p = MultiplyAdd(p, r, new(0.0416665542f));
        p = MultiplyAdd(p, r, new(0.1666657667f));
        p = MultiplyAdd(p, r, new(0.5f));
        p = MultiplyAdd(p, r * r, r) + Vector<float>.One;
        Vector<float> y = (p.As<float, int>() + (shifted.As<float, int>() << 23)).As<int, float>();
        return Vector.AndNot(y, Vector.LessThan(x, new(-87.33654f)).As<int, float>());
    }

    // The masked instructions keep the loops around free of calls, and so their numbers in registers.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<T> LoadSome<T>(T* row, int count, T past)
        where T : unmanaged
    {
        if (!IsMasked) return CopyIn(row, count, past);
        Vector256<T> mask = Mask<T>(count);
        Vector256<T> lanes = sizeof(T) == sizeof(float)
            ? Avx.MaskLoad((float*)row, mask.AsSingle()).As<float, T>()
            : Avx.MaskLoad((double*)row, mask.AsDouble()).As<double, T>();
        return Vector256.ConditionalSelect(mask, lanes, Vector256.Create(past)).AsVector();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreSome<T>(Vector<T> lanes, T* row, int count)
        where T : unmanaged
    {
        if (!IsMasked) CopyOut(lanes, row, count);
        else if (sizeof(T) == sizeof(float)) Avx.MaskStore((float*)row, Mask<T>(count).AsSingle(), lanes.AsVector256().AsSingle());
        else Avx.MaskStore((double*)row, Mask<T>(count).AsDouble(), lanes.AsVector256().AsDouble());
    }

    private static bool IsMasked => Avx2.IsSupported && Vector<byte>.Count == Vector256<byte>.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<T> Mask<T>(int count)
        where T : unmanaged
        => sizeof(T) == sizeof(float)
            ? Vector256.GreaterThan(Vector256.Create(count), Vector256<int>.Indices).As<int, T>()
            : Vector256.GreaterThan(Vector256.Create((long)count), Vector256<long>.Indices).As<long, T>();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector<T> CopyIn<T>(T* row, int count, T past)
        where T : unmanaged
    {
        Vector<T> lanes = new(past);
        new ReadOnlySpan<T>(row, count).CopyTo(new Span<T>(&lanes, Vector<T>.Count));
        return lanes;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void CopyOut<T>(Vector<T> lanes, T* row, int count)
        where T : unmanaged
        => new ReadOnlySpan<T>(&lanes, count).CopyTo(new Span<T>(row, count));
}

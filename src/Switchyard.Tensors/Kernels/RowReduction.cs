using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>Sums, moments and the largest element of one row. Several chains hide the latency of each other; their order is fixed.</summary>
internal static unsafe class RowReduction
{
    /// <summary>Σ x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static T Sum<T, TVector>(T* x, int width)
        where T : unmanaged
        where TVector : unmanaged, ISimd<TVector, T>
    {
        TVector a = default, b = default, c = default, d = default;
        int i = 0;
        for (; i <= width - 4 * TVector.Count; i += 4 * TVector.Count)
        {
            a += TVector.Load(x + i);
            b += TVector.Load(x + i + TVector.Count);
            c += TVector.Load(x + i + 2 * TVector.Count);
            d += TVector.Load(x + i + 3 * TVector.Count);
        }
        for (; i < width; i += TVector.Count) a += TVector.Load(x + i, width - i);
        return TVector.Sum(a + b + (c + d));
    }

    /// <summary>Σ x².</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static T SumOfSquares<T, TVector>(T* x, int width)
        where T : unmanaged
        where TVector : unmanaged, ISimd<TVector, T>
    {
        TVector a = default, b = default, c = default, d = default;
        int i = 0;
        for (; i <= width - 4 * TVector.Count; i += 4 * TVector.Count)
        {
            TVector x0 = TVector.Load(x + i), x1 = TVector.Load(x + i + TVector.Count), x2 = TVector.Load(x + i + 2 * TVector.Count), x3 = TVector.Load(x + i + 3 * TVector.Count);
            a = TVector.MultiplyAdd(x0, x0, a);
            b = TVector.MultiplyAdd(x1, x1, b);
            c = TVector.MultiplyAdd(x2, x2, c);
            d = TVector.MultiplyAdd(x3, x3, d);
        }
        for (; i < width; i += TVector.Count)
        {
            TVector rest = TVector.Load(x + i, width - i);
            a = TVector.MultiplyAdd(rest, rest, a);
        }
        return TVector.Sum(a + b + (c + d));
    }

    /// <summary>Σ x·y.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static T Dot<T, TVector>(T* x, T* y, int width)
        where T : unmanaged
        where TVector : unmanaged, ISimd<TVector, T>
    {
        TVector a = default, b = default, c = default, d = default;
        int i = 0;
        for (; i <= width - 4 * TVector.Count; i += 4 * TVector.Count)
        {
            a = TVector.MultiplyAdd(TVector.Load(x + i), TVector.Load(y + i), a);
            b = TVector.MultiplyAdd(TVector.Load(x + i + TVector.Count), TVector.Load(y + i + TVector.Count), b);
            c = TVector.MultiplyAdd(TVector.Load(x + i + 2 * TVector.Count), TVector.Load(y + i + 2 * TVector.Count), c);
            d = TVector.MultiplyAdd(TVector.Load(x + i + 3 * TVector.Count), TVector.Load(y + i + 3 * TVector.Count), d);
        }
        for (; i < width; i += TVector.Count) a = TVector.MultiplyAdd(TVector.Load(x + i, width - i), TVector.Load(y + i, width - i), a);
        return TVector.Sum(a + b + (c + d));
    }

    /// <summary>
    /// The mean square of what differs from the mean, and the mean, in one pass: sums of differences from the mean of the
    /// first 32 elements, which lies within √(width / 32) standard deviations of the mean of all.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static T Variance<T, TVector>(T* x, int width, out T mean)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TVector : unmanaged, ISimd<TVector, T>
    {
        int first = Math.Min(width, 32);
        T centre = Sum<T, TVector>(x, first) / T.CreateChecked(first);
        TVector m = TVector.Create(centre), a = default, b = default, c = default, d = default, a2 = default, b2 = default, c2 = default, d2 = default;
        int i = 0;
        for (; i <= width - 4 * TVector.Count; i += 4 * TVector.Count)
        {
            TVector x0 = TVector.Load(x + i) - m, x1 = TVector.Load(x + i + TVector.Count) - m;
            TVector x2 = TVector.Load(x + i + 2 * TVector.Count) - m, x3 = TVector.Load(x + i + 3 * TVector.Count) - m;
            a += x0;
            b += x1;
            c += x2;
            d += x3;
            a2 = TVector.MultiplyAdd(x0, x0, a2);
            b2 = TVector.MultiplyAdd(x1, x1, b2);
            c2 = TVector.MultiplyAdd(x2, x2, c2);
            d2 = TVector.MultiplyAdd(x3, x3, d2);
        }
        for (; i < width; i += TVector.Count)
        {
            TVector rest = TVector.Load(x + i, width - i, centre) - m;
            a += rest;
            a2 = TVector.MultiplyAdd(rest, rest, a2);
        }
        T count = T.CreateChecked(width), shift = TVector.Sum(a + b + (c + d)) / count;
        mean = centre + shift;
        return T.Max(TVector.Sum(a2 + b2 + (c2 + d2)) / count - shift * shift, T.Zero);
    }

    /// <summary>The largest element; negative infinity for none. A NaN is passed over only beside a finite number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static T Largest<T, TVector>(T* x, int width)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TVector : unmanaged, ISimd<TVector, T>
    {
        TVector a = TVector.Create(T.NegativeInfinity), b = a, c = a, d = a;
        int i = 0;
        for (; i <= width - 4 * TVector.Count; i += 4 * TVector.Count)
        {
            a = TVector.Max(a, TVector.Load(x + i));
            b = TVector.Max(b, TVector.Load(x + i + TVector.Count));
            c = TVector.Max(c, TVector.Load(x + i + 2 * TVector.Count));
            d = TVector.Max(d, TVector.Load(x + i + 3 * TVector.Count));
        }
        for (; i < width; i += TVector.Count) a = TVector.Max(a, TVector.Load(x + i, width - i, T.NegativeInfinity));
        T largest = TVector.Largest(TVector.Max(TVector.Max(a, b), TVector.Max(c, d)));
        return T.IsFinite(largest) || width == 0 ? largest : TensorPrimitives.Max(new ReadOnlySpan<T>(x, width));
    }
}

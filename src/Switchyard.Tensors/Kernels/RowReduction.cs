using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>Sums and the largest element of one row. Four chains hide the latency of each other; their order is fixed.</summary>
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

    /// <summary>Σ (x - mean)².</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static T SquaredDeviations<T, TVector>(T* x, int width, T mean)
        where T : unmanaged
        where TVector : unmanaged, ISimd<TVector, T>
    {
        TVector centre = TVector.Create(mean), a = default, b = default, c = default, d = default;
        int i = 0;
        for (; i <= width - 4 * TVector.Count; i += 4 * TVector.Count)
        {
            TVector x0 = TVector.Load(x + i) - centre, x1 = TVector.Load(x + i + TVector.Count) - centre;
            TVector x2 = TVector.Load(x + i + 2 * TVector.Count) - centre, x3 = TVector.Load(x + i + 3 * TVector.Count) - centre;
            a = TVector.MultiplyAdd(x0, x0, a);
            b = TVector.MultiplyAdd(x1, x1, b);
            c = TVector.MultiplyAdd(x2, x2, c);
            d = TVector.MultiplyAdd(x3, x3, d);
        }
        for (; i < width; i += TVector.Count)
        {
            TVector rest = TVector.Load(x + i, width - i, mean) - centre;
            a = TVector.MultiplyAdd(rest, rest, a);
        }
        return TVector.Sum(a + b + (c + d));
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

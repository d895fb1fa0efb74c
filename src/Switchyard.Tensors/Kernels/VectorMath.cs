using System.Runtime.CompilerServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// Functions of a register of numbers. Their errors are in units in the last place of the exact result, over all
/// numbers; those of float are tested against double, and hold where multiply-adds are rounded once.
/// </summary>
internal static class VectorMath
{
    private const double MostNormal = 14.5;

    /// <summary>eˣ, to 1.1 units: gradual below the normal numbers, 0 and infinity beyond.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Exp<T, TVector>(TVector x)
        where T : unmanaged
        where TVector : unmanaged, ISimd<TVector, T>
    {
        // Beyond these the result is the same.
        TVector bounded = IsFloat<T>()
            ? TVector.Max(TVector.Constant(-104), TVector.Min(TVector.Constant(89), x))
            : TVector.Max(TVector.Constant(-746), TVector.Min(TVector.Constant(710), x));
        TVector less1 = ReducedExpLess1<T, TVector>(bounded, out TVector n);
        // 2ⁿ itself may be too large or too small for a normal number.
        TVector half = Round<T, TVector>(n * TVector.Constant(0.5));
        return (less1 + TVector.Constant(1)) * TVector.PowerOf2(half) * TVector.PowerOf2(n - half);
    }

    /// <summary>1 / (1 + e⁻ˣ), to 2.5 units.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Sigmoid<T, TVector>(TVector x)
        where T : unmanaged
        where TVector : unmanaged, ISimd<TVector, T>
    {
        TVector one = TVector.Constant(1), e = Exp<T, TVector>(-TVector.Abs(x));
        return TVector.WhereLess(x, TVector.Constant(0), e, one) / (one + e);
    }

    /// <summary>The hyperbolic tangent, to 2.5 units: (e²ˣ - 1) / (e²ˣ + 1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Tanh<T, TVector>(TVector x)
        where T : unmanaged
        where TVector : unmanaged, ISimd<TVector, T>
    {
        TVector size = TVector.Min(TVector.Constant(20), TVector.Abs(x));
        TVector less1 = ReducedExpLess1<T, TVector>(size + size, out TVector n), power = TVector.PowerOf2(n);
        less1 = TVector.MultiplyAdd(less1, power, power - TVector.Constant(1));
        return TVector.CopySign(less1 / (less1 + TVector.Constant(2)), x);
    }

    /// <summary>In float, the distribution function Φ of the standard normal, to 5 units and gradual below the normal numbers.</summary>
    /// <param name="x">Any number.</param>
    /// <param name="exponential">e^(-x²/2)</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Normal<T, TVector>(TVector x, out TVector exponential)
        where T : unmanaged
        where TVector : unmanaged, ISimd<TVector, T>
    {
        TVector size = TVector.Min(TVector.Constant(MostNormal), TVector.Abs(x)), half = TVector.Constant(-0.5), one = TVector.Constant(1);
        // The square as rounded and what the rounding lost: its error would be multiplied by the square.
        TVector square = size * size, lost = TVector.MultiplyAdd(size, size, -square);
        exponential = Exp<T, TVector>(square * half);
        exponential = TVector.MultiplyAdd(exponential, lost * half, exponential);
        TVector tail = exponential * NormalTail<T, TVector>(size);
        return TVector.WhereLess(x, TVector.Constant(0), tail, one - tail);
    }

    /// <summary>In float, the error function, to 2.5 units: a polynomial up to 1, beyond it from the tail of the normal.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Erf<T, TVector>(TVector x)
        where T : unmanaged
        where TVector : unmanaged, ISimd<TVector, T>
    {
        // 1 - erf(z) = 2(1 - Φ(√2 z))
        TVector size = TVector.Min(TVector.Constant(MostNormal / Math.Sqrt(2)), TVector.Abs(x)), square = size * size, one = TVector.Constant(1);
        TVector p = TVector.MultiplyAdd(square, TVector.Constant(7.87587506e-5), TVector.Constant(-0.000801686429));
        p = TVector.MultiplyAdd(p, square, TVector.Constant(0.00518908742));
        p = TVector.MultiplyAdd(p, square, TVector.Constant(-0.026854212));
        p = TVector.MultiplyAdd(p, square, TVector.Constant(0.112835947));
        p = TVector.MultiplyAdd(p, square, TVector.Constant(-0.376126267));
        p = TVector.MultiplyAdd(p, square, TVector.Constant(1.12837917));
        TVector tail = Exp<T, TVector>(-square) * NormalTail<T, TVector>(size * TVector.Constant(Math.Sqrt(2)));
        return TVector.CopySign(TVector.WhereLess(size, one, size * p, one - (tail + tail)), x);
    }

    // (1 - Φ(a))·e^(a²/2) for a from 0 to 14.5, beyond which the tail is 0 in float. It is smooth, and times 1 + a it is
    // a polynomial in (a - 3.5) / (a + 3.5) through Chebyshev points (relative error 2e-8).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector NormalTail<T, TVector>(TVector a)
        where T : unmanaged
        where TVector : unmanaged, ISimd<TVector, T>
    {
        TVector centre = TVector.Constant(3.5), one = TVector.Constant(1);
        // One division for both quotients.
        TVector over = a + centre, above = a + one, inverse = one / (over * above), t = (a - centre) * above * inverse;
        TVector p = TVector.MultiplyAdd(t, TVector.Constant(0.000151285497), TVector.Constant(0.000102016833));
        p = TVector.MultiplyAdd(p, t, TVector.Constant(-0.00138847469));
        p = TVector.MultiplyAdd(p, t, TVector.Constant(0.000288810642));
        p = TVector.MultiplyAdd(p, t, TVector.Constant(0.0103705439));
        p = TVector.MultiplyAdd(p, t, TVector.Constant(-0.0302617334));
        p = TVector.MultiplyAdd(p, t, TVector.Constant(0.038048807));
        p = TVector.MultiplyAdd(p, t, TVector.Constant(0.000787255046));
        p = TVector.MultiplyAdd(p, t, TVector.Constant(-0.0977126165));
        p = TVector.MultiplyAdd(p, t, TVector.Constant(0.478553187));
        return p * over * inverse;
    }

    // x = n·ln 2 + r with |r| <= ln 2 / 2; the logarithm in two parts, of which the first times n is exact. eʳ - 1 is a
    // polynomial through Chebyshev points in float (relative error 2e-8), the Taylor polynomial in double.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector ReducedExpLess1<T, TVector>(TVector x, out TVector n)
        where T : unmanaged
        where TVector : unmanaged, ISimd<TVector, T>
    {
        n = Round<T, TVector>(x * TVector.Constant(1.4426950408889634));
        TVector r, p;
        if (IsFloat<T>())
        {
            r = TVector.MultiplyAdd(n, TVector.Constant(-0.693359375), x);
            r = TVector.MultiplyAdd(n, TVector.Constant(2.12194440054690583e-4), r);
            p = TVector.MultiplyAdd(r, TVector.Constant(0.00139262135), TVector.Constant(0.00836320297));
            p = TVector.MultiplyAdd(p, r, TVector.Constant(0.0416665544));
            p = TVector.MultiplyAdd(p, r, TVector.Constant(0.166665768));
        }
        else
        {
            r = TVector.MultiplyAdd(n, TVector.Constant(-0.69314718036912382), x);
            r = TVector.MultiplyAdd(n, TVector.Constant(-1.9082149292705877e-10), r);
            p = TVector.MultiplyAdd(r, TVector.Constant(1.0 / 6227020800), TVector.Constant(1.0 / 479001600));
            p = TVector.MultiplyAdd(p, r, TVector.Constant(1.0 / 39916800));
            p = TVector.MultiplyAdd(p, r, TVector.Constant(1.0 / 3628800));
            p = TVector.MultiplyAdd(p, r, TVector.Constant(1.0 / 362880));
            p = TVector.MultiplyAdd(p, r, TVector.Constant(1.0 / 40320));
            p = TVector.MultiplyAdd(p, r, TVector.Constant(1.0 / 5040));
            p = TVector.MultiplyAdd(p, r, TVector.Constant(1.0 / 720));
            p = TVector.MultiplyAdd(p, r, TVector.Constant(1.0 / 120));
            p = TVector.MultiplyAdd(p, r, TVector.Constant(1.0 / 24));
            p = TVector.MultiplyAdd(p, r, TVector.Constant(1.0 / 6));
        }

        p = TVector.MultiplyAdd(p, r, TVector.Constant(0.5));
        return TVector.MultiplyAdd(p, r * r, r);
    }

    // The sum with so large a number has no bits left for a fraction.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Round<T, TVector>(TVector x)
        where T : unmanaged
        where TVector : unmanaged, ISimd<TVector, T>
    {
        TVector shift = TVector.Constant(IsFloat<T>() ? 12582912 : 6755399441055744);
        return x + shift - shift;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsFloat<T>()
        where T : unmanaged
        => typeof(T) == typeof(float);
}

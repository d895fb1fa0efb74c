using System.Runtime.CompilerServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// Runs of <see cref="Philox.Normal"/> in Float32, several at a time: the same bits. The logarithm and the cosine are
/// polynomials in double that are off by far less than a Float32 can hold, and a number so close to the middle between two
/// of these that it could fall to either is made one by one.
/// </summary>
internal static unsafe class NormalNumbers
{
    // More than the error of the polynomials, of the library's functions and of the angle together, as a share of the radius.
    private const double Margin = 1e-14;

    // More than the rounding of a sum of two numbers, as a share of it.
    private const double Rounding = 1e-15;

    // Blocks at a time.
    private const int Run = 64;

    /// <summary>y = mean + deviation · the normal number of each block.</summary>
    /// <param name="blocks">[count · 2], the lower half of each block first.</param>
    /// <param name="count">How many.</param>
    /// <param name="mean">The mean.</param>
    /// <param name="deviation">The standard deviation.</param>
    /// <param name="y">[count]</param>
    public static void Fill(ulong* blocks, int count, double mean, double deviation, float* y)
    {
        switch (Processor.Chosen)
        {
            case InstructionSet.Avx512: Fill<Simd512<double>>(blocks, count, mean, deviation, y); break;
            case InstructionSet.Avx2: Fill<Simd256<double>>(blocks, count, mean, deviation, y); break;
            default: Fill<Simd128<double>>(blocks, count, mean, deviation, y); break;
        }
    }

    internal static void Fill<TVector>(ulong* blocks, int count, double mean, double deviation, float* y)
        where TVector : unmanaged, ISimd<TVector, double>
    {
        const double Unit = 1.0 / (1UL << 53);
        double* mantissas = stackalloc double[4 * Run], exponents = mantissas + Run, turns = exponents + Run, radii = turns + Run;
        for (int start = 0; start < count; start += Run, blocks += 2 * Run, y += Run)
        {
            int length = Math.Min(Run, count - start);
            for (int i = 0; i < length; i++)
            {
                Split((double)((long)(blocks[2 * i] >> 11) + 1) * Unit, out mantissas[i], out exponents[i]);
                turns[i] = (long)(blocks[2 * i + 1] >> 11) * Unit;
            }
            new Span<double>(mantissas + length, Run - length).Fill(1);
            Approximate<TVector>(mantissas, exponents, turns, radii);
            for (int i = 0; i < length; i++)
            {
                double x = mean + deviation * mantissas[i], margin = Margin * deviation * radii[i] + Rounding * Math.Abs(x);
                float low = (float)(x - margin), high = (float)(x + margin);
                y[i] = low == high ? low : (float)(mean + deviation * Philox.Normal(blocks[2 * i], blocks[2 * i + 1]));
            }
        }
    }

    // x = mantissa · 2^exponent with a mantissa from √½ to √2, for normal numbers.
    private static void Split(double x, out double mantissa, out double exponent)
    {
        const long RootOfHalf = 0x3FE6A09E667F3BCD, Fraction = (1L << 52) - 1;
        long bits = BitConverter.DoubleToInt64Bits(x) - RootOfHalf;
        exponent = bits >> 52;
        mantissa = BitConverter.Int64BitsToDouble((bits & Fraction) + RootOfHalf);
    }

    // With u = mantissa · 2^exponent and the angle in turns: radius = √(-2 ln u), normal = radius · cos(2π·turn).
    // The normal numbers take the place of the mantissas.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Approximate<TVector>(double* mantissas, double* exponents, double* turns, double* radii)
        where TVector : unmanaged, ISimd<TVector, double>
    {
        for (int i = 0; i < Run; i += TVector.Count)
        {
            TVector logarithm = TVector.MultiplyAdd(TVector.Load(exponents + i), TVector.Constant(Math.Log(2)), LogarithmOfMantissa(TVector.Load(mantissas + i)));
            TVector radius = TVector.SquareRoot(logarithm * TVector.Constant(-2));
            // cos 2πt = sin 2πw with w = |t - 1/2| - 1/4, which is exact and from -1/4 to 1/4.
            TVector quarter = TVector.Abs(TVector.Load(turns + i) - TVector.Constant(0.5)) - TVector.Constant(0.25);
            TVector.Store(radius, radii + i);
            TVector.Store(radius * Sine(quarter * TVector.Constant(2 * Math.PI)), mantissas + i);
        }
    }

    // ln m = 2·artanh s with s = (m - 1)/(m + 1), |s| < 0.172: the series up to s²¹.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector LogarithmOfMantissa<TVector>(TVector m)
        where TVector : unmanaged, ISimd<TVector, double>
    {
        TVector one = TVector.Constant(1), s = (m - one) / (m + one), z = s * s;
        TVector p = TVector.MultiplyAdd(z, TVector.Constant(2.0 / 21), TVector.Constant(2.0 / 19));
        p = TVector.MultiplyAdd(p, z, TVector.Constant(2.0 / 17));
        p = TVector.MultiplyAdd(p, z, TVector.Constant(2.0 / 15));
        p = TVector.MultiplyAdd(p, z, TVector.Constant(2.0 / 13));
        p = TVector.MultiplyAdd(p, z, TVector.Constant(2.0 / 11));
        p = TVector.MultiplyAdd(p, z, TVector.Constant(2.0 / 9));
        p = TVector.MultiplyAdd(p, z, TVector.Constant(2.0 / 7));
        p = TVector.MultiplyAdd(p, z, TVector.Constant(2.0 / 5));
        p = TVector.MultiplyAdd(p, z, TVector.Constant(2.0 / 3));
        p = TVector.MultiplyAdd(p, z, TVector.Constant(2));
        return p * s;
    }

    // The series of the sine up to x²³, for |x| up to π/2.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Sine<TVector>(TVector x)
        where TVector : unmanaged, ISimd<TVector, double>
    {
        TVector z = x * x;
        TVector p = TVector.MultiplyAdd(z, TVector.Constant(-1 / 25852016738884976640000.0), TVector.Constant(1 / 51090942171709440000.0));
        p = TVector.MultiplyAdd(p, z, TVector.Constant(-1 / 121645100408832000.0));
        p = TVector.MultiplyAdd(p, z, TVector.Constant(1 / 355687428096000.0));
        p = TVector.MultiplyAdd(p, z, TVector.Constant(-1 / 1307674368000.0));
        p = TVector.MultiplyAdd(p, z, TVector.Constant(1 / 6227020800.0));
        p = TVector.MultiplyAdd(p, z, TVector.Constant(-1 / 39916800.0));
        p = TVector.MultiplyAdd(p, z, TVector.Constant(1 / 362880.0));
        p = TVector.MultiplyAdd(p, z, TVector.Constant(-1 / 5040.0));
        p = TVector.MultiplyAdd(p, z, TVector.Constant(1 / 120.0));
        p = TVector.MultiplyAdd(p, z, TVector.Constant(-1 / 6.0));
        p = TVector.MultiplyAdd(p, z, TVector.Constant(1));
        return p * x;
    }
}

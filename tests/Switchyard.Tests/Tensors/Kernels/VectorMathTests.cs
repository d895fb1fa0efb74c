using Switchyard.Tensors.Kernels;

namespace Switchyard.Tests.Tensors.Kernels;

/// <summary>The functions of registers at every width, those that this processor lacks in software.</summary>
public sealed unsafe class VectorMathTests
{
    public static TheoryData<string, double> Functions => new()
    {
        { nameof(Exp), 1.1 },
        { nameof(Sigmoid), 2.5 },
        { nameof(Tanh), 2.5 },
        { nameof(Erf), 2.5 },
        { nameof(Normal), 5 },
    };

    [Theory]
    [MemberData(nameof(Functions))]
    public void The_error_in_float_stays_within_its_bound_for_all_numbers(string function, double bound)
    {
        // Every sign and exponent, the numbers below the normal ones, infinities and NaN.
        float[] x = [.. Enumerable.Range(0, 1 << 20).Select(i => BitConverter.UInt32BitsToSingle((uint)i * 4099u)), 0, -0f, 1, -1, float.PositiveInfinity, float.NegativeInfinity, float.NaN];
        foreach (float[] y in Widths(function, x))
        {
            for (int i = 0; i < x.Length; i++)
            {
                double expected = Reference(function, x[i]);
                Assert.True(Units(expected, y[i]) <= bound, $"{function}({x[i]:r}) is {expected:r}, not {y[i]:r}: {Units(expected, y[i])} units");
            }
        }
    }

    [Theory]
    [InlineData(nameof(Exp))]
    [InlineData(nameof(Sigmoid))]
    [InlineData(nameof(Tanh))]
    public void The_error_in_double_is_a_few_units(string function)
    {
        double[] x = [.. Enumerable.Range(-75_000, 150_000).Select(i => i * 0.01003), 0, double.PositiveInfinity, double.NegativeInfinity, double.NaN];
        foreach (double[] y in Widths(function, x))
        {
            for (int i = 0; i < x.Length; i++)
            {
                double expected = Reference(function, x[i]);
                // Below the normal numbers one unit is the smallest number.
                double tolerance = Math.Max(1e-15 * Math.Abs(expected), 2 * double.Epsilon);
                Assert.True(expected.Equals(y[i]) || Math.Abs(y[i] - expected) <= tolerance, $"{function}({x[i]:r}) is {expected:r}, not {y[i]:r}");
            }
        }
    }

    [Fact]
    public void Loads_and_stores_stop_at_the_end_of_a_row()
    {
        StopAtTheEnd<float, Simd128<float>>(static i => i + 1);
        StopAtTheEnd<float, Simd256<float>>(static i => i + 1);
        StopAtTheEnd<float, Simd512<float>>(static i => i + 1);
        StopAtTheEnd<double, Simd128<double>>(static i => i + 1);
        StopAtTheEnd<double, Simd256<double>>(static i => i + 1);
        StopAtTheEnd<double, Simd512<double>>(static i => i + 1);
    }

    [Fact]
    public void Reductions_of_a_row_are_those_of_a_plain_loop()
    {
        foreach (int width in (int[])[0, 1, 3, 7, 8, 15, 16, 31, 64, 65, 127, 300])
        {
            Reduce<double, Simd128<double>>(width);
            Reduce<double, Simd256<double>>(width);
            Reduce<double, Simd512<double>>(width);
        }
    }

    [Theory]
    [InlineData(float.NaN, float.NegativeInfinity)]
    [InlineData(float.NaN, float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity, float.NaN)]
    public void No_infinity_hides_a_NaN(float first, float others)
    {
        float[] row = [first, .. Enumerable.Repeat(others, 40)];
        fixed (float* x = row)
        {
            Assert.True(float.IsNaN(RowReduction.Largest<float, Simd128<float>>(x, row.Length)));
            Assert.True(float.IsNaN(RowReduction.Largest<float, Simd256<float>>(x, row.Length)));
        }
    }

    // The first elements, from whose mean differences are taken, lie as far off as they can.
    [Fact]
    public void The_variance_does_not_cancel()
    {
        float[] row = [.. Enumerable.Repeat(1000f, 32), .. Enumerable.Range(0, 4064).Select(i => (float)Math.Sin(i))];
        double mean = row.Average(x => (double)x), variance = row.Average(x => (x - mean) * (x - mean));
        fixed (float* x = row)
        {
            float ourVariance = RowReduction.Variance<float, Simd256<float>>(x, row.Length, out float ours);
            Assert.Equal(1, ours / mean, 1e-5);
            Assert.Equal(1, ourVariance / variance, 1e-4);
        }
        Array.Fill(row, 1234.567f);
        fixed (float* x = row)
        {
            Assert.Equal(0, RowReduction.Variance<float, Simd256<float>>(x, row.Length, out float ours));
            Assert.Equal(1234.567f, ours);
        }
    }

    private static void Reduce<T, TVector>(int width)
        where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
        where TVector : unmanaged, ISimd<TVector, T>
    {
        T[] a = [.. Enumerable.Range(0, width).Select(i => T.CreateChecked(Math.Sin(i)))], b = [.. Enumerable.Range(0, width).Select(i => T.CreateChecked(Math.Cos(3 * i)))];
        double sum = 0, dot = 0, squares = 0, largest = double.NegativeInfinity;
        for (int i = 0; i < width; i++)
        {
            double x = double.CreateChecked(a[i]), y = double.CreateChecked(b[i]);
            sum += x;
            dot += x * y;
            squares += x * x;
            largest = Math.Max(largest, x);
        }
        fixed (T* x = a, y = b)
        {
            Assert.Equal(sum, double.CreateChecked(RowReduction.Sum<T, TVector>(x, width)), 1e-12);
            Assert.Equal(dot, double.CreateChecked(RowReduction.Dot<T, TVector>(x, y, width)), 1e-12);
            if (width > 0)
            {
                T variance = RowReduction.Variance<T, TVector>(x, width, out T mean);
                Assert.Equal(sum / width, double.CreateChecked(mean), 1e-12);
                Assert.Equal(squares / width - sum / width * (sum / width), double.CreateChecked(variance), 1e-12);
            }
            Assert.Equal(largest, double.CreateChecked(RowReduction.Largest<T, TVector>(x, width)));
        }
    }

    private static void StopAtTheEnd<T, TVector>(Func<int, T> number)
        where T : unmanaged, System.Numerics.INumber<T>
        where TVector : unmanaged, ISimd<TVector, T>
    {
        T[] row = [.. Enumerable.Range(0, 2 * TVector.Count).Select(number)];
        for (int count = 0; count <= TVector.Count; count++)
        {
            T[] copy = new T[row.Length], whole = new T[TVector.Count];
            fixed (T* from = row, to = copy, all = whole)
            {
                TVector loaded = TVector.Load(from, count, number(-3));
                TVector.Store(loaded, to, count);
                TVector.Store(loaded, all);
            }
            Assert.Equal(row.Take(count), copy.Take(count));
            Assert.All(copy.Skip(count), x => Assert.Equal(T.Zero, x));
            Assert.All(whole.Skip(count), x => Assert.Equal(number(-3), x));
        }
    }

    private static T[][] Widths<T>(string function, T[] x)
        where T : unmanaged
        => function switch
        {
            nameof(Exp) => Widths<Exp, T>(x),
            nameof(Sigmoid) => Widths<Sigmoid, T>(x),
            nameof(Tanh) => Widths<Tanh, T>(x),
            nameof(Erf) => Widths<Erf, T>(x),
            _ => Widths<Normal, T>(x),
        };

    private static T[][] Widths<TFunction, T>(T[] x)
        where TFunction : struct, IVectorFunction
        where T : unmanaged
    {
        T[] narrow = new T[x.Length], middle = new T[x.Length], wide = new T[x.Length];
        fixed (T* from = x, to128 = narrow, to256 = middle, to512 = wide)
        {
            Vectorised<TFunction>.Apply<T, Simd128<T>>(from, to128, x.Length);
            Vectorised<TFunction>.Apply<T, Simd256<T>>(from, to256, x.Length);
            Vectorised<TFunction>.Apply<T, Simd512<T>>(from, to512, x.Length);
        }
        return [narrow, middle, wide];
    }

    private static double Reference(string function, double x) => function switch
    {
        nameof(Exp) => Math.Exp(x),
        nameof(Sigmoid) => x < 0 ? Math.Exp(x) / (1 + Math.Exp(x)) : 1 / (1 + Math.Exp(-x)),
        nameof(Tanh) => Math.Tanh(x),
        nameof(Erf) => Math.Abs(x) < 1 ? SmallErf(x) : Math.CopySign(1 - 2 * Tail(Math.Abs(x) * Math.Sqrt(2)), x),
        _ => x < 0 ? Tail(-x) : 1 - Tail(x),
    };

    // 1 - Φ(a): for large a by the continued fraction of Mills' ratio, 1/(a + 1/(a + 2/(a + 3/...))).
    private static double Tail(double a)
    {
        if (double.IsNaN(a) || a > 40) return double.IsNaN(a) ? a : 0;
        if (a < 1.5) return 0.5 - SmallErf(a / Math.Sqrt(2)) / 2;
        double fraction = a;
        for (int n = 400; n > 0; n--) fraction = a + n / fraction;
        return Math.Exp(-a * a / 2) / Math.Sqrt(2 * Math.PI) / fraction;
    }

    // The Taylor series: alternating, so only for small numbers.
    private static double SmallErf(double x)
    {
        double power = x, sum = x;
        for (int n = 1; n < 60; n++)
        {
            power *= -x * x / n;
            sum += power / (2 * n + 1);
        }
        return 2 / Math.Sqrt(Math.PI) * sum;
    }

    private static double Units(double expected, float actual)
    {
        if (double.IsNaN(expected) || float.IsNaN(actual)) return double.IsNaN(expected) && float.IsNaN(actual) ? 0 : double.PositiveInfinity;
        if (float.IsInfinity((float)expected) || float.IsInfinity(actual)) return (float)expected == actual ? 0 : double.PositiveInfinity;
        double unit = Math.Max(MathF.BitIncrement(MathF.Abs((float)expected)) - (double)MathF.Abs((float)expected), float.Epsilon);
        return Math.Abs(actual - expected) / unit;
    }

    private readonly struct Exp : IVectorFunction
    {
        public static TVector Of<T, TVector>(TVector x) where T : unmanaged where TVector : unmanaged, ISimd<TVector, T> => VectorMath.Exp<T, TVector>(x);
    }

    private readonly struct Sigmoid : IVectorFunction
    {
        public static TVector Of<T, TVector>(TVector x) where T : unmanaged where TVector : unmanaged, ISimd<TVector, T> => VectorMath.Sigmoid<T, TVector>(x);
    }

    private readonly struct Tanh : IVectorFunction
    {
        public static TVector Of<T, TVector>(TVector x) where T : unmanaged where TVector : unmanaged, ISimd<TVector, T> => VectorMath.Tanh<T, TVector>(x);
    }

    private readonly struct Erf : IVectorFunction
    {
        public static TVector Of<T, TVector>(TVector x) where T : unmanaged where TVector : unmanaged, ISimd<TVector, T> => VectorMath.Erf<T, TVector>(x);
    }

    private readonly struct Normal : IVectorFunction
    {
        public static TVector Of<T, TVector>(TVector x) where T : unmanaged where TVector : unmanaged, ISimd<TVector, T> => VectorMath.Normal<T, TVector>(x, out _);
    }
}

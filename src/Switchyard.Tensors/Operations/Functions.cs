using System.Numerics;
using System.Numerics.Tensors;
using Switchyard.Tensors.Autograd;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

public sealed partial class Tensor
{
    /// <summary>|x|. The derivative at 0 is 0.</summary>
    public Tensor Abs() => Map<Absolute>().WithGradient(this, (dy, to) => to.Add(this, dy * Sign()), Saved.Operands);

    /// <summary>-1, 0 or 1: the sign of x. No gradient flows through it.</summary>
    public Tensor Sign() => Map<Each<SignFunction>>();

    /// <summary>x².</summary>
    public Tensor Square() => Map<Squared>().WithGradient(this, (dy, to) => to.Add(this, dy * this * 2), Saved.Operands);

    /// <summary>√x.</summary>
    public Tensor Sqrt()
    {
        Tensor y = Map<SquareRoot>();
        return y.WithGradient(this, (dy, to) => to.Add(this, dy / (y * 2)), Saved.Result);
    }

    /// <summary>1/√x.</summary>
    public Tensor ReciprocalSqrt()
    {
        Tensor y = Map<ReciprocalRoot>();
        return y.WithGradient(this, (dy, to) => to.Add(this, dy * y.Square() * y * -0.5), Saved.Result);
    }

    /// <summary>1/x.</summary>
    public Tensor Reciprocal()
    {
        Tensor y = Map<Inverse>();
        return y.WithGradient(this, (dy, to) => to.Add(this, -dy * y.Square()), Saved.Result);
    }

    /// <summary>eˣ.</summary>
    public Tensor Exp()
    {
        Tensor y = Map<Vectorised<Exponential>>();
        return y.WithGradient(this, (dy, to) => to.Add(this, dy * y), Saved.Result);
    }

    /// <summary>eˣ - 1, accurate near 0.</summary>
    public Tensor ExpM1() => Map<Each<ExponentialLess1>>().WithGradient(this, (dy, to) => to.Add(this, dy * Exp()), Saved.Operands);

    /// <summary>The natural logarithm of x.</summary>
    public Tensor Log() => Map<Logarithm>().WithGradient(this, (dy, to) => to.Add(this, dy / this), Saved.Operands);

    /// <summary>The natural logarithm of 1 + x, accurate near 0.</summary>
    public Tensor Log1P() => Map<Each<LogarithmOf1Plus>>().WithGradient(this, (dy, to) => to.Add(this, dy / (this + 1)), Saved.Operands);

    /// <summary>The sine of x in radians.</summary>
    public Tensor Sin() => Map<Sine>().WithGradient(this, (dy, to) => to.Add(this, dy * Cos()), Saved.Operands);

    /// <summary>The cosine of x in radians.</summary>
    public Tensor Cos() => Map<Cosine>().WithGradient(this, (dy, to) => to.Add(this, -dy * Sin()), Saved.Operands);

    /// <summary>The hyperbolic tangent of x.</summary>
    public Tensor Tanh()
    {
        Tensor y = Map<Vectorised<HyperbolicTangent>>();
        return y.WithGradient(this, (dy, to) => to.Add(this, dy * (1 - y.Square())), Saved.Result);
    }

    /// <summary>The error function, 2/√π times the integral of e^(-t²) from 0 to x, to full precision.</summary>
    public Tensor Erf()
        => Map<VectorisedInFloat<Error>>().WithGradient(this, (dy, to) => to.Add(this, dy * (-Square()).Exp() * (2 / Math.Sqrt(Math.PI))), Saved.Operands);

    /// <summary>x to a constant power; NaN for a negative x and a power that is not whole.</summary>
    public Tensor Power(double exponent)
        => Combine<Raised>(this, exponent).WithGradient(this, (dy, to) =>
        {
            // The derivative of a constant is 0, also where x⁻¹ is infinite.
            if (exponent != 0) to.Add(this, dy * Power(exponent - 1) * exponent);
        }, Saved.Operands);

    private Tensor Map<TFunction>()
        where TFunction : struct, IUnaryFunction
    {
        CheckComputed(this);
        Tensor y = Empty(Shape, Type);
        Elementwise.Unary<TFunction>(this, y);
        return y;
    }

    private readonly struct Absolute : IUnaryFunction
    {
        public static void Apply<T>(ReadOnlySpan<T> x, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Abs(x, y);
    }

    private readonly struct SignFunction : INumberFunction
    {
        public static double Of(double x) => double.IsNaN(x) ? x : Math.Sign(x);
    }

    private readonly struct Squared : IUnaryFunction
    {
        public static void Apply<T>(ReadOnlySpan<T> x, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Multiply(x, x, y);
    }

    private readonly struct SquareRoot : IUnaryFunction
    {
        public static void Apply<T>(ReadOnlySpan<T> x, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Sqrt(x, y);
    }

    private readonly struct ReciprocalRoot : IUnaryFunction
    {
        public static void Apply<T>(ReadOnlySpan<T> x, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.ReciprocalSqrt(x, y);
    }

    private readonly struct Inverse : IUnaryFunction
    {
        public static void Apply<T>(ReadOnlySpan<T> x, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Reciprocal(x, y);
    }

    private readonly struct Exponential : IVectorFunction
    {
        public static TVector Of<T, TVector>(TVector x) where T : unmanaged where TVector : unmanaged, ISimd<TVector, T> => VectorMath.Exp<T, TVector>(x);
    }

    // eˣ - 1 = (u - 1)·x / ln u for u = eˣ as rounded: the errors of both factors near 0 cancel (Kahan).
    private readonly struct ExponentialLess1 : INumberFunction
    {
        public static double Of(double x)
        {
            double u = Math.Exp(x);
            return u == 1 ? x : u is < 0.5 or > 2 ? u - 1 : (u - 1) * (x / Math.Log(u));
        }
    }

    private readonly struct Logarithm : IUnaryFunction
    {
        public static void Apply<T>(ReadOnlySpan<T> x, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Log(x, y);
    }

    private readonly struct LogarithmOf1Plus : INumberFunction
    {
        public static double Of(double x) => Log1P(x);
    }

    private readonly struct Sine : IUnaryFunction
    {
        public static void Apply<T>(ReadOnlySpan<T> x, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Sin(x, y);
    }

    private readonly struct Cosine : IUnaryFunction
    {
        public static void Apply<T>(ReadOnlySpan<T> x, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Cos(x, y);
    }

    private readonly struct HyperbolicTangent : IVectorFunction
    {
        public static TVector Of<T, TVector>(TVector x) where T : unmanaged where TVector : unmanaged, ISimd<TVector, T> => VectorMath.Tanh<T, TVector>(x);
    }

    private readonly struct Error : IVectorFunction, INumberFunction
    {
        public static TVector Of<T, TVector>(TVector x) where T : unmanaged where TVector : unmanaged, ISimd<TVector, T> => VectorMath.Erf<T, TVector>(x);

        public static double Of(double x) => ErrorFunction.Of(x);
    }

    // In double precision also for floats: the fast vector power is only for positive numbers.
    private readonly struct Raised : IBinaryFunction
    {
        public static void Apply<T>(ReadOnlySpan<T> a, T b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>
        {
            double exponent = double.CreateTruncating(b);
            for (int i = 0; i < a.Length; i++) y[i] = T.CreateTruncating(Math.Pow(double.CreateTruncating(a[i]), exponent));
        }

        public static void Apply<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => throw new NotSupportedException();

        public static void Apply<T>(T a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => throw new NotSupportedException();
    }

    // ln(1 + x) = ln u · x / (u - 1) for u = 1 + x as rounded: the rounding of u cancels (Kahan).
    private static double Log1P(double x)
    {
        double u = 1 + x;
        return u == 1 ? x : double.IsPositiveInfinity(u) || u <= 0 ? Math.Log(u) : Math.Log(u) * (x / (u - 1));
    }
}

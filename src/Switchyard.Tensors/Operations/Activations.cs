using System.Numerics;
using System.Numerics.Tensors;
using Switchyard.Tensors.Autograd;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

public sealed partial class Tensor
{
    /// <summary>1/(1 + e^(-x)).</summary>
    public Tensor Sigmoid()
    {
        Tensor y = Map<Vectorised<Logistic>>();
        return y.WithGradient(this, (dy, to) => to.Add(this, dy * y * (1 - y)), Saved.Result);
    }

    /// <summary>ln(1/(1 + e^(-x))), without overflow.</summary>
    public Tensor LogSigmoid() => -(-this).Softplus();

    /// <summary>ln(1 + e^(βx))/β, without overflow.</summary>
    public Tensor Softplus(double beta) => (this * beta).Softplus() / beta;

    /// <summary>ln(1 + eˣ), without overflow.</summary>
    public Tensor Softplus() => Map<Each<SoftplusFunction>>().WithGradient(this, (dy, to) => to.Add(this, dy * Sigmoid()), Saved.Operands);

    /// <summary>x / (1 + e^(-x)) (Elfwing et al. 2018; "swish").</summary>
    public Tensor Silu()
        => Map<Vectorised<SiluFunction>>().WithGradient(this, (dy, to) =>
        {
            if (to.CreateGraph) to.Through(this * Sigmoid());
            else to.Add(this, dy * Map<Vectorised<SiluSlope>>());
        }, Saved.Operands);

    /// <summary>x·Φ(x), Φ being the distribution function of the standard normal (Hendrycks and Gimpel 2016).</summary>
    public Tensor Gelu()
        => Map<VectorisedInFloat<GeluFunction>>().WithGradient(this, (dy, to) =>
        {
            if (to.CreateGraph) to.Through(this * NormalDistribution());
            else to.Add(this, dy * Map<VectorisedInFloat<GeluSlope>>());
        }, Saved.Operands);

    /// <summary><see cref="Gelu"/> by its approximation x/2·(1 + tanh(√(2/π)(x + 0.044715x³))).</summary>
    public Tensor GeluTanh()
    {
        // (1 + tanh u)/2 is the sigmoid of 2u, whose gradient does not cancel where tanh is near -1.
        Tensor twice = (this + Square() * this * 0.044715) * (2 * Math.Sqrt(2 / Math.PI));
        return this * twice.Sigmoid();
    }

    /// <summary>max(x, 0). The derivative at 0 is 0.</summary>
    public Tensor Relu() => Map<Rectified>().WithGradient(this, (dy, to) => to.Add(this, dy.WherePositive(this)), Saved.Operands);

    /// <summary>x where positive, else <paramref name="slope"/>·x. The derivative at 0 is the slope.</summary>
    public Tensor LeakyRelu(double slope = 0.01) => Relu() + Clamp(null, 0) * slope;

    /// <summary>x where positive, else <paramref name="alpha"/>·(eˣ - 1). The derivative at 0 is alpha.</summary>
    public Tensor Elu(double alpha = 1) => Relu() + Clamp(null, 0).ExpM1() * alpha;

    private Tensor NormalDistribution()
        => Map<VectorisedInFloat<NormalDistributionFunction>>().WithGradient(this, (dy, to) => to.Add(this, dy * NormalDensity()), Saved.Operands);

    private Tensor NormalDensity() => (Square() * -0.5).Exp() * (1 / Math.Sqrt(2 * Math.PI));

    /// <summary>This where <paramref name="x"/> is positive, else 0. No gradient flows to <paramref name="x"/>.</summary>
    private Tensor WherePositive(Tensor x)
        => Combine<PassWherePositive>(this, x).WithGradient(this, (dy, to) => to.Add(this, dy.WherePositive(x)), Saved.Nothing);

    private readonly struct Logistic : IVectorFunction
    {
        public static TVector Of<T, TVector>(TVector x) where T : unmanaged where TVector : unmanaged, ISimd<TVector, T> => VectorMath.Sigmoid<T, TVector>(x);
    }

    private readonly struct SiluFunction : IVectorFunction
    {
        public static TVector Of<T, TVector>(TVector x) where T : unmanaged where TVector : unmanaged, ISimd<TVector, T> => x * VectorMath.Sigmoid<T, TVector>(x);
    }

    private readonly struct SiluSlope : IVectorFunction
    {
        public static TVector Of<T, TVector>(TVector x) where T : unmanaged where TVector : unmanaged, ISimd<TVector, T>
        {
            TVector sigmoid = VectorMath.Sigmoid<T, TVector>(x), one = TVector.Constant(1);
            return sigmoid * TVector.MultiplyAdd(x, one - sigmoid, one);
        }
    }

    private readonly struct SoftplusFunction : INumberFunction
    {
        public static double Of(double x) => Math.Max(x, 0) + Log1P(Math.Exp(-Math.Abs(x)));
    }

    private readonly struct NormalDistributionFunction : IVectorFunction, INumberFunction
    {
        public static TVector Of<T, TVector>(TVector x) where T : unmanaged where TVector : unmanaged, ISimd<TVector, T> => VectorMath.Normal<T, TVector>(x, out _);

        public static double Of(double x) => 0.5 * (1 + ErrorFunction.Of(x * (1 / Math.Sqrt(2))));
    }

    private readonly struct GeluFunction : IVectorFunction, INumberFunction
    {
        public static TVector Of<T, TVector>(TVector x) where T : unmanaged where TVector : unmanaged, ISimd<TVector, T> => x * VectorMath.Normal<T, TVector>(x, out _);

        public static double Of(double x) => x * NormalDistributionFunction.Of(x);
    }

    private readonly struct GeluSlope : IVectorFunction, INumberFunction
    {
        private const double Density = 0.39894228040143268; // 1/√(2π)

        public static TVector Of<T, TVector>(TVector x) where T : unmanaged where TVector : unmanaged, ISimd<TVector, T>
        {
            TVector distribution = VectorMath.Normal<T, TVector>(x, out TVector exponential);
            return TVector.MultiplyAdd(x * exponential, TVector.Constant(Density), distribution);
        }

        public static double Of(double x) => NormalDistributionFunction.Of(x) + x * Math.Exp(-x * x / 2) * Density;
    }

    private readonly struct Rectified : IUnaryFunction
    {
        public static void Apply<T>(ReadOnlySpan<T> x, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Max(x, T.Zero, y);
    }

    private readonly struct PassWherePositive : IBinaryFunction
    {
        public static void Apply<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>
        {
            for (int i = 0; i < y.Length; i++) y[i] = b[i] > T.Zero ? a[i] : T.Zero;
        }

        public static void Apply<T>(ReadOnlySpan<T> a, T b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>
        {
            for (int i = 0; i < y.Length; i++) y[i] = b > T.Zero ? a[i] : T.Zero;
        }

        public static void Apply<T>(T a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T>
        {
            for (int i = 0; i < y.Length; i++) y[i] = b[i] > T.Zero ? a : T.Zero;
        }
    }
}

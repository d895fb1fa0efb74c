using System.Numerics;

namespace Switchyard.Tensors.Kernels;

/// <summary>A function of one number that is computed in double precision for every element type.</summary>
internal interface INumberFunction
{
    static abstract double Of(double x);
}

/// <summary>A relation between two numbers.</summary>
internal interface IRelation
{
    static abstract bool Holds<T>(T a, T b)
        where T : unmanaged, IFloatingPointIeee754<T>;
}

/// <summary>Applies a function of one number to each.</summary>
internal readonly struct Each<TFunction> : IUnaryFunction
    where TFunction : struct, INumberFunction
{
    public static void Apply<T>(ReadOnlySpan<T> x, Span<T> y)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (int i = 0; i < x.Length; i++) y[i] = T.CreateTruncating(TFunction.Of(double.CreateTruncating(x[i])));
    }
}

/// <summary>1 where a relation holds and 0 where it does not.</summary>
internal readonly struct Mask<TRelation> : IBinaryFunction
    where TRelation : struct, IRelation
{
    public static void Apply<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (int i = 0; i < y.Length; i++) y[i] = TRelation.Holds(a[i], b[i]) ? T.One : T.Zero;
    }

    public static void Apply<T>(ReadOnlySpan<T> a, T b, Span<T> y)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (int i = 0; i < y.Length; i++) y[i] = TRelation.Holds(a[i], b) ? T.One : T.Zero;
    }

    public static void Apply<T>(T a, ReadOnlySpan<T> b, Span<T> y)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (int i = 0; i < y.Length; i++) y[i] = TRelation.Holds(a, b[i]) ? T.One : T.Zero;
    }
}

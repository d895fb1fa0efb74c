using System.Numerics;
using System.Numerics.Tensors;
using Switchyard.Tensors.Autograd;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

public sealed partial class Tensor
{
    /// <summary>1 where equal to a number and 0 elsewhere, in the type of this tensor.</summary>
    public Tensor IsEqualTo(double number) => Combine<Mask<Equality>>(this, number);

    /// <summary>1 where equal to another tensor and 0 elsewhere, with broadcasting.</summary>
    /// <inheritdoc cref="op_Addition(Tensor, Tensor)"/>
    public Tensor IsEqualTo(Tensor other) => Combine<Mask<Equality>>(this, other);

    /// <summary>1 where greater than a number and 0 elsewhere, in the type of this tensor.</summary>
    public Tensor IsGreaterThan(double number) => Combine<Mask<Superiority>>(this, number);

    /// <summary>1 where greater than another tensor and 0 elsewhere, with broadcasting.</summary>
    /// <inheritdoc cref="op_Addition(Tensor, Tensor)"/>
    public Tensor IsGreaterThan(Tensor other) => Combine<Mask<Superiority>>(this, other);

    /// <summary>1 where less than a number and 0 elsewhere, in the type of this tensor.</summary>
    public Tensor IsLessThan(double number) => Combine<Mask<Inferiority>>(this, number);

    /// <summary>1 where less than another tensor and 0 elsewhere, with broadcasting.</summary>
    /// <inheritdoc cref="op_Addition(Tensor, Tensor)"/>
    public Tensor IsLessThan(Tensor other) => Combine<Mask<Inferiority>>(this, other);

    /// <summary>The larger of two elements, with broadcasting. Where they are equal, each gets half the gradient.</summary>
    /// <inheritdoc cref="op_Addition(Tensor, Tensor)"/>
    public static Tensor Maximum(Tensor a, Tensor b)
        => Combine<Larger>(a, b).WithGradient(a, b, (dy, to) =>
        {
            if (to.Wants(a)) to.Add(a, (dy * ShareOfLarger(a, b)).SumTo(a.Shape));
            if (to.Wants(b)) to.Add(b, (dy * ShareOfLarger(b, a)).SumTo(b.Shape));
        }, Saved.Operands);

    /// <summary>The smaller of two elements, with broadcasting. Where they are equal, each gets half the gradient.</summary>
    /// <inheritdoc cref="op_Addition(Tensor, Tensor)"/>
    public static Tensor Minimum(Tensor a, Tensor b)
        => Combine<Smaller>(a, b).WithGradient(a, b, (dy, to) =>
        {
            if (to.Wants(a)) to.Add(a, (dy * ShareOfLarger(b, a)).SumTo(a.Shape));
            if (to.Wants(b)) to.Add(b, (dy * ShareOfLarger(a, b)).SumTo(b.Shape));
        }, Saved.Operands);

    /// <summary>Elements below <paramref name="least"/> become it, elements above <paramref name="most"/> become that. The derivative at both ends is 1.</summary>
    /// <param name="least">The lower end, or null for none.</param>
    /// <param name="most">The upper end, or null for none.</param>
    /// <exception cref="ArgumentException">The lower end is above the upper one.</exception>
    public Tensor Clamp(double? least, double? most)
    {
        if (least > most) throw new ArgumentException($"cannot clamp between {least} and {most}: the lower end is above the upper one");
        return Combine<Smaller>(Combine<Larger>(this, least ?? double.NegativeInfinity), most ?? double.PositiveInfinity).WithGradient(this, (dy, to) =>
        {
            Tensor passed = dy;
            if (least is { } low) passed = passed.MaskedFill(IsLessThan(low), 0);
            if (most is { } high) passed = passed.MaskedFill(IsGreaterThan(high), 0);
            to.Add(this, passed);
        }, Saved.Operands);
    }

    /// <summary>The element of <paramref name="a"/> where the condition is not zero, else that of <paramref name="b"/>; all three broadcast.</summary>
    /// <param name="condition">Int32, or the type of the others.</param>
    /// <param name="a">Float32 or Float64.</param>
    /// <param name="b">The type of <paramref name="a"/>.</param>
    /// <exception cref="ArgumentException">The element types do not go together, or the shapes do not broadcast.</exception>
    public static Tensor Where(Tensor condition, Tensor a, Tensor b)
    {
        ArgumentNullException.ThrowIfNull(condition);
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        CheckSameType(a, b);
        Shape shape = Shape.Broadcast(condition.Shape, Shape.Broadcast(a.Shape, b.Shape));
        Tensor y = Empty(shape, a.Type);
        using (Gradients.Paused()) Selection.Run(condition.Expand(shape), a.Expand(shape), b.Expand(shape), 0, y);
        return y.WithGradient(a, b, (dy, to) =>
        {
            if (to.Wants(a)) to.Add(a, dy.MaskedKeep(condition).SumTo(a.Shape));
            if (to.Wants(b)) to.Add(b, dy.MaskedFill(condition, 0).SumTo(b.Shape));
        }, Saved.Nothing);
    }

    /// <summary>A number where the mask is not zero, else the element.</summary>
    /// <param name="mask">Int32, or the type of this tensor; it broadcasts to this shape.</param>
    /// <param name="value">The number.</param>
    /// <exception cref="ArgumentException">The mask does not broadcast to this shape, or is of another type.</exception>
    public Tensor MaskedFill(Tensor mask, double value)
    {
        ArgumentNullException.ThrowIfNull(mask);
        CheckComputed(this);
        Tensor y = Empty(Shape, Type);
        Selection.Run(mask.Expand(Shape), null, this, value, y);
        return y.WithGradient(this, (dy, to) => to.Add(this, dy.MaskedFill(mask, 0)), Saved.Nothing);
    }

    /// <summary>The element where the mask is not zero, else 0.</summary>
    private Tensor MaskedKeep(Tensor mask)
    {
        Tensor y = Empty(Shape, Type);
        Selection.Run(mask.Expand(Shape), this, null, 0, y);
        return y.WithGradient(this, (dy, to) => to.Add(this, dy.MaskedKeep(mask)), Saved.Nothing);
    }

    /// <summary>1 where a is larger, 1/2 where they are equal, 0 elsewhere.</summary>
    private static Tensor ShareOfLarger(Tensor a, Tensor b)
    {
        using Gradients.Pause pause = Gradients.Paused();
        Tensor share = a.IsGreaterThan(b);
        using Tensor equal = a.IsEqualTo(b) * 0.5;
        share.AddInPlace(equal);
        return share;
    }

    private readonly struct Equality : IRelation
    {
        public static bool Holds<T>(T a, T b) where T : unmanaged, IFloatingPointIeee754<T> => a == b;
    }

    private readonly struct Superiority : IRelation
    {
        public static bool Holds<T>(T a, T b) where T : unmanaged, IFloatingPointIeee754<T> => a > b;
    }

    private readonly struct Inferiority : IRelation
    {
        public static bool Holds<T>(T a, T b) where T : unmanaged, IFloatingPointIeee754<T> => a < b;
    }

    private readonly struct Larger : IBinaryFunction
    {
        public static void Apply<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Max(a, b, y);

        public static void Apply<T>(ReadOnlySpan<T> a, T b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Max(a, b, y);

        public static void Apply<T>(T a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Max(b, a, y);
    }

    private readonly struct Smaller : IBinaryFunction
    {
        public static void Apply<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Min(a, b, y);

        public static void Apply<T>(ReadOnlySpan<T> a, T b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Min(a, b, y);

        public static void Apply<T>(T a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Min(b, a, y);
    }
}

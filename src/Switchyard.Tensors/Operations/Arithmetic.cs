using System.Numerics;
using System.Numerics.Tensors;
using Switchyard.Tensors.Autograd;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

public sealed partial class Tensor
{
    /// <summary>Adds element by element, with broadcasting.</summary>
    /// <exception cref="ArgumentException">The element types differ, or the shapes do not broadcast.</exception>
    public static Tensor operator +(Tensor a, Tensor b)
        => Combine<Addition>(a, b).WithGradient(a, b, static (dy, to) =>
        {
            if (to.Wants(to.A)) to.Add(to.A, dy.SumTo(to.A.Shape));
            if (to.Wants(to.B)) to.Add(to.B, dy.SumTo(to.B.Shape));
        }, Saved.Nothing);

    /// <summary>Subtracts element by element, with broadcasting.</summary>
    /// <inheritdoc cref="op_Addition(Tensor, Tensor)"/>
    public static Tensor operator -(Tensor a, Tensor b)
        => Combine<Subtraction>(a, b).WithGradient(a, b, static (dy, to) =>
        {
            if (to.Wants(to.A)) to.Add(to.A, dy.SumTo(to.A.Shape));
            if (to.Wants(to.B)) to.Add(to.B, (-dy).SumTo(to.B.Shape));
        }, Saved.Nothing);

    /// <summary>Multiplies element by element, with broadcasting.</summary>
    /// <inheritdoc cref="op_Addition(Tensor, Tensor)"/>
    public static Tensor operator *(Tensor a, Tensor b)
        => Combine<Multiplication>(a, b).WithGradient(a, b, static (dy, to) =>
        {
            if (to.Wants(to.A)) to.Add(to.A, (dy * to.B).SumTo(to.A.Shape));
            if (to.Wants(to.B)) to.Add(to.B, (dy * to.A).SumTo(to.B.Shape));
        }, Saved.Operands);

    /// <summary>Divides element by element, with broadcasting.</summary>
    /// <inheritdoc cref="op_Addition(Tensor, Tensor)"/>
    public static Tensor operator /(Tensor a, Tensor b)
        => Combine<Division>(a, b).WithGradient(a, b, static (dy, to) =>
        {
            Tensor quotient = dy / to.B;
            if (to.Wants(to.B)) to.Add(to.B, -(quotient * to.Result).SumTo(to.B.Shape));
            to.Add(to.A, quotient.SumTo(to.A.Shape));
        });

    /// <summary>Adds a number to every element.</summary>
    public static Tensor operator +(Tensor a, double b)
        => Combine<Addition>(a, b).WithGradient(a, static (dy, to) => to.Add(to.A, dy), Saved.Nothing);

    /// <summary>Subtracts a number from every element.</summary>
    public static Tensor operator -(Tensor a, double b) => a + -b;

    /// <summary>Subtracts every element from a number.</summary>
    public static Tensor operator -(double a, Tensor b) => -b + a;

    /// <summary>Multiplies every element by a number.</summary>
    public static Tensor operator *(Tensor a, double b)
        => Combine<Multiplication>(a, b).WithGradient(a, (dy, to) => to.Add(a, dy * b), Saved.Nothing);

    /// <summary>Multiplies every element by a number.</summary>
    public static Tensor operator *(double a, Tensor b) => b * a;

    /// <summary>Divides every element by a number.</summary>
    public static Tensor operator /(Tensor a, double b)
        => Combine<Division>(a, b).WithGradient(a, (dy, to) => to.Add(a, dy / b), Saved.Nothing);

    /// <summary>Divides a number by every element.</summary>
    public static Tensor operator /(double a, Tensor b) => Full([], a, b.Type) / b;

    /// <summary>Changes the sign of every element.</summary>
    public static Tensor operator -(Tensor a) => a * -1.0;

    /// <summary>Adds another tensor, which broadcasts to this one, to this one in place. Not recorded.</summary>
    /// <exception cref="ArgumentException">The element types differ, or the other does not broadcast to this shape.</exception>
    /// <exception cref="InvalidOperationException">Gradients are being recorded for this tensor.</exception>
    public void AddInPlace(Tensor other)
    {
        ArgumentNullException.ThrowIfNull(other);
        CheckInPlace();
        CheckSameType(this, other);
        if (other.Shape != Shape && Shape.Broadcast(other.Shape, Shape) != Shape) throw new ArgumentException($"{other} cannot be added in place to {this}: it must broadcast to {Shape}");
        Elementwise.Binary<Addition>(this, other, this);
    }

    /// <summary>Multiplies this tensor by a number in place. Not recorded.</summary>
    /// <exception cref="ArgumentException">The elements are not computed with.</exception>
    /// <exception cref="InvalidOperationException">Gradients are being recorded for this tensor.</exception>
    public void MultiplyInPlace(double factor)
    {
        CheckInPlace();
        CheckComputed(this);
        Elementwise.Unary<Multiplication>(this, factor, this);
    }

    /// <summary>Sets every element to a number, in place. Not recorded.</summary>
    /// <inheritdoc cref="AddInPlace"/>
    public void Fill(double value)
    {
        CheckInPlace();
        switch (Type)
        {
            case ElementType.Float32: Moving.Fill(this, (float)value); break;
            case ElementType.Float64: Moving.Fill(this, value); break;
            case ElementType.Int32: Moving.Fill(this, checked((int)value)); break;
            case ElementType.Float16: Moving.Fill(this, (Half)value); break;
            default: throw new ArgumentException($"a tensor of {Type} cannot be filled: convert a filled one");
        }
    }

    /// <summary>Copies the elements of another tensor of the same shape and type into this one. Not recorded.</summary>
    /// <inheritdoc cref="AddInPlace"/>
    public void CopyFrom(Tensor other)
    {
        ArgumentNullException.ThrowIfNull(other);
        CheckInPlace();
        if (Type != other.Type) throw new ArgumentException($"{other} and {this} differ in element type: convert one");
        if (Shape != other.Shape) throw new ArgumentException($"a tensor of shape {other.Shape} cannot be copied into one of shape {Shape}");
        Moving.Copy(other, this);
    }

    private static Tensor Combine<TFunction>(Tensor a, Tensor b)
        where TFunction : struct, IBinaryFunction
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        CheckSameType(a, b);
        Tensor y = Empty(Shape.Broadcast(a.Shape, b.Shape), a.Type);
        Elementwise.Binary<TFunction>(a, b, y);
        return y;
    }

    private static Tensor Combine<TFunction>(Tensor a, double b)
        where TFunction : struct, IBinaryFunction
    {
        ArgumentNullException.ThrowIfNull(a);
        CheckComputed(a);
        Tensor y = Empty(a.Shape, a.Type);
        Elementwise.Unary<TFunction>(a, b, y);
        return y;
    }

    private static void CheckComputed(Tensor x)
    {
        if (!x.Type.IsComputed()) throw new ArgumentException($"{x} is not computed with: convert it to Float32 or Float64");
    }

    private static void CheckSameType(Tensor a, Tensor b)
    {
        CheckComputed(a);
        if (a.Type != b.Type) throw new ArgumentException($"{a} and {b} differ in element type: convert one");
    }

    private void CheckInPlace()
    {
        if (Gradients.AreRecorded && RequiresGradient)
            throw new InvalidOperationException($"{this} takes part in a gradient and cannot be changed in place while gradients are recorded: use Gradients.Paused()");
    }

    private readonly struct Addition : IBinaryFunction
    {
        public static void Apply<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Add(a, b, y);

        public static void Apply<T>(ReadOnlySpan<T> a, T b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Add(a, b, y);

        public static void Apply<T>(T a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Add(b, a, y);
    }

    private readonly struct Subtraction : IBinaryFunction
    {
        public static void Apply<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Subtract(a, b, y);

        public static void Apply<T>(ReadOnlySpan<T> a, T b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Subtract(a, b, y);

        public static void Apply<T>(T a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Subtract(a, b, y);
    }

    private readonly struct Multiplication : IBinaryFunction
    {
        public static void Apply<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Multiply(a, b, y);

        public static void Apply<T>(ReadOnlySpan<T> a, T b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Multiply(a, b, y);

        public static void Apply<T>(T a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Multiply(b, a, y);
    }

    private readonly struct Division : IBinaryFunction
    {
        public static void Apply<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Divide(a, b, y);

        public static void Apply<T>(ReadOnlySpan<T> a, T b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Divide(a, b, y);

        public static void Apply<T>(T a, ReadOnlySpan<T> b, Span<T> y) where T : unmanaged, IFloatingPointIeee754<T> => TensorPrimitives.Divide(a, b, y);
    }
}

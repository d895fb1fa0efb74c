using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

/// <summary>Chosen elements and where along their axis they stood.</summary>
/// <param name="Values">The elements.</param>
/// <param name="Indices">Their positions along the axis, Int32, of the same shape.</param>
public readonly record struct Chosen(Tensor Values, Tensor Indices);

public sealed partial class Tensor
{
    /// <summary>The largest over some axes. Equal ones share the gradient evenly.</summary>
    /// <inheritdoc cref="Sum(ReadOnlySpan{int}, bool)"/>
    /// <exception cref="InvalidOperationException">There are no elements to choose from.</exception>
    public Tensor Largest(ReadOnlySpan<int> axes, bool keepAxes = false) => Extreme<LargestReduction>(axes, keepAxes);

    /// <summary>The smallest over some axes. Equal ones share the gradient evenly.</summary>
    /// <inheritdoc cref="Largest"/>
    public Tensor Smallest(ReadOnlySpan<int> axes, bool keepAxes = false) => Extreme<SmallestReduction>(axes, keepAxes);

    /// <summary>The largest along an axis and its index; the first of equal ones, which gets the whole gradient. NaN counts as largest.</summary>
    /// <param name="axis">The axis; a negative one counts from the end.</param>
    /// <param name="keepAxis">Whether the axis stays, with extent 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis.</exception>
    /// <exception cref="InvalidOperationException">There are no elements to choose from.</exception>
    public Chosen Max(int axis, bool keepAxis = false) => FirstExtreme(axis, keepAxis, ArgMax(axis, keepAxis: true));

    /// <summary>The smallest along an axis and its index; the first of equal ones, which gets the whole gradient. NaN counts as smallest.</summary>
    /// <inheritdoc cref="Max"/>
    public Chosen Min(int axis, bool keepAxis = false) => FirstExtreme(axis, keepAxis, ArgMin(axis, keepAxis: true));

    /// <summary>The index of the largest along an axis, Int32; the first of equal ones. NaN counts as largest.</summary>
    /// <inheritdoc cref="Max"/>
    public Tensor ArgMax(int axis, bool keepAxis = false) => ExtremeIndex<FirstLargest>(axis, keepAxis);

    /// <summary>The index of the smallest along an axis, Int32; the first of equal ones. NaN counts as smallest.</summary>
    /// <inheritdoc cref="Max"/>
    public Tensor ArgMin(int axis, bool keepAxis = false) => ExtremeIndex<FirstSmallest>(axis, keepAxis);

    private Tensor Extreme<TReduction>(ReadOnlySpan<int> axes, bool keepAxes)
        where TReduction : struct, IReduction
    {
        Shape kept = KeptShape(axes);
        if (Elements == 0 && kept.Elements != 0) throw NothingToChoose();
        Tensor y = ReducedTo<TReduction>(kept);
        y.WithSharedGradient(this);
        return keepAxes ? y : y.Reshape(Shape.WithoutAxes(axes));
    }

    private Tensor WithSharedGradient(Tensor x)
        => WithGradient(x, (dy, to) =>
        {
            using Tensor? mask = to.CreateGraph ? null : x.IsEqualTo(this);
            Tensor isExtreme = mask ?? x.IsEqualTo(this);
            to.Add(x, isExtreme * (dy / isExtreme.SumTo(Shape)));
        });

    private Chosen FirstExtreme(int axis, bool keepAxis, Tensor indices)
    {
        Tensor values = Gather(axis, indices);
        if (keepAxis) return new Chosen(values, indices);
        Shape shape = Shape.Without(axis);
        return new Chosen(values.Reshape(shape), indices.Reshape(shape));
    }

    private Tensor ExtremeIndex<TOrder>(int axis, bool keepAxis)
        where TOrder : struct, IFirst
    {
        CheckComputed(this);
        axis = Shape.Axis(axis);
        Tensor y = Empty(keepAxis ? Shape.With(axis, 1) : Shape.Without(axis), ElementType.Int32);
        if (Shape[axis] == 0 && y.Elements != 0) throw NothingToChoose();
        FirstIndex.Run<TOrder>(this, axis, y);
        return y;
    }

    private InvalidOperationException NothingToChoose() => new($"{this} has no elements to choose the largest or smallest from");
}

using Switchyard.Tensors.Autograd;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

public sealed partial class Tensor
{
    /// <summary>The sum of all elements, as a tensor of no axes.</summary>
    public Tensor Sum()
    {
        Tensor y = ReducedTo<SumReduction>(default);
        return y.WithGradient(this, static (dy, to) => to.Add(to.A, dy.Expand(to.A.Shape)), Saved.Nothing);
    }

    /// <summary>The sum over some axes.</summary>
    /// <param name="axes">The axes; a negative one counts from the end.</param>
    /// <param name="keepAxes">Whether the axes stay, with extent 1.</param>
    /// <exception cref="ArgumentException">An axis does not exist or is named twice.</exception>
    public Tensor Sum(ReadOnlySpan<int> axes, bool keepAxes = false)
    {
        Shape kept = KeptShape(axes);
        Tensor y = ReducedTo<SumReduction>(kept);
        y.WithGradient(this, (dy, to) => to.Add(this, (dy.Shape == kept ? dy : dy.Reshape(kept)).Expand(Shape)), Saved.Nothing);
        return keepAxes ? y : y.Reshape(Shape.WithoutAxes(axes));
    }

    /// <summary>
    /// The sum over every axis along which <paramref name="shape"/> would have to be stretched to this shape: the
    /// adjoint of broadcasting. This tensor itself if the shapes are equal.
    /// </summary>
    /// <exception cref="ArgumentException"><paramref name="shape"/> does not broadcast to this shape.</exception>
    public Tensor SumTo(Shape shape)
    {
        if (shape == Shape) return this;
        if (Shape.Broadcast(shape, Shape) != Shape) throw new ArgumentException($"{this} cannot be summed to {shape}: that does not broadcast to {Shape}");
        return SummedTo(shape);
    }

    private Tensor SummedTo(Shape shape)
    {
        Tensor y = ReducedTo<SumReduction>(shape);
        return y.WithGradient(this, static (dy, to) => to.Add(to.A, dy.Expand(to.A.Shape)), Saved.Nothing);
    }

    /// <summary>The mean of all elements, as a tensor of no axes.</summary>
    public Tensor Mean() => Sum() / Elements;

    /// <summary>The mean over some axes.</summary>
    /// <inheritdoc cref="Sum(ReadOnlySpan{int}, bool)"/>
    public Tensor Mean(ReadOnlySpan<int> axes, bool keepAxes = false) => Sum(axes, keepAxes) / ReducedCount(axes);

    /// <summary>The variance over some axes: squared distances from the mean, summed and divided by their number less <paramref name="correction"/>.</summary>
    /// <param name="axes">The axes; a negative one counts from the end.</param>
    /// <param name="correction">0 for the variance of these numbers, 1 for the unbiased estimate of that of their source.</param>
    /// <param name="keepAxes">Whether the axes stay, with extent 1.</param>
    /// <exception cref="ArgumentException">An axis does not exist or is named twice.</exception>
    public Tensor Variance(ReadOnlySpan<int> axes, int correction = 1, bool keepAxes = false)
        => (this - Mean(axes, keepAxes: true)).Square().Sum(axes, keepAxes) / (ReducedCount(axes) - correction);

    /// <summary>The square root of <see cref="Variance"/>.</summary>
    /// <inheritdoc cref="Variance"/>
    public Tensor StandardDeviation(ReadOnlySpan<int> axes, int correction = 1, bool keepAxes = false)
        => Variance(axes, correction, keepAxes).Sqrt();

    /// <summary>The Euclidean norm over some axes: the square root of the sum of squares. Its gradient at zero is zero.</summary>
    /// <inheritdoc cref="Sum(ReadOnlySpan{int}, bool)"/>
    public Tensor Norm(ReadOnlySpan<int> axes, bool keepAxes = false)
    {
        Tensor squares = Square().Sum(axes, keepAxes);
        // Where the sum is 0, the root of 1 stands in, so that no 0/0 arises in the gradient.
        Tensor isZero = squares.IsEqualTo(0);
        return squares.MaskedFill(isZero, 1).Sqrt().MaskedFill(isZero, 0);
    }

    /// <summary>Reduces to a shape that broadcasts to this one, in passes over runs of axes from the last to the first.</summary>
    private Tensor ReducedTo<TReduction>(Shape target)
        where TReduction : struct, IReduction
    {
        CheckComputed(this);
        int missing = Rank - target.Rank;
        Tensor from = this;
        long inner = 1;
        for (int axis = Rank - 1; axis >= 0;)
        {
            if (!IsReduced(axis))
            {
                inner *= Shape[axis--];
                continue;
            }
            int first = axis;
            while (first > 0 && IsReduced(first - 1)) first--;
            long outer = Shape.Product(0, first), reduced = Shape.Product(first, axis + 1);
            bool isLast = true;
            for (int rest = 0; rest < first; rest++) isLast &= !IsReduced(rest);
            Tensor to = isLast ? Empty(target, Type) : Empty([checked((int)(outer * inner))], Type);
            Reduction.Run<TReduction>(from, to, outer, reduced, inner);
            if (!ReferenceEquals(from, this)) from.Dispose();
            if (isLast) return to;
            from = to;
            axis = first - 1;
        }
        // Nothing but axes of extent 1 goes away.
        Tensor same = Empty(target, Type);
        Moving.Copy(this, same);
        return same;

        bool IsReduced(int axis) => (axis < missing || target[axis - missing] == 1) && Shape[axis] != 1;
    }

    private Shape KeptShape(ReadOnlySpan<int> axes)
    {
        Span<int> extents = stackalloc int[Rank];
        Shape.AsSpan().CopyTo(extents);
        uint seen = 0;
        foreach (int axis in axes)
        {
            int index = Shape.Axis(axis);
            if ((seen & (1u << index)) != 0) throw new ArgumentException($"axis {axis} of shape {Shape} is named twice");
            seen |= 1u << index;
            extents[index] = 1;
        }
        return Shape.Create(extents);
    }

    private double ReducedCount(ReadOnlySpan<int> axes)
    {
        double count = 1;
        foreach (int axis in axes) count *= Shape[axis];
        return count;
    }
}

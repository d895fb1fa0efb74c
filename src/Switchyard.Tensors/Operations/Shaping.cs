using Switchyard.Tensors.Autograd;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

public sealed partial class Tensor
{
    /// <summary>The same elements, in the same order and memory, under another shape.</summary>
    /// <param name="shape">The shape.</param>
    /// <exception cref="ArgumentException">It holds another number of elements.</exception>
    public Tensor Reshape(Shape shape)
    {
        if (shape.Elements != Elements) throw new ArgumentException($"{this} has {Elements} elements and cannot take shape {shape}, which has {shape.Elements}");
        return View(shape).WithGradient(this, static (dy, to) => to.Add(to.A, dy.Reshape(to.A.Shape)), Saved.Nothing);
    }

    /// <summary>Repeats along axes of extent 1, and new leading ones, up to a shape that this one broadcasts to.</summary>
    /// <exception cref="ArgumentException">This shape does not broadcast to <paramref name="shape"/>.</exception>
    public Tensor Expand(Shape shape)
    {
        if (shape == Shape) return this;
        if (Shape.Broadcast(Shape, shape) != shape) throw new ArgumentException($"{this} cannot be expanded to {shape}: its extents must be equal or 1");
        return ExpandedTo(shape);
    }

    /// <summary>Exchanges two axes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis.</exception>
    public Tensor Transpose(int axisA, int axisB)
    {
        Span<int> order = stackalloc int[Rank];
        for (int axis = 0; axis < Rank; axis++) order[axis] = axis;
        (order[Shape.Axis(axisA)], order[Shape.Axis(axisB)]) = (Shape.Axis(axisB), Shape.Axis(axisA));
        return Permute(order);
    }

    /// <summary>Puts the axes into another order.</summary>
    /// <param name="axes">Which axis of this tensor stands at each position; every axis once.</param>
    /// <exception cref="ArgumentException">An axis is missing or named twice.</exception>
    public Tensor Permute(ReadOnlySpan<int> axes)
    {
        if (axes.Length != Rank) throw new ArgumentException($"{axes.Length} axes are named for {this}, which has {Rank}: name every axis once");
        KeptShape(axes);
        Span<int> extents = stackalloc int[Rank];
        Span<long> steps = stackalloc long[Rank];
        Span<int> back = stackalloc int[Rank];
        for (int to = 0; to < Rank; to++)
        {
            int from = Shape.Axis(axes[to]);
            extents[to] = Shape[from];
            steps[to] = Shape.Product(from + 1, Rank);
            back[from] = to;
        }
        return Permuted(Shape.Create(extents), steps, Shape.Create(back));
    }

    private Tensor Permuted(Shape shape, ReadOnlySpan<long> steps, Shape back)
    {
        Tensor y = Empty(shape, Type);
        Span<long> stepsY = stackalloc long[shape.Rank];
        shape.Steps(stepsY);
        StridedCopy.Run(this, 0, steps, y, 0, stepsY, shape.AsSpan());
        return y.WithGradient(this, (dy, to) => to.Add(this, dy.Permute(back.AsSpan())), Saved.Nothing);
    }

    private Tensor ExpandedTo(Shape shape)
    {
        Tensor y = Empty(shape, Type);
        Span<long> stepsX = stackalloc long[shape.Rank], stepsY = stackalloc long[shape.Rank];
        shape.Steps(stepsY);
        stepsX.Clear();
        int missing = shape.Rank - Rank;
        Shape.Steps(stepsX[missing..]);
        for (int axis = 0; axis < Rank; axis++)
            if (Shape[axis] == 1) stepsX[missing + axis] = 0;
        StridedCopy.Run(this, 0, stepsX, y, 0, stepsY, shape.AsSpan());
        return y.WithGradient(this, static (dy, to) => to.Add(to.A, dy.SumTo(to.A.Shape)), Saved.Nothing);
    }
}

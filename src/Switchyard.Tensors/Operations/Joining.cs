using Switchyard.Tensors.Autograd;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

public sealed partial class Tensor
{
    /// <summary>Tensors one after the other along an axis.</summary>
    /// <param name="tensors">At least one; alike except for their extent along the axis.</param>
    /// <param name="axis">The axis; a negative one counts from the end.</param>
    /// <exception cref="ArgumentException">There are none, or they do not fit together.</exception>
    public static Tensor Concat(ReadOnlySpan<Tensor> tensors, int axis)
    {
        if (tensors.IsEmpty) throw new ArgumentException("no tensors were given to join", nameof(tensors));
        Tensor first = tensors[0];
        int along = first.Shape.Axis(axis);
        int extent = 0;
        foreach (Tensor tensor in tensors)
        {
            if (tensor.Type != first.Type || tensor.Rank != first.Rank || tensor.Shape.With(along, first.Shape[along]) != first.Shape)
                throw new ArgumentException($"{tensor} cannot be joined to {first} along axis {along}: the other axes and the types must be equal");
            extent = checked(extent + tensor.Shape[along]);
        }
        return Joined(tensors.ToArray(), along, first.Shape.With(along, extent));
    }

    /// <summary>Tensors of one shape along a new axis.</summary>
    /// <param name="tensors">At least one.</param>
    /// <param name="axis">Where the new axis stands in the result; a negative one counts from its end.</param>
    /// <exception cref="ArgumentException">There are none, or their shapes differ.</exception>
    public static Tensor Stack(ReadOnlySpan<Tensor> tensors, int axis)
    {
        if (tensors.IsEmpty) throw new ArgumentException("no tensors were given to stack", nameof(tensors));
        Tensor[] slices = new Tensor[tensors.Length];
        int rank = tensors[0].Rank + 1;
        if (axis < -rank || axis >= rank) throw new ArgumentOutOfRangeException(nameof(axis), axis, $"the result has {rank} axes");
        int position = axis < 0 ? axis + rank : axis;
        for (int i = 0; i < slices.Length; i++) slices[i] = tensors[i].Reshape(tensors[i].Shape.Insert(position, 1));
        return Concat(slices, position);
    }

    /// <summary>Parts of given sizes, one after the other along an axis.</summary>
    /// <param name="axis">The axis; a negative one counts from the end.</param>
    /// <param name="sizes">The extents of the parts.</param>
    /// <exception cref="ArgumentException">The sizes do not add up to the extent of the axis.</exception>
    public Tensor[] Split(int axis, ReadOnlySpan<int> sizes)
    {
        Tensor[] parts = new Tensor[sizes.Length];
        int start = 0;
        foreach (int size in sizes) start += size >= 0 ? size : throw new ArgumentException($"a part of size {size}: sizes are 0 or more");
        if (start != Shape[axis]) throw new ArgumentException($"parts of {start} in all do not make up axis {axis} of {this}");
        start = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = Slice(axis, start, start + sizes[i]);
            start += sizes[i];
        }
        return parts;
    }

    /// <summary>
    /// The elements from <paramref name="start"/> to <paramref name="stop"/> (not included) along an axis, by Python's
    /// rules: negative counts from the end, beyond the end is cut. A run of leading rows shares memory.
    /// </summary>
    /// <param name="axis">The axis; a negative one counts from the end.</param>
    /// <param name="start">The first.</param>
    /// <param name="stop">The first that is left out; null stands for the end.</param>
    /// <param name="step">Every how manieth is taken.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis, or the step is not positive.</exception>
    public Tensor Slice(int axis, int start, int? stop = null, int step = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(step);
        int along = Shape.Axis(axis), extent = Shape[along];
        int from = Bound(start, extent), to = Bound(stop ?? extent, extent);
        int taken = Math.Max(0, (int)(((long)to - from + step - 1) / step));
        Span<int> starts = stackalloc int[Rank], steps = stackalloc int[Rank];
        starts.Clear();
        steps.Fill(1);
        (starts[along], steps[along]) = (taken == 0 ? 0 : from, step);
        return Taken(Shape.With(along, taken), Shape.Create(starts), Shape.Create(steps), isRun: step == 1 && Shape.Product(0, along) == 1);

        static int Bound(int at, int extent) => Math.Clamp(at < 0 ? at + extent : at, 0, extent);
    }

    private static Tensor Joined(Tensor[] tensors, int axis, Shape shape)
    {
        Tensor y = Empty(shape, tensors[0].Type);
        Span<long> stepsX = stackalloc long[shape.Rank], stepsY = stackalloc long[shape.Rank];
        shape.Steps(stepsY);
        long start = 0;
        foreach (Tensor tensor in tensors)
        {
            tensor.Shape.Steps(stepsX);
            StridedCopy.Run(tensor, 0, stepsX, y, start * stepsY[axis], stepsY, tensor.Shape.AsSpan());
            start += tensor.Shape[axis];
        }
        return y.WithGradient(tensors, (dy, to) =>
        {
            int start = 0;
            foreach (Tensor tensor in tensors)
            {
                int end = start + tensor.Shape[axis];
                if (to.Wants(tensor)) to.Add(tensor, dy.Slice(axis, start, end));
                start = end;
            }
        }, Saved.Nothing);
    }

    /// <summary>The box of elements at starts + i·steps.</summary>
    private Tensor Taken(Shape shape, Shape starts, Shape steps, bool isRun = false)
    {
        Span<long> stepsX = stackalloc long[Rank], stepsY = stackalloc long[Rank];
        long start = Locate(Shape, starts, steps, stepsX);
        shape.Steps(stepsY);
        Tensor y;
        if (isRun)
        {
            y = View(shape, start);
        }
        else
        {
            y = Empty(shape, Type);
            StridedCopy.Run(this, start, stepsX, y, 0, stepsY, shape.AsSpan());
        }
        return y.WithGradient(this, (dy, to) => to.Add(this, dy.Placed(Shape, starts, steps, 0)), Saved.Nothing);
    }

    /// <summary>This at starts + i·steps of a larger tensor that is a number elsewhere: the adjoint of <see cref="Taken"/>.</summary>
    private Tensor Placed(Shape shape, Shape starts, Shape steps, double elsewhere)
    {
        Span<long> stepsX = stackalloc long[Rank], stepsY = stackalloc long[Rank];
        long start = Locate(shape, starts, steps, stepsY);
        Shape.Steps(stepsX);
        Tensor y = Full(shape, elsewhere, Type);
        StridedCopy.Run(this, 0, stepsX, y, start, stepsY, Shape.AsSpan());
        return y.WithGradient(this, (dy, to) => to.Add(this, dy.Taken(Shape, starts, steps)), Saved.Nothing);
    }

    private static long Locate(Shape shape, Shape starts, Shape steps, Span<long> memorySteps)
    {
        shape.Steps(memorySteps);
        long start = 0;
        for (int axis = 0; axis < shape.Rank; axis++)
        {
            start += starts[axis] * memorySteps[axis];
            memorySteps[axis] *= steps[axis];
        }
        return start;
    }
}

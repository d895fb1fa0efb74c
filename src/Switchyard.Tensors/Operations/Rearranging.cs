using Switchyard.Tensors.Autograd;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

/// <summary>What stands beyond the edge of a padded tensor.</summary>
public enum Padding
{
    /// <summary>A number.</summary>
    Constant,

    /// <summary>The elements inside, mirrored at the edge; the edge itself is not repeated.</summary>
    Reflect,

    /// <summary>The element at the edge.</summary>
    Replicate,
}

public sealed partial class Tensor
{
    /// <summary>The elements in reverse order along some axes.</summary>
    /// <exception cref="ArgumentException">An axis does not exist or is named twice.</exception>
    public Tensor Flip(ReadOnlySpan<int> axes)
    {
        KeptShape(axes);
        Span<int> flipped = stackalloc int[Rank];
        flipped.Clear();
        foreach (int axis in axes) flipped[Shape.Axis(axis)] = 1;
        return Flipped(Shape.Create(flipped));
    }

    /// <summary>y[(i + shift) mod n] = x[i] along an axis.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis.</exception>
    public Tensor Roll(int axis, int shift)
    {
        int extent = Shape[axis];
        if (extent == 0) return this;
        int start = (int)(((-(long)shift % extent) + extent) % extent);
        return start == 0 ? this : Concat([Slice(axis, start), Slice(axis, 0, start)], axis);
    }

    /// <summary>The whole repeated a number of times along each axis.</summary>
    /// <param name="counts">One count per axis.</param>
    /// <exception cref="ArgumentException">There is not one count per axis, or one is negative.</exception>
    public Tensor Tile(ReadOnlySpan<int> counts)
    {
        if (counts.Length != Rank) throw new ArgumentException($"{counts.Length} counts were given for {this}: give one per axis");
        Tensor y = this;
        for (int axis = 0; axis < Rank; axis++)
        {
            if (counts[axis] == 1) continue;
            int outer = checked((int)y.Shape.Product(0, axis)), inner = checked((int)y.Shape.Product(axis, Rank));
            y = y.Reshape([outer, 1, inner]).Expand([outer, counts[axis], inner]).Reshape(y.Shape.With(axis, checked(y.Shape[axis] * counts[axis])));
        }
        return y;
    }

    /// <summary>Each slice along an axis repeated in place: a a b b.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis, or the number of repeats is negative.</exception>
    public Tensor RepeatInterleave(int axis, int repeats)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(repeats);
        if (repeats == 1) return this;
        int along = Shape.Axis(axis);
        int outer = checked((int)Shape.Product(0, along + 1)), inner = checked((int)Shape.Product(along + 1, Rank));
        return Reshape([outer, 1, inner]).Expand([outer, repeats, inner]).Reshape(Shape.With(along, checked(Shape[along] * repeats)));
    }

    /// <summary>More elements before and after, along each axis.</summary>
    /// <param name="pads">How many before and how many after, one pair per axis.</param>
    /// <param name="padding">What they are.</param>
    /// <param name="value">The number, for <see cref="Padding.Constant"/>.</param>
    /// <exception cref="ArgumentException">There is not one pair per axis, or a number does not suit the extent.</exception>
    public Tensor Pad(ReadOnlySpan<(int Before, int After)> pads, Padding padding = Padding.Constant, double value = 0)
    {
        if (pads.Length != Rank) throw new ArgumentException($"{pads.Length} pairs were given to pad {this}: give one per axis");
        foreach ((int before, int after) in pads)
            if (before < 0 || after < 0) throw new ArgumentException($"cannot pad by {Math.Min(before, after)}: use Slice to cut");
        if (padding == Padding.Constant) return PaddedByNumber(pads, value);
        Tensor y = this;
        for (int axis = 0; axis < Rank; axis++)
            if (pads[axis] != default) y = y.IndexSelect(axis, EdgeIndices(Shape[axis], pads[axis], padding));
        return y;
    }

    /// <summary>The matrices in the last two axes with what lies above a diagonal set to 0: kept where column - row is at most <paramref name="diagonal"/>.</summary>
    /// <exception cref="ArgumentException">There are fewer than two axes.</exception>
    public Tensor LowerTriangle(int diagonal = 0) => MaskedFill(DiagonalMask((row, column) => column - row > diagonal), 0);

    /// <summary>The matrices in the last two axes with what lies below a diagonal set to 0: kept where column - row is at least <paramref name="diagonal"/>.</summary>
    /// <exception cref="ArgumentException">There are fewer than two axes.</exception>
    public Tensor UpperTriangle(int diagonal = 0) => MaskedFill(DiagonalMask((row, column) => column - row < diagonal), 0);

    private Tensor Flipped(Shape isFlipped)
    {
        Tensor y = Empty(Shape, Type);
        Span<long> stepsX = stackalloc long[Rank], stepsY = stackalloc long[Rank];
        Shape.Steps(stepsX);
        Shape.Steps(stepsY);
        long start = 0;
        for (int axis = 0; axis < Rank; axis++)
        {
            if (isFlipped[axis] == 0) continue;
            start += (Shape[axis] - 1) * stepsX[axis];
            stepsX[axis] = -stepsX[axis];
        }
        StridedCopy.Run(this, start, stepsX, y, 0, stepsY, Shape.AsSpan());
        return y.WithGradient(this, (dy, to) => to.Add(this, dy.Flipped(isFlipped)), Saved.Nothing);
    }

    private Tensor PaddedByNumber(ReadOnlySpan<(int Before, int After)> pads, double value)
    {
        Span<int> extents = stackalloc int[Rank], starts = stackalloc int[Rank], steps = stackalloc int[Rank];
        for (int axis = 0; axis < Rank; axis++) (extents[axis], starts[axis], steps[axis]) = (checked(Shape[axis] + pads[axis].Before + pads[axis].After), pads[axis].Before, 1);
        return Placed(Shape.Create(extents), Shape.Create(starts), Shape.Create(steps), value);
    }

    private static Tensor EdgeIndices(int extent, (int Before, int After) pad, Padding padding)
    {
        int most = padding == Padding.Reflect ? extent - 1 : extent == 0 ? 0 : int.MaxValue;
        if (Math.Max(pad.Before, pad.After) > most) throw new ArgumentException($"an axis of {extent} cannot be padded by {Math.Max(pad.Before, pad.After)} from its inside: at most {most}");
        Tensor indices = Empty([checked(extent + pad.Before + pad.After)], ElementType.Int32);
        Span<int> span = indices.AsSpan<int>();
        for (int i = 0; i < span.Length; i++)
        {
            int from = i - pad.Before;
            span[i] = padding == Padding.Replicate ? Math.Clamp(from, 0, extent - 1) : from < 0 ? -from : from < extent ? from : 2 * (extent - 1) - from;
        }
        return indices;
    }

    private Tensor DiagonalMask(Func<int, int, bool> isHidden)
    {
        if (Rank < 2) throw new ArgumentException($"{this} holds no matrices: it has {Rank} axes");
        int rows = Shape[-2], columns = Shape[-1];
        Tensor mask = Empty([rows, columns], ElementType.Int32);
        Span<int> span = mask.AsSpan<int>();
        for (int row = 0; row < rows; row++)
            for (int column = 0; column < columns; column++) span[row * columns + column] = isHidden(row, column) ? 1 : 0;
        return mask;
    }
}

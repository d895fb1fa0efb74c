using Switchyard.Tensors.Autograd;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

public sealed partial class Tensor
{
    /// <summary>Running sums along an axis, each element included in its own.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis.</exception>
    public Tensor CumulativeSum(int axis)
    {
        CheckComputed(this);
        int along = Shape.Axis(axis);
        Tensor y = Empty(Shape, Type);
        RunningSum.Run(this, y, along);
        return y.WithGradient(this, (dy, to) => to.Add(this, dy.Flip([along]).CumulativeSum(along).Flip([along])), Saved.Nothing);
    }

    /// <summary>The product along an axis. Its gradient is right also where elements are 0, at the cost of a square of the axis.</summary>
    /// <param name="axis">The axis; a negative one counts from the end.</param>
    /// <param name="keepAxis">Whether the axis stays, with extent 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis.</exception>
    public Tensor Product(int axis, bool keepAxis = false)
    {
        int along = Shape.Axis(axis), extent = Shape[along];
        int outer = checked((int)Shape.Product(0, along)), inner = checked((int)Shape.Product(along + 1, Rank));
        Tensor y = Reshape([outer, extent, inner]).MiddleProduct();
        return y.Reshape(keepAxis ? Shape.With(along, 1) : Shape.Without(along));
    }

    // [outer, extent, inner] -> [outer, 1, inner]
    private Tensor MiddleProduct()
    {
        int outer = Shape[0], extent = Shape[1], inner = Shape[2];
        Tensor y = ReducedTo<ProductReduction>([outer, 1, inner]);
        return y.WithGradient(this, (dy, to) =>
        {
            // The derivative by one element is the product of the others: a row per element, its own place set to 1.
            Tensor own = DiagonalOf(extent).Reshape([extent, extent, 1]);
            Tensor rows = Reshape([outer, 1, extent, inner]).Expand([outer, extent, extent, inner]).MaskedFill(own, 1);
            Tensor others = rows.Reshape([outer * extent, extent, inner]).MiddleProduct().Reshape(Shape); // [outer, extent, inner]
            to.Add(this, others * dy);
        }, Saved.Operands);
    }

    /// <summary>How often each value 0, 1, ... occurs.</summary>
    /// <param name="minimumLength">The least length of the result.</param>
    /// <returns>Int32 [max(minimumLength, largest + 1)]</returns>
    /// <exception cref="ArgumentException">The elements are not Int32, or one is negative.</exception>
    public Tensor BinCount(int minimumLength = 0)
    {
        ReadOnlySpan<int> values = AsReadOnlySpan<int>();
        int largest = -1;
        foreach (int value in values) largest = Math.Max(largest, value);
        CheckIndices(this, int.MaxValue, "value");
        Tensor counts = Zeros([Math.Max(minimumLength, largest + 1)], ElementType.Int32);
        Span<int> span = counts.AsSpan<int>();
        foreach (int value in values) span[value]++;
        return counts;
    }

    /// <summary>y[.., c] = 1 where the element is c, else 0.</summary>
    /// <param name="classes">The extent of the new last axis.</param>
    /// <param name="type">The type of the result.</param>
    /// <exception cref="ArgumentException">The elements are not Int32, or one is not a class.</exception>
    public Tensor OneHot(int classes, ElementType type = ElementType.Int32)
    {
        CheckIndices(this, classes, "class");
        ReadOnlySpan<int> values = AsReadOnlySpan<int>();
        using Tensor y = Zeros(Shape.Insert(Rank, classes), ElementType.Int32);
        Span<int> span = y.AsSpan<int>();
        for (int i = 0; i < values.Length; i++) span[i * classes + values[i]] = 1;
        return y.To(type);
    }

    private static Tensor DiagonalOf(int extent)
    {
        Tensor diagonal = Zeros([extent, extent], ElementType.Int32);
        Span<int> span = diagonal.AsSpan<int>();
        for (int i = 0; i < extent; i++) span[i * extent + i] = 1;
        return diagonal;
    }
}

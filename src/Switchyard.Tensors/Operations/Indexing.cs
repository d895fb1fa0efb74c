using System.Numerics.Tensors;
using Switchyard.Tensors.Autograd;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

public sealed partial class Tensor
{
    /// <summary>y[.., i, ..] = x[.., index[.., i, ..], ..]: an element per index, along one axis.</summary>
    /// <param name="axis">The axis; a negative one counts from the end.</param>
    /// <param name="index">Int32 of the same rank, along other axes no longer than this tensor. Repeats are allowed.</param>
    /// <returns>A tensor of the shape of <paramref name="index"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An index is not within the axis.</exception>
    /// <exception cref="ArgumentException"><paramref name="index"/> does not fit.</exception>
    public Tensor Gather(int axis, Tensor index)
    {
        int along = CheckIndexAlong(axis, index);
        Tensor y = Empty(index.Shape, Type);
        AxisIndexing.Gather(this, along, index, y);
        return y.WithGradient(this, null, index, (dy, to) => to.Add(this, Zeros(Shape, Type).ScatterAdd(along, index, dy)), Saved.Operands);
    }

    /// <summary>A copy of this to which y[.., index[.., i, ..], ..] += source[.., i, ..]: the adjoint of <see cref="Gather"/>.</summary>
    /// <param name="axis">The axis; a negative one counts from the end.</param>
    /// <param name="index">Int32 of the same rank, along other axes no longer than this tensor. Repeats add up, in rising order.</param>
    /// <param name="source">What is added, of the shape of <paramref name="index"/>.</param>
    /// <inheritdoc cref="Gather"/>
    public Tensor ScatterAdd(int axis, Tensor index, Tensor source)
    {
        ArgumentNullException.ThrowIfNull(source);
        CheckSameType(this, source);
        int along = CheckIndexAlong(axis, index);
        if (source.Shape != index.Shape) throw new ArgumentException($"{source} is to be added by an index of shape {index.Shape}: give one index per element");
        Tensor y = Clone();
        AxisIndexing.ScatterAdd(source, along, index, y);
        return y.WithGradient(this, source, index, (dy, to) =>
        {
            to.Add(this, dy);
            if (to.Wants(source)) to.Add(source, dy.Gather(along, index));
        }, Saved.Operands);
    }

    /// <summary>The slices along an axis that an index names, in its order.</summary>
    /// <param name="axis">The axis; a negative one counts from the end.</param>
    /// <param name="index">Int32 [n]; repeats are allowed.</param>
    /// <exception cref="ArgumentOutOfRangeException">An index is not within the axis.</exception>
    public Tensor IndexSelect(int axis, Tensor index)
    {
        int along = Shape.Axis(axis);
        CheckIndexList(index, along);
        Tensor y = Empty(Shape.With(along, index.Shape[0]), Type);
        AxisIndexing.Select(this, along, index, y);
        return y.WithGradient(this, null, index, (dy, to) => to.Add(this, SumsByIndex(dy, along, index, Shape[along])), Saved.Operands);
    }

    /// <summary>A copy of this to whose slice index[i] along an axis slice i of the source, times a factor, is added.</summary>
    /// <param name="axis">The axis; a negative one counts from the end.</param>
    /// <param name="index">Int32 [n]; repeats add up, in rising order.</param>
    /// <param name="source">This shape, but with n slices along the axis.</param>
    /// <param name="factor">What the source is multiplied by.</param>
    /// <exception cref="ArgumentOutOfRangeException">An index is not within the axis.</exception>
    /// <exception cref="ArgumentException"><paramref name="source"/> does not fit.</exception>
    public Tensor IndexAdd(int axis, Tensor index, Tensor source, double factor = 1)
    {
        ArgumentNullException.ThrowIfNull(source);
        CheckSameType(this, source);
        int along = Shape.Axis(axis);
        CheckIndexList(index, along);
        if (source.Shape != Shape.With(along, index.Shape[0])) throw new ArgumentException($"{source} cannot be added to slices of {this}: its shape must be {Shape.With(along, index.Shape[0])}");
        Tensor sums = SumsByIndex(source, along, index, Shape[along]);
        return this + (factor == 1 ? sums : sums * factor);
    }

    /// <summary>The rows of a table that ids name.</summary>
    /// <param name="weight">[rows, width]</param>
    /// <param name="ids">Int32 of any shape.</param>
    /// <param name="paddingIndex">A row that is read like any other but gets no gradient, or null.</param>
    /// <returns>[.., width], the axes of the ids first.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An id has no row.</exception>
    public static Tensor Embedding(Tensor weight, Tensor ids, int? paddingIndex = null)
    {
        ArgumentNullException.ThrowIfNull(weight);
        ArgumentNullException.ThrowIfNull(ids);
        if (weight.Rank != 2) throw new ArgumentException($"{weight} is not a table of rows: give [rows, width]");
        Tensor list = ids.Reshape([checked((int)ids.Elements)]);
        Tensor rows = paddingIndex is { } padding ? weight.WithoutGradientOfRow(padding) : weight;
        return rows.IndexSelect(0, list).Reshape(ids.Shape.Insert(ids.Rank, weight.Shape[1]));
    }

    private Tensor WithoutGradientOfRow(int row)
        => View(Shape).WithGradient(this, (dy, to) =>
        {
            Tensor keep = Full([Shape[0], 1], 1, Type);
            keep.Slice(0, row, row + 1).Fill(0);
            to.Add(this, dy * keep);
        }, Saved.Nothing);

    /// <summary>Sums of the slices along an axis that have one index, for every index up to an extent.</summary>
    private static Tensor SumsByIndex(Tensor source, int axis, Tensor index, int extent)
    {
        Tensor first = axis == 0 ? source : source.Transpose(0, axis);
        Tensor rows = first.Reshape([first.Shape[0], checked((int)first.Shape.Product(1, first.Rank))]);
        Tensor sums = ScatterAddRows(rows, index, extent).Reshape(first.Shape.With(0, extent));
        return axis == 0 ? sums : sums.Transpose(0, axis);
    }

    private int CheckIndexAlong(int axis, Tensor index)
    {
        ArgumentNullException.ThrowIfNull(index);
        int along = Shape.Axis(axis);
        if (index.Type != ElementType.Int32 || index.Rank != Rank) throw new ArgumentException($"{index} does not index {this}: give Int32 with {Rank} axes");
        for (int other = 0; other < Rank; other++)
            if (other != along && index.Shape[other] > Shape[other]) throw new ArgumentException($"{index} does not index {this} along axis {along}: axis {other} is longer");
        CheckIndices(index, Shape[along], "index");
        return along;
    }

    private void CheckIndexList(Tensor index, int axis)
    {
        ArgumentNullException.ThrowIfNull(index);
        if (index.Type != ElementType.Int32 || index.Rank != 1) throw new ArgumentException($"{index} is not a list of indices: give Int32 [n]");
        CheckIndices(index, Shape[axis], "index");
    }

    /// <summary>Checks that every index is from 0 to a limit, not included.</summary>
    private static void CheckIndices(Tensor indices, int limit, string name)
    {
        ReadOnlySpan<int> values = indices.AsReadOnlySpan<int>();
        if (values.IsEmpty || (TensorPrimitives.Min(values) >= 0 && TensorPrimitives.Max(values) < limit)) return;
        int position = 0;
        while ((uint)values[position] < (uint)limit) position++;
        throw new ArgumentOutOfRangeException(name, values[position], $"{name} {values[position]} at position {position} of {indices} is not within 0 to {limit - 1}");
    }
}

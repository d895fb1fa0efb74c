using System.Numerics.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// The indices that put an axis in order, Int32: equal numbers by rising index in either direction, +0 equal to -0,
    /// NaN last.
    /// </summary>
    /// <param name="axis">The axis; a negative one counts from the end.</param>
    /// <param name="descending">Whether the largest comes first.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis.</exception>
    public Tensor ArgSort(int axis = -1, bool descending = false) => Order(axis, Shape[axis], descending);

    /// <summary>An axis in order and the indices that put it so; see <see cref="ArgSort"/> for ties.</summary>
    /// <inheritdoc cref="ArgSort"/>
    public Chosen Sort(int axis = -1, bool descending = false) => At(axis, ArgSort(axis, descending));

    /// <summary>The largest, or smallest, few numbers along an axis, in order, and their indices; see <see cref="ArgSort"/> for ties.</summary>
    /// <param name="count">How many.</param>
    /// <param name="axis">The axis; a negative one counts from the end.</param>
    /// <param name="largest">Whether the largest are wanted, from the largest down, or the smallest, from the smallest up.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis, or it is shorter than <paramref name="count"/>.</exception>
    public Chosen TopK(int count, int axis = -1, bool largest = true) => At(axis, ArgTopK(count, axis, largest));

    /// <summary>The indices of the largest, or smallest, few numbers along an axis, in order, Int32; see <see cref="ArgSort"/> for ties.</summary>
    /// <inheritdoc cref="TopK"/>
    public Tensor ArgTopK(int count, int axis = -1, bool largest = true)
    {
        if (count < 0 || count > Shape[axis]) throw new ArgumentOutOfRangeException(nameof(count), count, $"{count} of {Shape[axis]} elements along axis {axis} of {this} cannot be chosen");
        return Order(axis, count, largest);
    }

    /// <summary>
    /// The positions of keys, grouped by key: those of key 0 in rising order, then those of key 1, and so on. Stable,
    /// parallel, and linear in the number of keys.
    /// </summary>
    /// <param name="keys">Int32 [n], each below <paramref name="groups"/>; a negative one belongs to no group.</param>
    /// <param name="groups">How many keys there are.</param>
    /// <returns>The positions, Int32 [n less those of no group], and where each group begins, Int32 [groups + 1].</returns>
    /// <exception cref="ArgumentException">The keys are no list of Int32, or one is too large.</exception>
    public static (Tensor Positions, Tensor Offsets) GroupByKey(Tensor keys, int groups)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(groups);
        if (keys.Type != ElementType.Int32 || keys.Rank != 1) throw new ArgumentException($"{keys} is not a list of keys: give Int32 [n]");
        ReadOnlySpan<int> values = keys.AsReadOnlySpan<int>();
        if (!values.IsEmpty && TensorPrimitives.Max(values) is int largest && largest >= groups) throw new ArgumentException($"key {largest} of {keys} is not below {groups}, the number of groups");
        Tensor offsets = Empty([groups + 1], ElementType.Int32);
        return (StableGrouping.Run(keys, offsets), offsets);
    }

    private Tensor Order(int axis, int count, bool descending)
    {
        CheckComputed(this);
        int along = Shape.Axis(axis);
        Tensor indices = Empty(Shape.With(along, count), ElementType.Int32);
        LineOrder.Run(this, along, count, descending, indices);
        return indices;
    }

    private Chosen At(int axis, Tensor indices) => new(Gather(axis, indices), indices);
}

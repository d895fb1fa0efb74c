using Switchyard.Tensors.Autograd;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// A linear map per group of rows, as experts need it: rows offsets[e] up to offsets[e + 1] are multiplied by
    /// weight[e]ᵀ. Groups may be empty; the gradient of their weight is zero.
    /// </summary>
    /// <param name="rows">[pairs, in], the rows of a group next to each other.</param>
    /// <param name="weight">[experts, out, in]</param>
    /// <param name="offsets">Int32 [experts + 1], from 0 to pairs, never falling.</param>
    /// <returns>[pairs, out]</returns>
    /// <exception cref="ArgumentException">The element types or the extents do not match, or the offsets fall or do not cover the rows.</exception>
    public static Tensor GroupedLinear(Tensor rows, Tensor weight, Tensor offsets)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(weight);
        CheckSameType(rows, weight);
        if (rows.Rank != 2 || weight.Rank != 3 || rows.Shape[1] != weight.Shape[2])
            throw new ArgumentException($"rows {rows} and weight {weight} do not match: they have the shapes [pairs, in] and [experts, out, in]");
        CheckOffsets(offsets, weight.Shape[0], rows.Shape[0]);
        return GroupedProduct(rows, weight, transposeWeight: true, offsets);
    }

    /// <summary>The same for rows that are taken from where they lie: pair p is row rowOf[p] of x. They are gathered while the products pack them.</summary>
    /// <param name="x">[rows, in]</param>
    /// <param name="rowOf">The row of each pair, Int32 [pairs].</param>
    /// <param name="weight">[experts, out, in]</param>
    /// <param name="offsets">Int32 [experts + 1], from 0 to pairs, never falling.</param>
    /// <returns>[pairs, out]</returns>
    /// <exception cref="ArgumentException">The element types or the extents do not match, a number names no row, or the offsets fall or do not cover the pairs.</exception>
    public static Tensor GroupedLinear(Tensor x, Tensor rowOf, Tensor weight, Tensor offsets)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(rowOf);
        ArgumentNullException.ThrowIfNull(weight);
        CheckSameType(x, weight);
        if (x.Rank != 2 || weight.Rank != 3 || x.Shape[1] != weight.Shape[2])
            throw new ArgumentException($"rows {x} and weight {weight} do not match: they have the shapes [rows, in] and [experts, out, in]");
        CheckRowNumbers(rowOf, x.Shape[0]);
        CheckOffsets(offsets, weight.Shape[0], rowOf.Shape[0]);
        Tensor y = Empty([rowOf.Shape[0], weight.Shape[1]], x.Type);
        ExpertProduct.Rows(x, rowOf, weight, transposeWeight: true, offsets, y);
        return y.WithGradient([x, weight], (dy, to) =>
        {
            if (to.CreateGraph)
            {
                to.Through(GroupedLinear(GatherRows(x, rowOf), weight, offsets));
                return;
            }
            if (to.Wants(weight))
            {
                Tensor dweight = Empty(weight.Shape, dy.Type);
                ExpertProduct.Weights(dy, null, x, rowOf, offsets, dweight);
                to.Add(weight, dweight);
            }
            if (!to.Wants(x)) return;
            using Tensor drows = Empty([rowOf.Shape[0], x.Shape[1]], dy.Type);
            ExpertProduct.Rows(dy, null, weight, false, offsets, drows);
            Tensor dx = Empty(x.Shape, dy.Type);
            RowsByIndex.ScatterAdd(drows, rowOf, null, dx);
            to.Add(x, dx);
        }, Saved.Operands);
    }

    /// <summary>y[rows of g] = x[rows of g]·op(weight[g]). Closed under differentiation together with <see cref="GroupedWeights"/>.</summary>
    private static Tensor GroupedProduct(Tensor x, Tensor weight, bool transposeWeight, Tensor offsets)
    {
        Tensor y = Empty([x.Shape[0], weight.Shape[transposeWeight ? 1 : 2]], x.Type);
        TensorProduct.GroupedRows(x, weight, transposeWeight, offsets, y);
        return y.WithGradient(x, weight, offsets, transposeWeight ? GroupedTransposedRule : GroupedPlainRule, Saved.Operands);
    }

    private static readonly GradientRule GroupedTransposedRule = static (dy, to) =>
    {
        if (to.Wants(to.A)) to.Add(to.A, GroupedProduct(dy, to.B, false, to.C));
        if (to.Wants(to.B)) to.Add(to.B, GroupedWeights(dy, to.A, to.C));
    };

    private static readonly GradientRule GroupedPlainRule = static (dy, to) =>
    {
        if (to.Wants(to.A)) to.Add(to.A, GroupedProduct(dy, to.B, true, to.C));
        if (to.Wants(to.B)) to.Add(to.B, GroupedWeights(to.A, dy, to.C));
    };

    /// <summary>y[g] = a[rows of g]ᵀ·b[rows of g], a [pairs, m] and b [pairs, n]: [groups, m, n].</summary>
    private static Tensor GroupedWeights(Tensor a, Tensor b, Tensor offsets)
    {
        Tensor y = Empty([offsets.Shape[0] - 1, a.Shape[1], b.Shape[1]], a.Type);
        TensorProduct.GroupedInner(a, b, offsets, y);
        return y.WithGradient(a, b, offsets, static (dy, to) =>
        {
            if (to.Wants(to.A)) to.Add(to.A, GroupedProduct(to.B, dy, true, to.C));
            if (to.Wants(to.B)) to.Add(to.B, GroupedProduct(to.A, dy, false, to.C));
        }, Saved.Operands);
    }

    private static void CheckOffsets(Tensor offsets, int groups, int rows)
    {
        ArgumentNullException.ThrowIfNull(offsets);
        if (offsets.Type != ElementType.Int32 || offsets.Rank != 1 || offsets.Shape[0] != groups + 1)
            throw new ArgumentException($"offsets {offsets} were given for {groups} groups: they are Int32[{groups + 1}]");
        ReadOnlySpan<int> values = offsets.AsReadOnlySpan<int>();
        if (values[0] != 0 || values[^1] != rows) throw new ArgumentException($"offsets from {values[0]} to {values[^1]} were given for {rows} rows: they go from 0 to {rows}");
        for (int group = 0; group < groups; group++)
            if (values[group] > values[group + 1]) throw new ArgumentException($"offsets fall from {values[group]} to {values[group + 1]} at group {group}");
    }
}

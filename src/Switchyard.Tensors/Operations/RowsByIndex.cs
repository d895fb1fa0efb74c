using Switchyard.Tensors.Autograd;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

public sealed partial class Tensor
{
    /// <summary>Row by row, the row of a matrix that a number names: y[p] = x[rows[p]]. Sends tokens to experts.</summary>
    /// <param name="x">[tokens, width]</param>
    /// <param name="rows">Int32 [pairs], each from 0 to tokens - 1; repeats are allowed.</param>
    /// <returns>[pairs, width]</returns>
    /// <exception cref="ArgumentException">Shapes do not match, or a number names no row.</exception>
    public static Tensor GatherRows(Tensor x, Tensor rows)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(rows);
        CheckComputed(x);
        if (x.Rank != 2) throw new ArgumentException($"rows are gathered from a matrix, not from {x}: reshape it to [tokens, width]");
        CheckRowNumbers(rows, x.Shape[0]);
        Tensor y = Empty([rows.Shape[0], x.Shape[1]], x.Type);
        RowsByIndex.Gather(x, rows, y);
        return y.WithGradient(x, rows, static (dy, to) => to.Add(to.A, ScatterAddRows(dy, to.B, to.A.Shape[0])), Saved.Nothing);
    }

    /// <summary>
    /// Adds rows up where their number says: y[t] = Σ weights[p]·rows[p] over all p with index[p] = t, in rising p.
    /// The adjoint of <see cref="GatherRows"/>; combines the answers of experts.
    /// </summary>
    /// <param name="rows">[pairs, width]</param>
    /// <param name="index">Int32 [pairs], each from 0 to tokens - 1.</param>
    /// <param name="tokens">How many rows the result has; one that no pair names is 0.</param>
    /// <param name="weights">[pairs], or null for ones.</param>
    /// <returns>[tokens, width]</returns>
    /// <exception cref="ArgumentException">Shapes or element types do not match, or a number names no row.</exception>
    public static Tensor ScatterAddRows(Tensor rows, Tensor index, int tokens, Tensor? weights = null)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(index);
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        CheckComputed(rows);
        if (rows.Rank != 2) throw new ArgumentException($"rows to add up are a matrix, not {rows}: reshape it to [pairs, width]");
        CheckRowNumbers(index, tokens);
        if (index.Shape[0] != rows.Shape[0]) throw new ArgumentException($"{index.Shape[0]} numbers were given for {rows.Shape[0]} rows");
        if (weights is not null && (weights.Type != rows.Type || weights.Shape != index.Shape)) throw new ArgumentException($"{weights} does not weigh the rows {rows}: it is {rows.Type}{index.Shape}");
        Tensor y = Empty([tokens, rows.Shape[1]], rows.Type);
        RowsByIndex.ScatterAdd(rows, index, weights, y);
        return y.WithGradient(rows, index, weights, static (dy, to) =>
        {
            (Tensor rows, Tensor index, Tensor? weights) = (to.A, to.B, to.C);
            if (weights is null)
            {
                to.Add(rows, GatherRows(dy, index));
            }
            else if (to.CreateGraph)
            {
                Tensor gathered = GatherRows(dy, index); // [pairs, width]
                to.Add(rows, gathered * weights.Reshape([weights.Shape[0], 1]));
                to.Add(weights, (gathered * rows).Sum([-1]));
            }
            else
            {
                Tensor drows = Empty(rows.Shape, rows.Type), dweights = Empty(weights.Shape, rows.Type);
                RowsByIndex.ScatterAddBackward(rows, index, weights, dy, drows, dweights);
                to.Add(rows, drows);
                to.Add(weights, dweights);
            }
        }, Saved.Operands);
    }

    private static void CheckRowNumbers(Tensor numbers, int rows)
    {
        if (numbers.Type != ElementType.Int32 || numbers.Rank != 1) throw new ArgumentException($"{numbers} does not number rows: it is Int32[pairs]");
        CheckIndices(numbers, rows, "row");
    }
}

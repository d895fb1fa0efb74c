using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// Scaled dot-product attention (Vaswani et al., "Attention is all you need", 2017, section 3.2.1):
    /// softmax(scale·q·kᵀ + bias, over the keys that may be seen)·v. Query head h reads key head
    /// h / (heads / kvHeads). A query that sees no key gives 0, and gradient 0.
    /// </summary>
    /// <remarks>Without a bias, memory grows with the number of tokens; with one, with its square.</remarks>
    /// <param name="q">[batch, queries, heads, width]</param>
    /// <param name="k">[batch, keys, kvHeads, width], where kvHeads divides heads.</param>
    /// <param name="v">[batch, keys, kvHeads, valueWidth]</param>
    /// <param name="mask">What may be seen by position; the default is everything.</param>
    /// <param name="scale">The positive factor of the scores; null for 1/√width.</param>
    /// <param name="keyMask">Int32 [batch, keys]: 0 for keys that nobody may see, such as padding; null for none.</param>
    /// <param name="bias">Added to the scaled scores; broadcasts to [batch, heads, queries, keys]. Null for none.</param>
    /// <returns>[batch, queries, heads, valueWidth]</returns>
    /// <exception cref="ArgumentException">Shapes or element types do not match, or the scale is not positive.</exception>
    public static Tensor Attention(Tensor q, Tensor k, Tensor v, AttentionMask mask = default, double? scale = null, Tensor? keyMask = null, Tensor? bias = null)
    {
        ArgumentNullException.ThrowIfNull(q);
        ArgumentNullException.ThrowIfNull(k);
        ArgumentNullException.ThrowIfNull(v);
        CheckAttention(q, k, v, mask, keyMask);
        double factor = scale ?? 1 / Math.Sqrt(Math.Max(1, q.Shape[3]));
        if (!(factor > 0)) throw new ArgumentOutOfRangeException(nameof(scale), factor, "the scale of attention is positive: negate the queries instead");
        if (bias is not null) return AttentionComposed(q, k, v, mask, factor, keyMask, bias);

        Tensor y = Empty(q.Shape.With(-1, v.Shape[3]), q.Type);
        Tensor normalisers = Empty([q.Shape[0], q.Shape[2], q.Shape[1]], q.Type);
        AttentionHeads.Forward(q, k, v, mask, keyMask, factor, y, normalisers);
        y.WithGradient(q, k, v, (dy, to) =>
        {
            if (to.CreateGraph)
            {
                to.Through(AttentionComposed(q, k, v, mask, factor, keyMask, null));
                return;
            }
            Tensor dq = Empty(q.Shape, q.Type), dk = Zeros(k.Shape, k.Type), dv = Zeros(v.Shape, v.Type);
            AttentionHeads.Backward(q, k, v, mask, keyMask, factor, y, normalisers, dy, dq, dk, dv);
            to.Add(q, dq);
            to.Add(k, dk);
            to.Add(v, dv);
        });
        if (y.Node is null) normalisers.Dispose();
        return y;
    }

    private static Tensor AttentionComposed(Tensor q, Tensor k, Tensor v, AttentionMask mask, double scale, Tensor? keyMask, Tensor? bias)
    {
        int batch = q.Shape[0], queries = q.Shape[1], heads = q.Shape[2], keys = k.Shape[1], kvHeads = k.Shape[2], group = heads / kvHeads;
        Tensor grouped = q.Reshape([batch, queries, kvHeads, group, q.Shape[3]]).Permute([0, 2, 3, 1, 4]); // [batch, kvHeads, group, queries, width]
        Tensor keysByHead = k.Transpose(1, 2).Reshape([batch, kvHeads, 1, keys, k.Shape[3]]);
        Tensor valuesByHead = v.Transpose(1, 2).Reshape([batch, kvHeads, 1, keys, v.Shape[3]]);
        Tensor scores = MatMul(grouped, keysByHead, transposeB: true) * scale; // [batch, kvHeads, group, queries, keys]
        scores = scores.Reshape([batch, heads, queries, keys]);
        if (bias is not null) scores += bias;
        scores += HiddenScores(q, keys, mask, keyMask);
        Tensor probabilities = scores.Softmax().Reshape([batch, kvHeads, group, queries, keys]);
        return MatMul(probabilities, valuesByHead).Permute([0, 3, 1, 2, 4]).Reshape([batch, queries, heads, v.Shape[3]]);
    }

    /// <summary>0 where a key may be seen, negative infinity elsewhere: [1 or batch, 1, queries, keys].</summary>
    private static Tensor HiddenScores(Tensor q, int keys, AttentionMask mask, Tensor? keyMask)
    {
        int batch = keyMask is null ? 1 : q.Shape[0], queries = q.Shape[1];
        double[] hidden = new double[batch * queries * keys];
        Array.Fill(hidden, double.NegativeInfinity);
        for (int row = 0; row < batch * queries; row++)
        {
            int query = row % queries;
            for (int key = mask.First(query); key < mask.End(query, keys); key++)
                if (keyMask is null || keyMask.AsReadOnlySpan<int>()[row / queries * keys + key] != 0) hidden[row * keys + key] = 0;
        }
        Shape shape = [batch, 1, queries, keys];
        return q.Type == ElementType.Float64 ? From(hidden, shape) : From(Array.ConvertAll(hidden, value => (float)value), shape);
    }

    private static void CheckAttention(Tensor q, Tensor k, Tensor v, AttentionMask mask, Tensor? keyMask)
    {
        CheckSameType(q, k);
        CheckSameType(q, v);
        if (q.Rank != 4 || k.Rank != 4 || v.Rank != 4
            || k.Shape[0] != q.Shape[0] || k.Shape[3] != q.Shape[3] || v.Shape.With(3, 1) != k.Shape.With(3, 1)
            || k.Shape[2] == 0 || q.Shape[2] % k.Shape[2] != 0)
        {
            throw new ArgumentException($"queries {q}, keys {k} and values {v} do not match: they have the shapes [batch, queries, heads, width], [batch, keys, kvHeads, width] and [batch, keys, kvHeads, valueWidth], and kvHeads divides heads");
        }
        if (mask.Window < 1) throw new ArgumentOutOfRangeException(nameof(mask), mask.Window, "a window counts the query's own position: it is at least 1");
        if (mask.QueryOffset < 0) throw new ArgumentOutOfRangeException(nameof(mask), mask.QueryOffset, "the position of the first query is 0 or more");
        Shape keyShape = [k.Shape[0], k.Shape[1]];
        if (keyMask is not null && (keyMask.Type != ElementType.Int32 || keyMask.Shape != keyShape)) throw new ArgumentException($"{keyMask} does not mask the keys {k}: it is Int32{keyShape}");
    }
}

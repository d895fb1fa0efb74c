using Switchyard.Tensors.Autograd;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// The matrix product op(a)·op(b), where op exchanges the last two axes if asked. Leading axes broadcast.
    /// An operand of one axis is a vector, never transposed, whose missing axis is dropped from the result.
    /// </summary>
    /// <param name="a">[.., rows, inner], or [.., inner, rows] to be transposed.</param>
    /// <param name="b">[.., inner, columns], or [.., columns, inner] to be transposed.</param>
    /// <param name="transposeA">Whether a is transposed.</param>
    /// <param name="transposeB">Whether b is transposed.</param>
    /// <returns>[.., rows, columns]</returns>
    /// <exception cref="ArgumentException">The element types or the inner extents differ, or the leading axes do not broadcast.</exception>
    public static Tensor MatMul(Tensor a, Tensor b, bool transposeA = false, bool transposeB = false)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        CheckSameType(a, b);
        if (a.Rank == 0 || b.Rank == 0) throw new ArgumentException($"{a} and {b} have no matrix product: multiply by a single number with *");
        if (a.Rank == 1)
        {
            Tensor product = MatMul(a.Reshape([1, a.Shape[0]]), b, false, transposeB);
            return product.Reshape(product.Shape.Without(b.Rank == 1 ? -1 : -2));
        }
        if (b.Rank == 1)
        {
            Tensor product = MatMul(a, b.Reshape([b.Shape[0], 1]), transposeA);
            return product.Reshape(product.Shape.Without(-1));
        }

        int inner = a.Shape[transposeA ? -2 : -1], columns = b.Shape[transposeB ? -2 : -1];
        if (inner != b.Shape[transposeB ? -1 : -2])
            throw new ArgumentException($"{a}{(transposeA ? " transposed" : "")} and {b}{(transposeB ? " transposed" : "")} have no matrix product: the inner extents {inner} and {b.Shape[transposeB ? -1 : -2]} differ");
        if (b.Rank == 2 && !transposeA) return TallProduct(a, b, transposeB);

        Shape shape = Shape.Broadcast(a.Shape.With(-1, 1).With(-2, 1), b.Shape.With(-1, 1).With(-2, 1));
        Tensor y = Empty(shape.With(-2, a.Shape[transposeA ? -1 : -2]).With(-1, columns), a.Type);
        TensorProduct.Batched(a, transposeA, b, transposeB, y);
        return y.WithGradient(a, b, (dy, to) =>
        {
            if (to.Wants(a)) to.Add(a, (transposeA ? MatMul(b, dy, transposeB, true) : MatMul(dy, b, false, !transposeB)).SumTo(a.Shape));
            if (to.Wants(b)) to.Add(b, (transposeB ? MatMul(dy, a, true, transposeA) : MatMul(a, dy, !transposeA)).SumTo(b.Shape));
        }, Saved.Operands);
    }

    /// <summary>A linear map of the last axis: x·weightᵀ + bias.</summary>
    /// <param name="x">[.., in]</param>
    /// <param name="weight">[out, in]</param>
    /// <param name="bias">[out], or null for none.</param>
    /// <returns>[.., out]</returns>
    /// <exception cref="ArgumentException">The element types or the extents do not match.</exception>
    public static Tensor Linear(Tensor x, Tensor weight, Tensor? bias = null)
    {
        ArgumentNullException.ThrowIfNull(weight);
        if (weight.Rank != 2) throw new ArgumentException($"the weight of a linear map is {weight}: it has the shape [out, in]");
        if (bias is null) return MatMul(x, weight, transposeB: true);
        ArgumentNullException.ThrowIfNull(x);
        CheckSameType(x, bias);
        bool isPlain = x.Rank >= 2 && x.Type == weight.Type && x.Shape[-1] == weight.Shape[1] && bias.Rank == 1 && bias.Shape[0] == weight.Shape[0];
        if (!isPlain) return MatMul(x, weight, transposeB: true) + bias;
        Tensor y = Empty(x.Shape.With(-1, weight.Shape[0]), x.Type);
        TensorProduct.Tall(x, weight, true, y, bias);
        return y.WithGradient(x, weight, bias, static (dy, to) =>
        {
            TallTransposedRule(dy, to);
            if (to.Wants(to.C)) to.Add(to.C, dy.SumTo(to.C.Shape));
        }, Saved.Operands);
    }

    /// <summary>
    /// a·op(b) with a as one tall matrix of all its rows: a larger product is a faster one, and the gradient of b needs
    /// no sum over a batch. Closed under differentiation together with <see cref="TallInner"/>.
    /// </summary>
    private static Tensor TallProduct(Tensor a, Tensor b, bool transposeB)
    {
        Tensor y = Empty(a.Shape.With(-1, b.Shape[transposeB ? 0 : 1]), a.Type);
        TensorProduct.Tall(a, b, transposeB, y);
        return y.WithGradient(a, b, transposeB ? TallTransposedRule : TallPlainRule, Saved.Operands);
    }

    private static readonly GradientRule TallTransposedRule = static (dy, to) =>
    {
        if (to.Wants(to.A)) to.Add(to.A, TallProduct(dy, to.B, false));
        if (to.Wants(to.B)) to.Add(to.B, TallInner(dy, to.A));
    };

    private static readonly GradientRule TallPlainRule = static (dy, to) =>
    {
        if (to.Wants(to.A)) to.Add(to.A, TallProduct(dy, to.B, true));
        if (to.Wants(to.B)) to.Add(to.B, TallInner(to.A, dy));
    };

    /// <summary>aᵀ·b with all rows of each as one tall matrix: [.., m] and [.., n] to [m, n].</summary>
    private static Tensor TallInner(Tensor a, Tensor b)
    {
        Tensor y = Empty([a.Shape[-1], b.Shape[-1]], a.Type);
        TensorProduct.TallInner(a, b, y);
        return y.WithGradient(a, b, static (dy, to) =>
        {
            if (to.Wants(to.A)) to.Add(to.A, TallProduct(to.B, dy, true));
            if (to.Wants(to.B)) to.Add(to.B, TallProduct(to.A, dy, false));
        }, Saved.Operands);
    }
}

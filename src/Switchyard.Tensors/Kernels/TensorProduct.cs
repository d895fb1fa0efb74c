namespace Switchyard.Tensors.Kernels;

/// <summary>Matrix products of tensors: which matrix meets which.</summary>
internal static class TensorProduct
{
    /// <summary>y = op(a)·op(b) for every pair of matrices on the last two axes; the leading axes broadcast.</summary>
    public static void Batched(Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor y)
    {
        y.MarkChanged();
        if (y.Elements == 0) return;
        if (y.Type == ElementType.Float32) Batched<float>(a, transposeA, b, transposeB, y);
        else Batched<double>(a, transposeA, b, transposeB, y);
    }

    /// <summary>y = a·op(b), the leading axes of a and y together as rows; plus a bias [columns] if there is one.</summary>
    public static void Tall(Tensor a, Tensor b, bool transposeB, Tensor y, Tensor? bias = null)
        => Single(checked((int)a.Shape.Product(0, a.Rank - 1)), y.Shape[-1], a.Shape[-1], a, false, b, transposeB, y, bias);

    /// <summary>y = aᵀ·b, the leading axes of a and b together as rows.</summary>
    public static void TallInner(Tensor a, Tensor b, Tensor y)
        => Single(y.Shape[0], y.Shape[1], checked((int)a.Shape.Product(0, a.Rank - 1)), a, true, b, false, y);

    /// <summary>y[rows of g] = x[rows of g]·op(weight[g]).</summary>
    public static void GroupedRows(Tensor x, Tensor weight, bool transposeWeight, Tensor offsets, Tensor y)
    {
        y.MarkChanged();
        if (y.Elements == 0) return;
        if (y.Type == ElementType.Float32) GroupedRows<float>(x, weight, transposeWeight, offsets, y);
        else GroupedRows<double>(x, weight, transposeWeight, offsets, y);
    }

    /// <summary>y[g] = a[rows of g]ᵀ·b[rows of g]; zeros for an empty group.</summary>
    public static void GroupedInner(Tensor a, Tensor b, Tensor offsets, Tensor y)
    {
        y.MarkChanged();
        if (y.Elements == 0) return;
        if (y.Type == ElementType.Float32) GroupedInner<float>(a, b, offsets, y);
        else GroupedInner<double>(a, b, offsets, y);
    }

    private static unsafe void Single(int rows, int columns, int inner, Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor y, Tensor? bias = null)
    {
        y.MarkChanged();
        if (y.Elements == 0) return;
        if (y.Type == ElementType.Float32) Multiply<float>();
        else Multiply<double>();

        void Multiply<T>()
            where T : unmanaged
            => MatrixProduct.MultiplyBatch(
                1, rows, columns, inner,
                (T*)a.Address, a.Shape[-1], transposeA, 0,
                (T*)b.Address, b.Shape[-1], transposeB, 0,
                (T*)y.Address, columns, (nint)rows * columns, accumulate: false,
                bias is null ? default : Epilogues.Add((T*)bias.Address));
    }

    private static unsafe void Batched<T>(Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor y)
        where T : unmanaged
    {
        int rows = y.Shape[-2], columns = y.Shape[-1], inner = transposeA ? a.Shape[-2] : a.Shape[-1];
        nint sizeA = (nint)rows * inner, sizeB = (nint)inner * columns, sizeY = (nint)rows * columns;
        BroadcastPlan plan = new(Batch(a), Batch(b), Batch(y));
        foreach (BroadcastRun run in plan.Runs(0, int.MaxValue))
            MatrixProduct.MultiplyBatch(
                run.Length, rows, columns, inner,
                (T*)a.Address + run.A * sizeA, a.Shape[-1], transposeA, run.IsRunA ? sizeA : 0,
                (T*)b.Address + run.B * sizeB, b.Shape[-1], transposeB, run.IsRunB ? sizeB : 0,
                (T*)y.Address + run.Y * sizeY, columns, sizeY, accumulate: false);
    }

    private static unsafe void GroupedRows<T>(Tensor x, Tensor weight, bool transposeWeight, Tensor offsets, Tensor y)
        where T : unmanaged
        => MatrixProduct.MultiplyGroupedRows(
            weight.Shape[0], (int*)offsets.Address, y.Shape[1], x.Shape[1],
            (T*)x.Address, (T*)weight.Address, transposeWeight, (T*)y.Address, accumulate: false);

    private static unsafe void GroupedInner<T>(Tensor a, Tensor b, Tensor offsets, Tensor y)
        where T : unmanaged
        => MatrixProduct.MultiplyGroupedInner(
            y.Shape[0], (int*)offsets.Address, y.Shape[1], y.Shape[2],
            (T*)a.Address, (T*)b.Address, (T*)y.Address, accumulate: false);

    private static Shape Batch(Tensor x)
    {
        Shape shape = x.Shape;
        return Shape.Create(shape.AsSpan()[..^2]);
    }
}

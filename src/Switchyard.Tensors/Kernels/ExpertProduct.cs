namespace Switchyard.Tensors.Kernels;

/// <summary>
/// The products of feed-forward experts, whose rows are taken from where they lie while they are packed: pair p works on
/// row tokenOf[p], and expert e has the pairs offsets[e] up to offsets[e + 1].
/// </summary>
internal static unsafe class ExpertProduct
{
    /// <summary>y[pairs of e] = x[their rows]·op(weight[e]), or added to y.</summary>
    /// <param name="x">[tokens, in], or [pairs, in] without numbers.</param>
    /// <param name="tokenOf">Int32 [pairs], or null.</param>
    /// <param name="weight">[experts, in, out], or [experts, out, in] to be transposed.</param>
    /// <param name="transposeWeight">Whether it is.</param>
    /// <param name="offsets">Int32 [experts + 1]</param>
    /// <param name="y">[pairs, out]</param>
    /// <param name="accumulate">Whether the product is added.</param>
    public static void Rows(Tensor x, Tensor? tokenOf, Tensor weight, bool transposeWeight, Tensor offsets, Tensor y, bool accumulate = false)
    {
        if (y.Type == ElementType.Float32) Rows<float>(x, tokenOf, weight, transposeWeight, offsets, y, accumulate, default);
        else Rows<double>(x, tokenOf, weight, transposeWeight, offsets, y, accumulate, default);
    }

    /// <summary>y[pairs of e] = max(0, x[their rows]·weight[e]ᵀ).</summary>
    public static void Rectified(Tensor x, Tensor tokenOf, Tensor weight, Tensor offsets, Tensor y)
    {
        if (y.Type == ElementType.Float32) Rows(x, tokenOf, weight, true, offsets, y, false, Epilogues.Rectify<float>());
        else Rows(x, tokenOf, weight, true, offsets, y, false, Epilogues.Rectify<double>());
    }

    /// <summary>y[pairs of e] = x[their rows]·weight[e]ᵀ, and hidden = silu(gate)·y.</summary>
    public static void Gated(Tensor x, Tensor tokenOf, Tensor weight, Tensor offsets, Tensor gate, Tensor y, Tensor hidden)
    {
        hidden.MarkChanged();
        Epilogues.GateOperands operands = new() { Gate = (void*)gate.Address, Hidden = (void*)hidden.Address, Width = y.Shape[1] };
        if (y.Type == ElementType.Float32) Rows(x, tokenOf, weight, true, offsets, y, false, Epilogues.Gate<float>(&operands));
        else Rows(x, tokenOf, weight, true, offsets, y, false, Epilogues.Gate<double>(&operands));
    }

    /// <summary>y[e] = Σ over the pairs p of e of the outer product of a's and b's rows for p; zeros without pairs.</summary>
    /// <param name="a">[pairs, m], or [tokens, m] with numbers.</param>
    /// <param name="aRows">Int32 [pairs], or null.</param>
    /// <param name="b">[pairs, n], or [tokens, n] with numbers.</param>
    /// <param name="bRows">Int32 [pairs], or null.</param>
    /// <param name="offsets">Int32 [experts + 1]</param>
    /// <param name="y">[experts, m, n]</param>
    public static void Weights(Tensor a, Tensor? aRows, Tensor b, Tensor? bRows, Tensor offsets, Tensor y)
    {
        y.MarkChanged();
        if (y.Elements == 0) return;
        if (y.Type == ElementType.Float32) Multiply<float>();
        else Multiply<double>();

        void Multiply<T>()
            where T : unmanaged
            => MatrixProduct.MultiplyGroupedInner(
                y.Shape[0], (int*)offsets.Address, y.Shape[1], y.Shape[2],
                (T*)a.Address, (T*)b.Address, (T*)y.Address, accumulate: false, Numbers(aRows), Numbers(bRows));
    }

    private static void Rows<T>(Tensor x, Tensor? tokenOf, Tensor weight, bool transposeWeight, Tensor offsets, Tensor y, bool accumulate, Epilogue<T> epilogue)
        where T : unmanaged
    {
        y.MarkChanged();
        if (y.Elements == 0) return;
        MatrixProduct.MultiplyGroupedRows(
            weight.Shape[0], (int*)offsets.Address, y.Shape[1], x.Shape[1],
            (T*)x.Address, (T*)weight.Address, transposeWeight, (T*)y.Address, accumulate, Numbers(tokenOf), epilogue);
    }

    private static int* Numbers(Tensor? rows) => rows is null ? null : (int*)rows.Address;
}

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// Matrix products of float or double over native memory: one, a batch of them, or one per group of rows.
/// <para>
/// Matrices are row-major; a stride counts elements from one row to the next as it lies in memory. A is
/// [rows, inner], or [inner, rows] when transposed; B is [inner, columns], or [columns, inner] when transposed;
/// C is [rows, columns] and overlaps neither. With <c>accumulate</c> the product is added to C.
/// </para>
/// <para>
/// All but <see cref="MultiplySerial"/> share the work out over the pool. It is C that is shared out, never the inner
/// dimension: an element of C is one chain of multiply-adds, so it has the same bits for any number of threads and
/// any cut. (With a transposed B and up to sixteen rows, or with up to sixteen columns, it is one chain per lane of a vector.)
/// </para>
/// </summary>
internal static unsafe class MatrixProduct
{
    /// <summary>C = A·B.</summary>
    internal static void Multiply<T>(
        int rows, int columns, int inner,
        T* a, int aStride, bool aTransposed,
        T* b, int bStride, bool bTransposed,
        T* c, int cStride, bool accumulate)
        where T : unmanaged =>
        MultiplyBatch(1, rows, columns, inner, a, aStride, aTransposed, 0, b, bStride, bTransposed, 0, c, cStride, 0, accumulate);

    /// <summary>C = A·B on the calling thread alone, for use inside the body of another kernel.</summary>
    internal static void MultiplySerial<T>(
        int rows, int columns, int inner,
        T* a, int aStride, bool aTransposed,
        T* b, int bStride, bool bTransposed,
        T* c, int cStride, bool accumulate)
        where T : unmanaged =>
        ProductSchedule<T>.RunSerially(
            new Block<T>(rows, columns, inner, a, aStride, aTransposed, b, bStride, bTransposed, c, cStride, accumulate),
            Processor.Chosen);

    /// <summary>
    /// C[i] = A[i]·B[i] for every i below <paramref name="batch"/>. A batch stride counts elements from one matrix to
    /// the next; 0 uses the same matrix of A or B for all.
    /// </summary>
    internal static void MultiplyBatch<T>(
        int batch, int rows, int columns, int inner,
        T* a, int aStride, bool aTransposed, nint aBatchStride,
        T* b, int bStride, bool bTransposed, nint bBatchStride,
        T* c, int cStride, nint cBatchStride, bool accumulate, Epilogue<T> epilogue = default)
        where T : unmanaged =>
        new ProductSchedule<T>
        {
            Products = batch,
            First = new Block<T>(rows, columns, inner, a, aStride, aTransposed, b, bStride, bTransposed, c, cStride, accumulate) { Epilogue = epilogue },
            AStep = aBatchStride,
            BStep = bBatchStride,
            CStep = cBatchStride,
        }.Run(Processor.Chosen);

    /// <summary>
    /// C[rows of g] = A[rows of g]·B[g] for every group g, whose rows are <paramref name="offsets"/>[g] up to
    /// <paramref name="offsets"/>[g + 1]. All matrices lie without gaps.
    /// </summary>
    /// <param name="groups">How many groups; some may be empty.</param>
    /// <param name="offsets">[groups + 1], not falling.</param>
    /// <param name="columns">Columns of B[g] and of C.</param>
    /// <param name="inner">Columns of A.</param>
    /// <param name="a">[offsets[groups], inner]</param>
    /// <param name="b">[groups, inner, columns], or [groups, columns, inner] when transposed.</param>
    /// <param name="bTransposed">Which of the two.</param>
    /// <param name="c">[offsets[groups], columns]</param>
    /// <param name="accumulate">Whether to add to C.</param>
    /// <param name="aRows">[offsets[groups]], which row of A stands for each; null for all as they lie.</param>
    /// <param name="epilogue">What happens to C when it is done.</param>
    internal static void MultiplyGroupedRows<T>(
        int groups, int* offsets, int columns, int inner, T* a, T* b, bool bTransposed, T* c, bool accumulate, int* aRows = null, Epilogue<T> epilogue = default)
        where T : unmanaged =>
        new ProductSchedule<T>
        {
            Products = groups,
            RowOffsets = offsets,
            First = new Block<T>(0, columns, inner, a, inner, false, b, bTransposed ? inner : columns, bTransposed, c, columns, accumulate) { ARows = aRows, Epilogue = epilogue },
            BStep = (nint)inner * columns,
        }.Run(Processor.Chosen);

    /// <summary>
    /// C[g] = A[rows of g]ᵀ·B[rows of g] for every group g: the gradients of the weights that
    /// <see cref="MultiplyGroupedRows"/> took. An empty group gives zeros, or leaves C[g] when accumulating.
    /// </summary>
    /// <param name="groups">How many groups; some may be empty.</param>
    /// <param name="offsets">[groups + 1], not falling: group g has the rows offsets[g] up to offsets[g + 1].</param>
    /// <param name="rows">Columns of A, which are the rows of C[g].</param>
    /// <param name="columns">Columns of B and of C[g].</param>
    /// <param name="a">[offsets[groups], rows]</param>
    /// <param name="b">[offsets[groups], columns]</param>
    /// <param name="c">[groups, rows, columns]</param>
    /// <param name="accumulate">Whether to add to C.</param>
    /// <param name="aRows">[offsets[groups]], which row of A stands for each; null for all as they lie.</param>
    /// <param name="bRows">The same of B.</param>
    internal static void MultiplyGroupedInner<T>(
        int groups, int* offsets, int rows, int columns, T* a, T* b, T* c, bool accumulate, int* aRows = null, int* bRows = null)
        where T : unmanaged =>
        new ProductSchedule<T>
        {
            Products = groups,
            InnerOffsets = offsets,
            First = new Block<T>(rows, columns, 0, a, rows, true, b, columns, false, c, columns, accumulate) { ARows = aRows, BRows = bRows },
            CStep = (nint)rows * columns,
        }.Run(Processor.Chosen);
}

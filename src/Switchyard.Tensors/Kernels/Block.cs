namespace Switchyard.Tensors.Kernels;

/// <summary>
/// One product C = A·B on one thread: a whole matrix, or a rectangle cut out of a larger C.
/// A is [rows, inner], B is [inner, columns], C is [rows, columns]; a transposed operand lies the other way round.
/// Strides count elements from one row, as it lies in memory, to the next.
/// </summary>
internal unsafe struct Block<T>(
    int rows, int columns, int inner,
    T* a, int aStride, bool aTransposed,
    T* b, int bStride, bool bTransposed,
    T* c, int cStride, bool accumulate)
    where T : unmanaged
{
    internal int Rows = rows;
    internal int Columns = columns;
    internal int Inner = inner;
    internal T* A = a;
    internal int AStride = aStride;
    internal bool ATransposed = aTransposed;
    internal T* B = b;
    internal int BStride = bStride;
    internal bool BTransposed = bTransposed;
    internal T* C = c;
    internal int CStride = cStride;

    /// <summary>Whether the product is added to C.</summary>
    internal bool Accumulate = accumulate;

    /// <summary>The numbers of the rows of A, as they lie in memory, that take part, in their order; null for all as they lie. Likewise of B.</summary>
    internal int* ARows, BRows;

    /// <summary>Where in the whole C the block begins.</summary>
    internal int Row, Column;

    /// <summary>Whether the block has the end of the inner dimension, so that C is done after it.</summary>
    internal bool Completes = true;

    /// <summary>What happens to C when it is done.</summary>
    internal Epilogue<T> Epilogue;

    /// <summary>The rows of A as they lie in memory.</summary>
    internal readonly StoredRows<T> StoredA => new(A, AStride, ARows);

    /// <summary>The rows of B as they lie in memory.</summary>
    internal readonly StoredRows<T> StoredB => new(B, BStride, BRows);

    /// <summary>The part of A from this row and this place of the inner dimension on, where its rows are as they lie.</summary>
    internal readonly T* RowOfA(int row, int inner = 0) =>
        ATransposed ? A + (nint)inner * AStride + row : A + (nint)row * AStride + inner;

    /// <summary>The part of B from this column and this place of the inner dimension on, where its rows are as they lie.</summary>
    internal readonly T* ColumnOfB(int column, int inner = 0) =>
        BTransposed ? B + (nint)column * BStride + inner : B + (nint)inner * BStride + column;

    /// <summary>The product of a part of the inner dimension, added to that of the parts before it.</summary>
    internal readonly Block<T> CutInner(int first, int inner)
    {
        Block<T> cut = FromInner(first, inner);
        cut.Accumulate |= first > 0;
        cut.Completes &= first + inner == Inner;
        return cut;
    }

    /// <summary>The product of a part of the inner dimension alone.</summary>
    internal readonly Block<T> FromInner(int first, int inner)
    {
        Block<T> cut = this;
        cut.Inner = inner;
        Advance(ref cut.A, ref cut.ARows, AStride, ATransposed ? first : 0, ATransposed ? 0 : first);
        Advance(ref cut.B, ref cut.BRows, BStride, BTransposed ? 0 : first, BTransposed ? first : 0);
        return cut;
    }

    /// <summary>The rectangle of C, and the rows of A and columns of B that belong to it.</summary>
    internal readonly Block<T> Cut(int row, int rows, int column, int columns)
    {
        Block<T> cut = this;
        (cut.Rows, cut.Columns, cut.Row, cut.Column) = (rows, columns, Row + row, Column + column);
        Advance(ref cut.A, ref cut.ARows, AStride, ATransposed ? 0 : row, ATransposed ? row : 0);
        Advance(ref cut.B, ref cut.BRows, BStride, BTransposed ? column : 0, BTransposed ? 0 : column);
        cut.C += (nint)row * CStride + column;
        return cut;
    }

    /// <summary>Does to C what is to be done at the end, if this is the end.</summary>
    internal readonly void Finish()
    {
        if (Completes && Epilogue.Apply != null) Epilogue.Apply(C, CStride, Rows, Columns, Row, Column, Epilogue.State);
    }

    private static void Advance(ref T* start, ref int* numbers, int stride, int rows, int elements)
    {
        if (numbers == null) start += (nint)rows * stride;
        else numbers += rows;
        start += elements;
    }
}

/// <summary>Rows of a matrix as they lie in memory, or those of them that a list names.</summary>
/// <param name="start">The first row.</param>
/// <param name="stride">Elements from one row to the next.</param>
/// <param name="numbers">Which rows, or null for all.</param>
internal readonly unsafe struct StoredRows<T>(T* start, nint stride, int* numbers)
    where T : unmanaged
{
    /// <summary>Where a row begins.</summary>
    internal T* this[int row] => start + (numbers == null ? row : numbers[row]) * stride;
}

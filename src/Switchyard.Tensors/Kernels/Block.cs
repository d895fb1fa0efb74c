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

    /// <summary>The part of A from this row and this place of the inner dimension on.</summary>
    internal readonly T* RowOfA(int row, int inner = 0) =>
        ATransposed ? A + (nint)inner * AStride + row : A + (nint)row * AStride + inner;

    /// <summary>The part of B from this column and this place of the inner dimension on.</summary>
    internal readonly T* ColumnOfB(int column, int inner = 0) =>
        BTransposed ? B + (nint)column * BStride + inner : B + (nint)inner * BStride + column;

    /// <summary>The product of a part of the inner dimension, added to that of the parts before it.</summary>
    internal readonly Block<T> CutInner(int first, int inner) => this with
    {
        Inner = inner,
        A = RowOfA(0, first),
        B = ColumnOfB(0, first),
        Accumulate = Accumulate || first > 0,
    };

    /// <summary>The rectangle of C, and the rows of A and columns of B that belong to it.</summary>
    internal readonly Block<T> Cut(int row, int rows, int column, int columns) => this with
    {
        Rows = rows,
        Columns = columns,
        A = RowOfA(row),
        B = ColumnOfB(column),
        C = C + (nint)row * CStride + column,
    };
}

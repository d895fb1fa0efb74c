namespace Switchyard.Tensors.Kernels;

/// <summary>
/// One product C = A·B on one thread: a whole matrix, or a rectangle cut out of a larger C.
/// A is [rows, inner], B is [inner, columns], C is [rows, columns]; a transposed operand lies the other way round.
/// Strides count elements from one row, as it lies in memory, to the next.
/// </summary>
internal unsafe struct Block<T>
    where T : unmanaged
{
    internal int Rows;
    internal int Columns;
    internal int Inner;
    internal T* A;
    internal int AStride;
    internal bool ATransposed;
    internal T* B;
    internal int BStride;
    internal bool BTransposed;
    internal T* C;
    internal int CStride;
    internal bool Accumulate;

    /// <summary>The part of A from this row and this place of the inner dimension on.</summary>
    internal readonly T* RowOfA(int row, int inner = 0) =>
        ATransposed ? A + (nint)inner * AStride + row : A + (nint)row * AStride + inner;

    /// <summary>The part of B from this column and this place of the inner dimension on.</summary>
    internal readonly T* ColumnOfB(int column, int inner = 0) =>
        BTransposed ? B + (nint)column * BStride + inner : B + (nint)inner * BStride + column;

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

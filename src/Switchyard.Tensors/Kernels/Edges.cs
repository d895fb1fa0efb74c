namespace Switchyard.Tensors.Kernels;

/// <summary>Where a matrix is cut into pieces of nearly equal size that begin where a register tile does.</summary>
internal static class Edges
{
    /// <summary>Pieces begin at multiples of this many columns: of the widest tile, or nearly.</summary>
    internal const int ColumnStep = 32;

    /// <summary>Pieces of the inner dimension begin at multiples of this, by which its loop is unrolled.</summary>
    internal const int InnerStep = 4;

    /// <summary>Where a piece of a side begins; that past the last one is the length of the side.</summary>
    internal static int Of(int length, int pieces, int piece, int multiple) =>
        piece == pieces ? length : (int)((long)length * piece / pieces / multiple * multiple);

    /// <summary>A rectangle of a grid over C, and the rows of A and columns of B that belong to it.</summary>
    internal static Block<T> Cut<T>(in Block<T> whole, int row, int rows, int column, int columns)
        where T : unmanaged
    {
        int top = Of(whole.Rows, rows, row, 1), left = Of(whole.Columns, columns, column, ColumnStep);
        return whole.Cut(top, Of(whole.Rows, rows, row + 1, 1) - top, left, Of(whole.Columns, columns, column + 1, ColumnStep) - left);
    }
}

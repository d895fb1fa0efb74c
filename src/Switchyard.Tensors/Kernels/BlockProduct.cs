using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// The blocked product on one thread. A slice of A is packed, to be read in one sweep from the outer caches; strip by
/// strip of B is packed to stay in the first-level cache, and meets all of the slice while it is there (Goto and van de Geijn,
/// "Anatomy of High-Performance Matrix Multiplication", 2008, with the roles of A and B exchanged).
/// </summary>
internal static unsafe class BlockProduct
{
    /// <summary>The most rows of a block: enough to pay for packing B, few enough for a slice of A of one megabyte.</summary>
    internal const int MaximumRows = 1008;

    // A strip of B, two vectors wide, then fills half of a first-level cache.
    private const int InnerBlock = 256;

    // With fewer rows than this, packing a strip of B costs more than reading it in place.
    private const int RowsWorthPacking = 16;

    private const int TileElements = 14 * 32;

    /// <summary>Computes a block; its rows are at most <see cref="MaximumRows"/>.</summary>
    internal static void Run<T>(in Block<T> block, InstructionSet set)
        where T : unmanaged
    {
        switch (set)
        {
            case InstructionSet.Avx512: Run<T, Vector512<T>, Lanes512<T>>(block); break;
            case InstructionSet.Avx2: Run<T, Vector256<T>, Lanes256<T>>(block); break;
            default: Run<T, Vector128<T>, Lanes128<T>>(block); break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Run<T, TVector, TLanes>(in Block<T> block)
        where T : unmanaged
        where TVector : unmanaged
        where TLanes : struct, ILanes<T, TVector>
    {
        int width = 2 * TLanes.Count;
        int panels = (block.Rows + TLanes.TileRows - 1) / TLanes.TileRows;
        int longest = Math.Min(block.Inner, InnerBlock);
        T* packedA = (T*)Scratch.Rent(((long)block.Rows * longest + (long)width * longest + 64) * sizeof(T));
        T* packedB = (T*)(((nint)(packedA + (nint)block.Rows * longest) + 63) & ~63);
        T* edge = stackalloc T[TileElements];

        // An empty inner dimension is one empty chain, which stores the zeros.
        int k = 0;
        do
        {
            int inner = Math.Min(block.Inner - k, InnerBlock);
            bool accumulate = block.Accumulate || k > 0;
            PackA(block, k, inner, panels, packedA);
            for (int column = 0; column < block.Columns; column += width)
            {
                int columns = Math.Min(width, block.Columns - column);
                T* b = block.ColumnOfB(column, k);
                nint bStride = block.BStride;
                if (block.BTransposed || columns < width || block.Rows > RowsWorthPacking)
                {
                    if (block.BTransposed) Packing.Transpose(b, bStride, inner, columns, packedB, width);
                    else Packing.Copy(b, bStride, inner, columns, packedB, width);
                    b = packedB;
                    bStride = width;
                }

                T* a = packedA;
                for (int panel = 0; panel < panels; panel++)
                {
                    int row = First(block.Rows, panels, panel), rows = First(block.Rows, panels, panel + 1) - row;
                    T* c = block.C + (nint)row * block.CStride + column;
                    if (columns == width)
                    {
                        RegisterTile.Multiply<T, TVector, TLanes>(rows, inner, a, b, bStride, c, block.CStride, accumulate);
                    }
                    else
                    {
                        if (accumulate) CopyTile(c, block.CStride, edge, width, rows, columns);
                        RegisterTile.Multiply<T, TVector, TLanes>(rows, inner, a, b, bStride, edge, width, accumulate);
                        CopyTile(edge, width, c, block.CStride, rows, columns);
                    }

                    a += rows * inner;
                }
            }

            k += inner;
        }
        while (k < block.Inner);
    }

    private static void PackA<T>(in Block<T> block, int k, int inner, int panels, T* packed)
        where T : unmanaged
    {
        for (int panel = 0; panel < panels; panel++)
        {
            int row = First(block.Rows, panels, panel), rows = First(block.Rows, panels, panel + 1) - row;
            if (block.ATransposed) Packing.Copy(block.RowOfA(row, k), block.AStride, inner, rows, packed, rows);
            else Packing.Transpose(block.RowOfA(row, k), block.AStride, inner, rows, packed, rows);
            packed += rows * inner;
        }
    }

    // Panels of equal height rather than a thin last one: a tile of few rows is a slow tile.
    private static int First(int rows, int panels, int panel) => (int)((long)rows * panel / panels);

    private static void CopyTile<T>(T* source, nint sourceStride, T* destination, nint destinationStride, int rows, int columns)
        where T : unmanaged
    {
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                destination[row * destinationStride + column] = source[row * sourceStride + column];
            }
        }
    }
}

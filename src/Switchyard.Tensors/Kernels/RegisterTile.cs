using System.Runtime.CompilerServices;
using static Switchyard.Tensors.Kernels.TileSize;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// The innermost loop of every matrix product: a tile of C whose sums stay in registers while the inner dimension runs
/// by. Each element is one chain of multiply-adds in the order of the inner dimension, starting from zero or from what C
/// holds. So an element is the same bits wherever it lies in the tile, and wherever the inner dimension was cut into
/// blocks.
/// </summary>
internal static unsafe class RegisterTile
{
    /// <summary>Tiles are multiples of this many columns wide: of a vector, or of two where all tiles are two wide.</summary>
    public static int Unit<T, TVector, TLanes>()
        where T : unmanaged
        where TVector : unmanaged
        where TLanes : struct, ILanes<T, TVector>
        => TLanes.TileVectors == 2 ? 2 * TLanes.Count : TLanes.Count;

    /// <summary>C = A·B, or C += A·B, for tiles one below the other.</summary>
    /// <param name="tiles">How many tiles.</param>
    /// <param name="rows">Height of a tile, at most that of the lanes' largest.</param>
    /// <param name="vectors">Width of a tile, at most that of the lanes' largest; exactly that where it is two.</param>
    /// <param name="inner">Length of the chain.</param>
    /// <param name="a">[tiles, inner, rows of the largest tile], packed; only the first rows are read.</param>
    /// <param name="aStride">Elements of A from one tile to the next.</param>
    /// <param name="b">[inner, vectors], its rows <paramref name="bStride"/> elements apart.</param>
    /// <param name="bStride">Elements from one row of B to the next.</param>
    /// <param name="c">[tiles · rows, vectors], its rows <paramref name="cStride"/> elements apart.</param>
    /// <param name="cStride">Elements from one row of C to the next.</param>
    /// <param name="accumulate">Whether the sums start from C instead of zero.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply<T, TVector, TLanes>(
        int tiles, int rows, int vectors, nint inner, T* a, nint aStride, T* b, nint bStride, T* c, nint cStride, bool accumulate)
        where T : unmanaged
        where TVector : unmanaged
        where TLanes : struct, ILanes<T, TVector>
    {
        if (TLanes.TileVectors == 2) Tall<T, TVector, TLanes>(tiles, rows, inner, a, aStride, b, bStride, c, cStride, accumulate);
        else Wide<T, TVector, TLanes>(tiles, rows, vectors, inner, a, aStride, b, bStride, c, cStride, accumulate);
    }

    private static void Wide<T, TVector, TLanes>(
        int tiles, int rows, int vectors, nint inner, T* a, nint aStride, T* b, nint bStride, T* c, nint cStride, bool accumulate)
        where T : unmanaged
        where TVector : unmanaged
        where TLanes : struct, ILanes<T, TVector>
    {
        switch (rows, vectors)
        {
            case (1, 1): Wide<T, TVector, TLanes, One, One>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case (2, 1): Wide<T, TVector, TLanes, Two, One>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case (3, 1): Wide<T, TVector, TLanes, Three, One>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case (4, 1): Wide<T, TVector, TLanes, Four, One>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case (1, 2): Wide<T, TVector, TLanes, One, Two>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case (2, 2): Wide<T, TVector, TLanes, Two, Two>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case (3, 2): Wide<T, TVector, TLanes, Three, Two>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case (4, 2): Wide<T, TVector, TLanes, Four, Two>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case (1, 3): Wide<T, TVector, TLanes, One, Three>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case (2, 3): Wide<T, TVector, TLanes, Two, Three>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case (3, 3): Wide<T, TVector, TLanes, Three, Three>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case (4, 3): Wide<T, TVector, TLanes, Four, Three>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Wide<T, TVector, TLanes, TRows, TVectors>(
        int tiles, nint inner, T* a, nint aStride, T* b, nint bStride, T* c, nint cStride, bool accumulate)
        where T : unmanaged
        where TVector : unmanaged
        where TLanes : struct, ILanes<T, TVector>
        where TRows : unmanaged
        where TVectors : unmanaged
    {
        if (bStride == TLanes.TileVectors * TLanes.Count) WideTile.Packed<T, TVector, TLanes, TRows, TVectors>(tiles, inner, a, aStride, b, c, cStride, accumulate);
        else WideTile.InPlace<T, TVector, TLanes, TRows, TVectors>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate);
    }

    private static void Tall<T, TVector, TLanes>(
        int tiles, int rows, nint inner, T* a, nint aStride, T* b, nint bStride, T* c, nint cStride, bool accumulate)
        where T : unmanaged
        where TVector : unmanaged
        where TLanes : struct, ILanes<T, TVector>
    {
        switch (rows)
        {
            case 1: TallTile.Multiply<T, TVector, TLanes, One>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 2: TallTile.Multiply<T, TVector, TLanes, Two>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 3: TallTile.Multiply<T, TVector, TLanes, Three>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 4: TallTile.Multiply<T, TVector, TLanes, Four>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 5: TallTile.Multiply<T, TVector, TLanes, Five>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 6: TallTile.Multiply<T, TVector, TLanes, Six>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 7: TallTile.Multiply<T, TVector, TLanes, Seven>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 8: TallTile.Multiply<T, TVector, TLanes, Eight>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 9: TallTile.Multiply<T, TVector, TLanes, Nine>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 10: TallTile.Multiply<T, TVector, TLanes, Ten>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 11: TallTile.Multiply<T, TVector, TLanes, Eleven>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 12: TallTile.Multiply<T, TVector, TLanes, Twelve>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 13: TallTile.Multiply<T, TVector, TLanes, Thirteen>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 14: TallTile.Multiply<T, TVector, TLanes, Fourteen>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
        }
    }
}

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
    public static int Unit<T, TVector, TRegister>()
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
        => TRegister.TileVectors == 2 ? 2 * TRegister.Count : TRegister.Count;

    /// <summary>C = A·B, or C += A·B, for tiles one below the other.</summary>
    /// <param name="tiles">How many tiles.</param>
    /// <param name="rows">Height of a tile, at most that of the register's largest.</param>
    /// <param name="vectors">Width of a tile, at most that of the register's largest; exactly that where it is two.</param>
    /// <param name="inner">Length of the chain.</param>
    /// <param name="a">[tiles, inner, rows of the largest tile], packed; only the first rows are read.</param>
    /// <param name="aStride">Elements of A from one tile to the next.</param>
    /// <param name="b">[inner, vectors], its rows <paramref name="bStride"/> elements apart.</param>
    /// <param name="bStride">Elements from one row of B to the next.</param>
    /// <param name="c">[tiles · rows, vectors], its rows <paramref name="cStride"/> elements apart.</param>
    /// <param name="cStride">Elements from one row of C to the next.</param>
    /// <param name="accumulate">Whether the sums start from C instead of zero.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply<T, TVector, TRegister>(
        int tiles, int rows, int vectors, nint inner, T* a, nint aStride, T* b, nint bStride, T* c, nint cStride, bool accumulate)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        if (TRegister.TileVectors == 2) Tall<T, TVector, TRegister>(tiles, rows, inner, a, aStride, b, bStride, c, cStride, accumulate);
        else Wide<T, TVector, TRegister>(tiles, rows, vectors, inner, a, aStride, b, bStride, c, cStride, accumulate);
    }

    private static void Wide<T, TVector, TRegister>(
        int tiles, int rows, int vectors, nint inner, T* a, nint aStride, T* b, nint bStride, T* c, nint cStride, bool accumulate)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        switch (rows, vectors)
        {
            case (1, 1): Wide<T, TVector, TRegister, One, One>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case (2, 1): Wide<T, TVector, TRegister, Two, One>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case (3, 1): Wide<T, TVector, TRegister, Three, One>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case (4, 1): Wide<T, TVector, TRegister, Four, One>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case (1, 2): Wide<T, TVector, TRegister, One, Two>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case (2, 2): Wide<T, TVector, TRegister, Two, Two>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case (3, 2): Wide<T, TVector, TRegister, Three, Two>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case (4, 2): Wide<T, TVector, TRegister, Four, Two>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case (1, 3): Wide<T, TVector, TRegister, One, Three>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case (2, 3): Wide<T, TVector, TRegister, Two, Three>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case (3, 3): Wide<T, TVector, TRegister, Three, Three>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case (4, 3): Wide<T, TVector, TRegister, Four, Three>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Wide<T, TVector, TRegister, TRows, TVectors>(
        int tiles, nint inner, T* a, nint aStride, T* b, nint bStride, T* c, nint cStride, bool accumulate)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
        where TRows : unmanaged
        where TVectors : unmanaged
    {
        if (bStride == TRegister.TileVectors * TRegister.Count) WideTile.Packed<T, TVector, TRegister, TRows, TVectors>(tiles, inner, a, aStride, b, c, cStride, accumulate);
        else WideTile.InPlace<T, TVector, TRegister, TRows, TVectors>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate);
    }

    private static void Tall<T, TVector, TRegister>(
        int tiles, int rows, nint inner, T* a, nint aStride, T* b, nint bStride, T* c, nint cStride, bool accumulate)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        switch (rows)
        {
            case 1: TallTile.Multiply<T, TVector, TRegister, One>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 2: TallTile.Multiply<T, TVector, TRegister, Two>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 3: TallTile.Multiply<T, TVector, TRegister, Three>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 4: TallTile.Multiply<T, TVector, TRegister, Four>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 5: TallTile.Multiply<T, TVector, TRegister, Five>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 6: TallTile.Multiply<T, TVector, TRegister, Six>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 7: TallTile.Multiply<T, TVector, TRegister, Seven>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 8: TallTile.Multiply<T, TVector, TRegister, Eight>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 9: TallTile.Multiply<T, TVector, TRegister, Nine>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 10: TallTile.Multiply<T, TVector, TRegister, Ten>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 11: TallTile.Multiply<T, TVector, TRegister, Eleven>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 12: TallTile.Multiply<T, TVector, TRegister, Twelve>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 13: TallTile.Multiply<T, TVector, TRegister, Thirteen>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
            case 14: TallTile.Multiply<T, TVector, TRegister, Fourteen>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate); break;
        }
    }
}

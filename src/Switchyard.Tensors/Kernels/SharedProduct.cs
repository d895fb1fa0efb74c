using System.Runtime.Intrinsics;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// One large product on several threads that share what they pack. C is computed tile by tile, and within a tile by slices
/// of the inner dimension. All threads pack the blocks of A and B of a slice, each block once, and then all of them
/// multiply every block of A by every block of B. While one half of a slice is multiplied the next is packed beside it, so
/// nobody waits for all the others, and a thread that is held up leaves its share to the rest.
/// </summary>
/// <remarks>
/// The parts stand in one order and are begun in it: a part may wait for those before it, for somebody is at work on them.
/// </remarks>
internal unsafe struct SharedProduct<T>
    where T : unmanaged
{
    // A tile of C: with two slices of A and B of this length it fits a third-level cache.
    private const int TileRows = 1024, TileColumns = 2048;

    // The blocks of a slice are shorter only to give every thread some of them.
    private const int BlockRows = 256, BlockColumns = 512, LeastRows = 64, LeastColumns = 192;

    // So many that a thread which took the last one holds nobody up for long.
    private const int BlocksPerThread = 4;

    // Below these, threads get along better without each other: a block of B would meet but one of A.
    private const int WorthSharingRows = 2 * LeastRows;
    private const long WorthSharing = 1 << 22;

    private Block<T> _whole;
    private int _rowTiles, _columnTiles, _innerSlices;
    private int _rowBlocks, _columnBlocks;

    // [2, row blocks], [2, column blocks]: slices take turns between two places.
    private T* _packedA, _packedB;
    private nint _sizeOfA, _sizeOfB;

    // [slices, row blocks + column blocks], [slices, row blocks · column blocks], [slices]
    private int* _packed, _multiplied, _finished;

    /// <summary>Whether a product is large enough to be shared in this way.</summary>
    internal static bool Suits(in Block<T> product) =>
        WorkerPool.Threads > 1 && product.Rows >= WorthSharingRows && product.Columns >= LeastColumns
        && (double)product.Rows * product.Columns * product.Inner >= WorthSharing;

    /// <summary>Computes a product on the pool.</summary>
    internal static void Run(in Block<T> product, InstructionSet set)
    {
        switch (set)
        {
            case InstructionSet.Avx512: Run<Vector512<T>, RawRegister512<T>>(product); break;
            case InstructionSet.Avx2: Run<Vector256<T>, RawRegister256<T>>(product); break;
            default: Run<Vector128<T>, RawRegister128<T>>(product); break;
        }
    }

    internal static void Run<TVector, TRegister>(in Block<T> product)
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        SharedProduct<T> shared = new() { _whole = product };
        shared.ChooseGrid(TRegister.InnerBlock);
        int rows = Quotient(Quotient(product.Rows, shared._rowTiles), shared._rowBlocks) + 1;
        int columns = Quotient(Quotient(product.Columns, shared._columnTiles), shared._columnBlocks) + 2 * Edges.ColumnStep;
        shared._sizeOfA = BlockProduct.PanelsOfA<T, TVector, TRegister>(rows, TRegister.InnerBlock + Edges.InnerStep).Elements;
        shared._sizeOfB = BlockProduct.Strips<T, TVector, TRegister>(columns, TRegister.InnerBlock + Edges.InnerStep).Elements;
        int slices = shared.Slices, packs = shared.Packs, blocks = shared.Blocks;
        using Workspace<T> panels = new(2 * (shared._rowBlocks * shared._sizeOfA + shared._columnBlocks * shared._sizeOfB));
        using Workspace<int> progress = new((long)slices * (packs + blocks + 1));
        new Span<int>(progress.Pointer, checked(slices * (packs + blocks + 1))).Clear();
        shared._packedA = panels.Pointer;
        shared._packedB = shared._packedA + 2 * shared._rowBlocks * shared._sizeOfA;
        shared._packed = progress.Pointer;
        shared._multiplied = shared._packed + slices * packs;
        shared._finished = shared._multiplied + slices * blocks;
        WorkerPool.Run(checked(slices * (packs + blocks)), &RunPart<TVector, TRegister>, &shared);
    }

    private readonly int Slices => _rowTiles * _columnTiles * _innerSlices;

    private readonly int Packs => _rowBlocks + _columnBlocks;

    private readonly int Blocks => _rowBlocks * _columnBlocks;

    private void ChooseGrid(int innerBlock)
    {
        (_rowTiles, _columnTiles) = (Quotient(_whole.Rows, TileRows), Quotient(_whole.Columns, TileColumns));
        _innerSlices = Quotient(_whole.Inner, innerBlock);
        int rows = Quotient(_whole.Rows, _rowTiles), columns = Quotient(_whole.Columns, _columnTiles);
        (_rowBlocks, _columnBlocks) = (Quotient(rows, BlockRows), Quotient(columns, BlockColumns));
        while (_rowBlocks * _columnBlocks < BlocksPerThread * WorkerPool.Threads)
        {
            bool cutRows = rows / _rowBlocks >= 2 * LeastRows, cutColumns = columns / _columnBlocks >= 2 * LeastColumns;
            if (cutRows && (!cutColumns || 2 * (rows / _rowBlocks) >= columns / _columnBlocks)) _rowBlocks *= 2;
            else if (cutColumns) _columnBlocks *= 2;
            else return;
        }
    }

    // First the packs of slice 0, then of every slice half of its blocks, the packs of the next one, the other half.
    private static void RunPart<TVector, TRegister>(void* state, int part)
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        SharedProduct<T>* shared = (SharedProduct<T>*)state;
        int packs = shared->Packs, blocks = shared->Blocks, half = blocks / 2;
        if (part < packs)
        {
            shared->Pack<TVector, TRegister>(0, part);
            return;
        }

        (int slice, int step) = Math.DivRem(part - packs, packs + blocks);
        if (step < half) shared->Multiply<TVector, TRegister>(slice, step);
        else if (slice == shared->Slices - 1) shared->Multiply<TVector, TRegister>(slice, step);
        else if (step < half + packs) shared->Pack<TVector, TRegister>(slice + 1, step - half);
        else shared->Multiply<TVector, TRegister>(slice, step - packs);
    }

    private readonly void Pack<TVector, TRegister>(int slice, int pack)
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        // The place belonged to the slice before the last.
        if (slice >= 2) Await(_finished + slice - 2, Blocks);
        int column = pack - _rowBlocks;
        if (column < 0)
        {
            Block<T> block = Cut(slice, pack, 0);
            BlockProduct.PackA(block, BlockProduct.PanelsOfA<T, TVector, TRegister>(block.Rows, block.Inner), PackedA(slice, pack));
        }
        else
        {
            Block<T> block = Cut(slice, 0, column);
            BlockProduct.PackB(block, BlockProduct.Strips<T, TVector, TRegister>(block.Columns, block.Inner), PackedB(slice, column));
        }

        Volatile.Write(ref _packed[slice * Packs + pack], 1);
    }

    private readonly void Multiply<TVector, TRegister>(int slice, int index)
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        (int row, int column) = Math.DivRem(index, _columnBlocks);
        Await(_packed + slice * Packs + row, 1);
        Await(_packed + slice * Packs + _rowBlocks + column, 1);
        // The chain of multiply-adds is continued where the slice before left it.
        if (slice % _innerSlices > 0) Await(_multiplied + (slice - 1) * Blocks + index, 1);
        Block<T> block = Cut(slice, row, column);
        BlockProduct.MultiplyPacked<T, TVector, TRegister>(
            block, BlockProduct.PanelsOfA<T, TVector, TRegister>(block.Rows, block.Inner), PackedA(slice, row),
            BlockProduct.Strips<T, TVector, TRegister>(block.Columns, block.Inner), PackedB(slice, column));
        Volatile.Write(ref _multiplied[slice * Blocks + index], 1);
        Interlocked.Increment(ref _finished[slice]);
    }

    private readonly T* PackedA(int slice, int row) => _packedA + (slice % 2 * _rowBlocks + row) * _sizeOfA;

    private readonly T* PackedB(int slice, int column) => _packedB + (slice % 2 * _columnBlocks + column) * _sizeOfB;

    private readonly Block<T> Cut(int slice, int row, int column)
    {
        (int tile, int k) = Math.DivRem(slice, _innerSlices);
        (int rowTile, int columnTile) = Math.DivRem(tile, _columnTiles);
        return Edges.Cut(Edges.Cut(_whole, rowTile, _rowTiles, columnTile, _columnTiles), row, _rowBlocks, column, _columnBlocks).CutInner(
            Edges.Of(_whole.Inner, _innerSlices, k, Edges.InnerStep),
            Edges.Of(_whole.Inner, _innerSlices, k + 1, Edges.InnerStep) - Edges.Of(_whole.Inner, _innerSlices, k, Edges.InnerStep));
    }

    // Somebody is at work on what is awaited, but the operating system may have taken his processor away.
    private static void Await(int* progress, int value)
    {
        SpinWait spin = default;
        while (Volatile.Read(ref *progress) < value) spin.SpinOnce(sleep1Threshold: -1);
    }

    private static int Quotient(int dividend, int divisor) => (dividend + divisor - 1) / divisor;
}

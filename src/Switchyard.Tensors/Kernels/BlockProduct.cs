using System.Runtime.Intrinsics;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// The blocked product on one thread: a slice of B is packed into the third-level cache, slices of A one after the other
/// into the second, and while a strip of B is in the first it meets all of the slice of A (Goto and van de Geijn, "Anatomy
/// of High-Performance Matrix Multiplication", 2008, with the roles of A and B exchanged). With few rows B is read where
/// it lies.
/// </summary>
internal static unsafe class BlockProduct
{
    // A slice of A: with the inner block of the register it fits a second-level cache of half a megabyte.
    private const int RowBlock = 256;

    // A slice of B: so wide that packing A again for the next one costs little.
    private const int ColumnBlock = 1536;

    // With fewer rows than this, packing B costs more than reading it in place.
    private const int RowsWorthPacking = 8;

    // Rows of B that are read in place at a time: each is a stream of its own, which the processor fetches ahead.
    private const int InnerBlockInPlace = 16;

    // Where one slice of A is all, so many strips of a transposed B, which lie in whole rows, are packed just before they are
    // needed: they are still in the second-level cache then.
    private const int StripsTogether = 4;

    private const int TileElements = 14 * 32;

    /// <summary>Computes a block.</summary>
    internal static void Run<T>(in Block<T> block, InstructionSet set)
        where T : unmanaged
    {
        switch (set)
        {
            case InstructionSet.Avx512: Run<T, Vector512<T>, RawRegister512<T>>(block); break;
            case InstructionSet.Avx2: Run<T, Vector256<T>, RawRegister256<T>>(block); break;
            default: Run<T, Vector128<T>, RawRegister128<T>>(block); break;
        }
    }

    internal static void Run<T, TVector, TRegister>(in Block<T> block)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        bool inPlace = !block.BTransposed && block.BRows == null && block.Rows <= RowsWorthPacking;
        int innerBlock = inPlace ? InnerBlockInPlace : TRegister.InnerBlock;
        // An empty inner dimension is one empty chain, which stores the zeros.
        int innerSlices = Math.Max(1, (block.Inner + innerBlock - 1) / innerBlock);
        for (int column = 0; column < block.Columns; column += ColumnBlock)
        {
            int columns = Math.Min(ColumnBlock, block.Columns - column);
            for (int i = 0; i < innerSlices; i++)
            {
                int k = Edges.Of(block.Inner, innerSlices, i, Edges.InnerStep), end = Edges.Of(block.Inner, innerSlices, i + 1, Edges.InnerStep);
                Block<T> slice = block.Cut(0, block.Rows, column, columns).CutInner(k, end - k);
                if (inPlace) RunInPlace<T, TVector, TRegister>(slice);
                else RunPacked<T, TVector, TRegister>(slice);
            }
        }
    }

    private static void RunPacked<T, TVector, TRegister>(in Block<T> slice)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        int rowBlocks = (slice.Rows + RowBlock - 1) / RowBlock;
        Panels strips = Strips<T, TVector, TRegister>(slice.Columns, slice.Inner);
        int together = rowBlocks == 1 && slice.BTransposed ? Math.Min(StripsTogether, strips.Count) : strips.Count;
        T* packedB = Scratch.Rent<T>(together * strips.Stride + PanelsOfA<T, TVector, TRegister>(RowBlock, slice.Inner).Elements), packedA = packedB + together * strips.Stride;
        for (int first = 0; first < strips.Count; first += together)
        {
            int column = strips.First(first);
            Block<T> group = slice.Cut(0, slice.Rows, column, strips.First(Math.Min(first + together, strips.Count)) - column);
            Panels stripsOfGroup = Strips<T, TVector, TRegister>(group.Columns, slice.Inner);
            PackB(group, stripsOfGroup, packedB);
            for (int i = 0; i < rowBlocks; i++)
            {
                int row = (int)((long)slice.Rows * i / rowBlocks), rows = (int)((long)slice.Rows * (i + 1) / rowBlocks) - row;
                Block<T> block = group.Cut(row, rows, 0, group.Columns);
                Panels panels = PanelsOfA<T, TVector, TRegister>(rows, slice.Inner);
                // Where a second group comes there is one block of A, and it is packed already.
                if (first == 0) PackA(block, panels, packedA);
                MultiplyPacked<T, TVector, TRegister>(block, panels, packedA, stripsOfGroup, packedB);
            }
        }
    }

    /// <summary>Multiplies a packed block of A, all panels, by a packed block of B, strip after strip.</summary>
    internal static void MultiplyPacked<T, TVector, TRegister>(in Block<T> block, in Panels panels, T* packedA, in Panels strips, T* packedB)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        for (int strip = 0; strip < strips.Count; strip++)
        {
            int column = strips.First(strip);
            Block<T> tiles = block.Cut(0, block.Rows, column, strips.First(strip + 1) - column);
            RunStrip<T, TVector, TRegister>(tiles, panels, packedA, packedB + strip * strips.Stride, strips.Width);
        }
    }

    private static void RunInPlace<T, TVector, TRegister>(in Block<T> slice)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        Panels strips = Strips<T, TVector, TRegister>(slice.Columns, slice.Inner), panels = PanelsOfA<T, TVector, TRegister>(slice.Rows, slice.Inner);
        T* packedA = Scratch.Rent<T>(panels.Elements + strips.Stride), packedB = packedA + panels.Elements;
        PackA(slice, panels, packedA);
        for (int strip = 0; strip < strips.Count; strip++)
        {
            int column = strips.First(strip);
            Block<T> tiles = slice.Cut(0, slice.Rows, column, strips.First(strip + 1) - column);
            bool whole = tiles.Columns % strips.Unit == 0;
            if (!whole) PackB(tiles, Strips<T, TVector, TRegister>(tiles.Columns, slice.Inner), packedB);
            RunStrip<T, TVector, TRegister>(tiles, panels, packedA, whole ? tiles.B : packedB, whole ? tiles.BStride : strips.Width);
        }
    }

    // One strip of B against all panels of A: first the higher ones, then the others.
    private static void RunStrip<T, TVector, TRegister>(in Block<T> strip, in Panels panels, T* packedA, T* b, nint bStride)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        RunPanels<T, TVector, TRegister>(strip, panels, 0, panels.Longer, packedA, b, bStride);
        RunPanels<T, TVector, TRegister>(strip, panels, panels.Longer, panels.Count, packedA, b, bStride);
        strip.Finish();
    }

    // Panels of one height.
    private static void RunPanels<T, TVector, TRegister>(in Block<T> strip, in Panels panels, int first, int end, T* packedA, T* b, nint bStride)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        if (first == end) return;
        int unit = RegisterTile.Unit<T, TVector, TRegister>(), width = (strip.Columns + unit - 1) / unit * unit, vectors = width / TRegister.Count;
        int row = panels.First(first), rows = panels.First(first + 1) - row;
        T* a = packedA + first * panels.Stride;
        T* c = strip.C + (nint)row * strip.CStride;
        if (strip.Columns == width)
        {
            RegisterTile.Multiply<T, TVector, TRegister>(end - first, rows, vectors, strip.Inner, a, panels.Stride, b, bStride, c, strip.CStride, strip.Accumulate);
            return;
        }

        T* edge = stackalloc T[TileElements];
        for (int panel = first; panel < end; panel++)
        {
            if (strip.Accumulate) CopyTile(c, strip.CStride, edge, width, rows, strip.Columns);
            RegisterTile.Multiply<T, TVector, TRegister>(1, rows, vectors, strip.Inner, a, panels.Stride, b, bStride, edge, width, strip.Accumulate);
            CopyTile(edge, width, c, strip.CStride, rows, strip.Columns);
            a += panels.Stride;
            c += rows * strip.CStride;
        }
    }

    /// <summary>How rows of A are packed.</summary>
    internal static Panels PanelsOfA<T, TVector, TRegister>(int rows, int inner)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
        => new(rows, 1, TRegister.TileRows, inner, AlignedMemory.CacheLine / sizeof(T));

    /// <summary>How columns of B are packed.</summary>
    internal static Panels Strips<T, TVector, TRegister>(int columns, int inner)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        int unit = RegisterTile.Unit<T, TVector, TRegister>();
        return new(columns, unit, TRegister.TileVectors * TRegister.Count / unit, inner, AlignedMemory.CacheLine / sizeof(T));
    }

    /// <summary>Packs the A of a block.</summary>
    internal static void PackA<T>(in Block<T> block, in Panels panels, T* packed)
        where T : unmanaged
    {
        if (block.ATransposed) Packing.Copy(block.StoredA, block.Inner, panels, packed);
        else Packing.Transpose(block.StoredA, block.Inner, panels, packed);
    }

    /// <summary>Packs the B of a block.</summary>
    internal static void PackB<T>(in Block<T> block, in Panels strips, T* packed)
        where T : unmanaged
    {
        if (block.BTransposed) Packing.Transpose(block.StoredB, block.Inner, strips, packed);
        else Packing.Copy(block.StoredB, block.Inner, strips, packed);
    }

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

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static Switchyard.Tensors.Kernels.TileSize;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// Products of so few rows that packing B would cost more than the product, as when text is generated token by token: B
/// streams by once, in the order in which it lies in memory, and meets all rows of A. Or of so few columns, as a router
/// has, that packing A would: then A streams by, and B, its columns side by side, stays in the caches.
/// </summary>
internal static unsafe class ThinProduct
{
    // Beyond these, packing a transposed B pays.
    private const int MaximumRows = 16;

    // Beyond these, packing A pays, or with shorter rows than these.
    private const int MaximumColumns = 16, LeastInner = 64;

    // Of each row of B so much that it stays in the first-level cache while all rows of A pass by.
    private const int InnerBlock = 512;

    /// <summary>
    /// Whether a product is thin. To be asked of a whole product, never of a block cut from it: the sums are not
    /// taken in the same order as those of <see cref="BlockProduct"/>.
    /// </summary>
    internal static bool Suits<T>(in Block<T> product)
        where T : unmanaged =>
        product.Inner > 0 && product.BRows == null && !(product.ATransposed && product.ARows != null)
        && (HasFewColumns(product) || (product.BTransposed ? product.Rows <= MaximumRows && !product.ATransposed : product.Rows == 1));

    /// <summary>Whether it is for its few columns that a product is thin. To be asked of a whole product too.</summary>
    internal static bool HasFewColumns<T>(in Block<T> product)
        where T : unmanaged =>
        product.Columns <= MaximumColumns && product.Inner >= LeastInner && product.Rows > MaximumRows && !product.ATransposed;

    /// <summary>Computes a block of a thin product, which is one for its few columns or for its few rows.</summary>
    internal static void Run<T>(in Block<T> block, bool hasFewColumns, InstructionSet set)
        where T : unmanaged
    {
        switch (set)
        {
            case InstructionSet.Avx512: Run<T, Vector512<T>, RawRegister512<T>>(block, hasFewColumns); break;
            case InstructionSet.Avx2: Run<T, Vector256<T>, RawRegister256<T>>(block, hasFewColumns); break;
            default: Run<T, Vector128<T>, RawRegister128<T>>(block, hasFewColumns); break;
        }
    }

    internal static void Run<T, TVector, TRegister>(in Block<T> block, bool hasFewColumns)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        if (hasFewColumns && !block.BTransposed) RunTransposed<T, TVector, TRegister>(block);
        else if (block.ARows != null) RunGathered<T, TVector, TRegister>(block);
        else if (block.BTransposed) RunDots<T, TVector, TRegister>(block);
        else AddScaledRows<T, TVector, TRegister>(block);
    }

    // So few rows are copied together in no time.
    private static void RunGathered<T, TVector, TRegister>(in Block<T> block)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        using Workspace<T> rows = new((long)MaximumRows * block.Inner); // [rows, inner]
        for (int first = 0; first < block.Rows; first += MaximumRows)
        {
            Block<T> few = block.Cut(first, Math.Min(MaximumRows, block.Rows - first), 0, block.Columns);
            for (int row = 0; row < few.Rows; row++)
                new ReadOnlySpan<T>(few.StoredA[row], few.Inner).CopyTo(new Span<T>(rows.Pointer + (nint)row * few.Inner, few.Inner));
            Run<T, TVector, TRegister>(few with { A = rows.Pointer, AStride = few.Inner, ARows = null }, hasFewColumns: false);
        }
    }

    // Columns of B side by side.
    private static void RunTransposed<T, TVector, TRegister>(in Block<T> block)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        using Workspace<T> columns = new((long)block.Columns * block.Inner); // [columns, inner]
        for (int k = 0; k < block.Inner; k++)
        {
            for (int column = 0; column < block.Columns; column++) columns.Pointer[(nint)column * block.Inner + k] = *block.ColumnOfB(column, k);
        }

        Run<T, TVector, TRegister>(block with { B = columns.Pointer, BStride = block.Inner, BTransposed = true }, hasFewColumns: true);
    }

    private static void RunDots<T, TVector, TRegister>(in Block<T> block)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        for (int first = 0; first < block.Rows; first += MaximumRows)
            Dots<T, TVector, TRegister>(block.Cut(first, Math.Min(MaximumRows, block.Rows - first), 0, block.Columns));
    }

    // Rows of A with rows of B, three at a time.
    private static void Dots<T, TVector, TRegister>(in Block<T> block)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        int rest = block.Inner % TRegister.Count, whole = block.Inner - rest;
        T* sums = stackalloc T[MaximumRows * DotTile.Columns * TRegister.Count]; // [rows, 3, lanes]
        T* endsOfA = stackalloc T[MaximumRows * TRegister.Count]; // [rows, lanes]: what is left of each row, filled up with zeros
        T* endsOfB = stackalloc T[DotTile.Columns * TRegister.Count]; // [3, lanes]
        new Span<T>(endsOfA, MaximumRows * TRegister.Count).Clear();
        new Span<T>(endsOfB, DotTile.Columns * TRegister.Count).Clear();
        for (int row = 0; row < block.Rows; row++) Copy(block.RowOfA(row, whole), rest, endsOfA + row * TRegister.Count);
        for (int column = 0; column < block.Columns; column += DotTile.Columns)
        {
            // Past the last column the last one stands in, and its sum is not stored.
            int columns = Math.Min(DotTile.Columns, block.Columns - column);
            T* b0 = block.ColumnOfB(column);
            T* b1 = block.ColumnOfB(column + Math.Min(1, columns - 1));
            T* b2 = block.ColumnOfB(column + columns - 1);
            Begin<T, TVector, TRegister>(block, column, columns, sums);
            for (int k = 0; k < whole; k += InnerBlock)
            {
                int length = Math.Min(InnerBlock, whole - k);
                for (int row = 0; row < block.Rows; row += DotTile.MaximumRows)
                    Add<T, TVector, TRegister>(block.Rows - row, length, block.RowOfA(row, k), block.AStride, b0 + k, b1 + k, b2 + k, sums + row * DotTile.Columns * TRegister.Count);
            }

            if (rest > 0)
            {
                Copy(b0 + whole, rest, endsOfB);
                Copy(b1 + whole, rest, endsOfB + TRegister.Count);
                Copy(b2 + whole, rest, endsOfB + 2 * TRegister.Count);
                for (int row = 0; row < block.Rows; row += DotTile.MaximumRows)
                    Add<T, TVector, TRegister>(block.Rows - row, TRegister.Count, endsOfA + row * TRegister.Count, TRegister.Count, endsOfB, endsOfB + TRegister.Count, endsOfB + 2 * TRegister.Count, sums + row * DotTile.Columns * TRegister.Count);
            }

            for (int row = 0; row < block.Rows; row++)
            {
                for (int i = 0; i < columns; i++)
                    block.C[(nint)row * block.CStride + column + i] = TRegister.Sum(TRegister.Load(sums + (row * DotTile.Columns + i) * TRegister.Count));
            }
        }

        block.Finish();
    }

    // The first lane starts from C.
    private static void Begin<T, TVector, TRegister>(in Block<T> block, int column, int columns, T* sums)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        new Span<T>(sums, block.Rows * DotTile.Columns * TRegister.Count).Clear();
        if (!block.Accumulate) return;
        for (int row = 0; row < block.Rows; row++)
        {
            for (int i = 0; i < columns; i++) sums[(row * DotTile.Columns + i) * TRegister.Count] = block.C[(nint)row * block.CStride + column + i];
        }
    }

    private static void Add<T, TVector, TRegister>(int rows, int length, T* a, nint aStride, T* b0, T* b1, T* b2, T* sums)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        switch (rows)
        {
            case 1: DotTile.Add<T, TVector, TRegister, One>(length, a, aStride, b0, b1, b2, sums); break;
            case 2: DotTile.Add<T, TVector, TRegister, Two>(length, a, aStride, b0, b1, b2, sums); break;
            case 3: DotTile.Add<T, TVector, TRegister, Three>(length, a, aStride, b0, b1, b2, sums); break;
            default: DotTile.Add<T, TVector, TRegister, Four>(length, a, aStride, b0, b1, b2, sums); break;
        }
    }

    private static void Copy<T>(T* from, int count, T* to)
        where T : unmanaged
    {
        for (int i = 0; i < count; i++) to[i] = from[i];
    }

    // C stays in the cache and takes the rows of B in their order.
    private static void AddScaledRows<T, TVector, TRegister>(in Block<T> block)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        int rest = block.Columns % TRegister.Count, whole = block.Columns - rest;
        if (!block.Accumulate) new Span<T>(block.C, whole).Clear();
        int k = 0;
        for (; k <= block.Inner - 4; k += 4) AddFourRows<T, TVector, TRegister>(block, k, whole);
        for (; k < block.Inner; k++)
        {
            TVector x = TRegister.Broadcast(block.RowOfA(0, k));
            T* b = block.ColumnOfB(0, k);
            for (int column = 0; column < whole; column += TRegister.Count)
            {
                TRegister.Store(TRegister.MultiplyAdd(x, TRegister.Load(b + column), TRegister.Load(block.C + column)), block.C + column);
            }
        }

        block.Cut(0, 1, 0, whole).Finish();
        if (rest > 0) BlockProduct.Run<T, TVector, TRegister>(block.Cut(0, 1, whole, rest));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddFourRows<T, TVector, TRegister>(in Block<T> block, int k, int columns)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        TVector x0 = TRegister.Broadcast(block.RowOfA(0, k)), x1 = TRegister.Broadcast(block.RowOfA(0, k + 1));
        TVector x2 = TRegister.Broadcast(block.RowOfA(0, k + 2)), x3 = TRegister.Broadcast(block.RowOfA(0, k + 3));
        T* b0 = block.ColumnOfB(0, k);
        T* b1 = b0 + block.BStride;
        T* b2 = b1 + block.BStride;
        T* b3 = b2 + block.BStride;
        T* c = block.C;
        for (nint column = 0; column < columns; column += TRegister.Count)
        {
            TVector sum = TRegister.MultiplyAdd(x0, TRegister.Load(b0 + column), TRegister.Load(c + column));
            sum = TRegister.MultiplyAdd(x1, TRegister.Load(b1 + column), sum);
            sum = TRegister.MultiplyAdd(x2, TRegister.Load(b2 + column), sum);
            TRegister.Store(TRegister.MultiplyAdd(x3, TRegister.Load(b3 + column), sum), c + column);
        }
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// Products with so few rows that B is read once or nearly so, as when text is generated token by token. Packing B
/// would cost more than the product; instead B streams by in the order in which it lies in memory.
/// </summary>
internal static unsafe class ThinProduct
{
    // Beyond these, packing a transposed B pays.
    private const int MaximumRows = 16;

    /// <summary>
    /// Whether a product is thin. To be asked of a whole product, never of a block cut from it: the sums are not
    /// taken in the same order as those of <see cref="BlockProduct"/>.
    /// </summary>
    internal static bool Suits<T>(in Block<T> product)
        where T : unmanaged =>
        product.Inner > 0 && (product.BTransposed ? product.Rows <= MaximumRows && !product.ATransposed : product.Rows == 1);

    /// <summary>Computes a block of a thin product.</summary>
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

    internal static void Run<T, TVector, TLanes>(in Block<T> block)
        where T : unmanaged
        where TVector : unmanaged
        where TLanes : struct, ILanes<T, TVector>
    {
        if (block.BTransposed) Dots<T, TVector, TLanes>(block);
        else AddScaledRows<T, TVector, TLanes>(block);
    }

    // Each row of A against four rows of B at a time.
    private static void Dots<T, TVector, TLanes>(in Block<T> block)
        where T : unmanaged
        where TVector : unmanaged
        where TLanes : struct, ILanes<T, TVector>
    {
        int rest = block.Inner % TLanes.Count, whole = block.Inner - rest;
        T* sums = stackalloc T[4 * TLanes.Count]; // [4, lanes]
        T* ends = stackalloc T[5 * TLanes.Count]; // [5, lanes]: the last of A and of four rows of B, filled up with zeros
        new Span<T>(ends, 5 * TLanes.Count).Clear();
        for (int column = 0; column < block.Columns; column += 4)
        {
            // Past the last column the last one stands in, and its sum is not stored.
            int columns = Math.Min(4, block.Columns - column);
            T* b0 = block.ColumnOfB(column);
            T* b1 = block.ColumnOfB(column + Math.Min(1, columns - 1));
            T* b2 = block.ColumnOfB(column + Math.Min(2, columns - 1));
            T* b3 = block.ColumnOfB(column + columns - 1);
            for (int i = 0; i < rest; i++)
            {
                ends[TLanes.Count + i] = b0[whole + i];
                ends[2 * TLanes.Count + i] = b1[whole + i];
                ends[3 * TLanes.Count + i] = b2[whole + i];
                ends[4 * TLanes.Count + i] = b3[whole + i];
            }

            for (int row = 0; row < block.Rows; row++)
            {
                T* a = block.RowOfA(row);
                T* c = block.C + (nint)row * block.CStride + column;
                new Span<T>(sums, 4 * TLanes.Count).Clear();
                for (int i = 0; block.Accumulate && i < columns; i++) sums[i * TLanes.Count] = c[i];
                AddDots<T, TVector, TLanes>(whole, a, b0, b1, b2, b3, sums);
                if (rest > 0)
                {
                    for (int i = 0; i < rest; i++) ends[i] = a[whole + i];
                    AddDots<T, TVector, TLanes>(
                        TLanes.Count, ends, ends + TLanes.Count, ends + 2 * TLanes.Count, ends + 3 * TLanes.Count, ends + 4 * TLanes.Count, sums);
                }

                for (int i = 0; i < columns; i++) c[i] = TLanes.Sum(TLanes.Load(sums + i * TLanes.Count));
            }
        }
    }

    // Four chains at a time hide the latency of each other. A method of its own, for a call beside the loop would
    // keep the sums in memory.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddDots<T, TVector, TLanes>(int length, T* a, T* b0, T* b1, T* b2, T* b3, T* sums)
        where T : unmanaged
        where TVector : unmanaged
        where TLanes : struct, ILanes<T, TVector>
    {
        TVector sum0 = TLanes.Load(sums), sum1 = TLanes.Load(sums + TLanes.Count);
        TVector sum2 = TLanes.Load(sums + 2 * TLanes.Count), sum3 = TLanes.Load(sums + 3 * TLanes.Count);
        for (nint k = 0; k < length; k += TLanes.Count)
        {
            TVector x = TLanes.Load(a + k);
            sum0 = TLanes.MultiplyAdd(x, TLanes.Load(b0 + k), sum0);
            sum1 = TLanes.MultiplyAdd(x, TLanes.Load(b1 + k), sum1);
            sum2 = TLanes.MultiplyAdd(x, TLanes.Load(b2 + k), sum2);
            sum3 = TLanes.MultiplyAdd(x, TLanes.Load(b3 + k), sum3);
        }

        TLanes.Store(sum0, sums);
        TLanes.Store(sum1, sums + TLanes.Count);
        TLanes.Store(sum2, sums + 2 * TLanes.Count);
        TLanes.Store(sum3, sums + 3 * TLanes.Count);
    }

    // C stays in the cache and takes the rows of B in their order.
    private static void AddScaledRows<T, TVector, TLanes>(in Block<T> block)
        where T : unmanaged
        where TVector : unmanaged
        where TLanes : struct, ILanes<T, TVector>
    {
        int rest = block.Columns % TLanes.Count, whole = block.Columns - rest;
        if (!block.Accumulate) new Span<T>(block.C, whole).Clear();
        int k = 0;
        for (; k <= block.Inner - 4; k += 4) AddFourRows<T, TVector, TLanes>(block, k, whole);
        for (; k < block.Inner; k++)
        {
            TVector x = TLanes.Broadcast(block.RowOfA(0, k));
            T* b = block.ColumnOfB(0, k);
            for (int column = 0; column < whole; column += TLanes.Count)
            {
                TLanes.Store(TLanes.MultiplyAdd(x, TLanes.Load(b + column), TLanes.Load(block.C + column)), block.C + column);
            }
        }

        if (rest > 0) BlockProduct.Run<T, TVector, TLanes>(block.Cut(0, 1, whole, rest));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddFourRows<T, TVector, TLanes>(in Block<T> block, int k, int columns)
        where T : unmanaged
        where TVector : unmanaged
        where TLanes : struct, ILanes<T, TVector>
    {
        TVector x0 = TLanes.Broadcast(block.RowOfA(0, k)), x1 = TLanes.Broadcast(block.RowOfA(0, k + 1));
        TVector x2 = TLanes.Broadcast(block.RowOfA(0, k + 2)), x3 = TLanes.Broadcast(block.RowOfA(0, k + 3));
        T* b0 = block.ColumnOfB(0, k);
        T* b1 = b0 + block.BStride;
        T* b2 = b1 + block.BStride;
        T* b3 = b2 + block.BStride;
        T* c = block.C;
        for (nint column = 0; column < columns; column += TLanes.Count)
        {
            TVector sum = TLanes.MultiplyAdd(x0, TLanes.Load(b0 + column), TLanes.Load(c + column));
            sum = TLanes.MultiplyAdd(x1, TLanes.Load(b1 + column), sum);
            sum = TLanes.MultiplyAdd(x2, TLanes.Load(b2 + column), sum);
            TLanes.Store(TLanes.MultiplyAdd(x3, TLanes.Load(b3 + column), sum), c + column);
        }
    }
}

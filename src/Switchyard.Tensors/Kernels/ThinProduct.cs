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
    private const int MaximumRows = 8;

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

    // Each row of A against four rows of B at a time, so that four chains hide the latency of each other.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dots<T, TVector, TLanes>(in Block<T> block)
        where T : unmanaged
        where TVector : unmanaged
        where TLanes : struct, ILanes<T, TVector>
    {
        int whole = block.Inner - block.Inner % TLanes.Count, rest = block.Inner - whole;
        for (int column = 0; column < block.Columns; column += 4)
        {
            // Past the last column the last one stands in, and its sum is not stored.
            int last = Math.Min(4, block.Columns - column) - 1;
            T* b0 = block.ColumnOfB(column);
            T* b1 = block.ColumnOfB(column + Math.Min(1, last));
            T* b2 = block.ColumnOfB(column + Math.Min(2, last));
            T* b3 = block.ColumnOfB(column + last);
            for (int row = 0; row < block.Rows; row++)
            {
                T* a = block.RowOfA(row);
                T* c = block.C + (nint)row * block.CStride + column;
                TVector sum0 = default, sum1 = default, sum2 = default, sum3 = default;
                if (block.Accumulate)
                {
                    sum0 = LoadSome<T, TVector>(c, 1);
                    if (last > 0) sum1 = LoadSome<T, TVector>(c + 1, 1);
                    if (last > 1) sum2 = LoadSome<T, TVector>(c + 2, 1);
                    if (last > 2) sum3 = LoadSome<T, TVector>(c + 3, 1);
                }

                for (int k = 0; k < whole; k += TLanes.Count)
                {
                    TVector x = TLanes.Load(a + k);
                    sum0 = TLanes.MultiplyAdd(x, TLanes.Load(b0 + k), sum0);
                    sum1 = TLanes.MultiplyAdd(x, TLanes.Load(b1 + k), sum1);
                    sum2 = TLanes.MultiplyAdd(x, TLanes.Load(b2 + k), sum2);
                    sum3 = TLanes.MultiplyAdd(x, TLanes.Load(b3 + k), sum3);
                }

                if (rest > 0)
                {
                    TVector x = LoadSome<T, TVector>(a + whole, rest);
                    sum0 = TLanes.MultiplyAdd(x, LoadSome<T, TVector>(b0 + whole, rest), sum0);
                    sum1 = TLanes.MultiplyAdd(x, LoadSome<T, TVector>(b1 + whole, rest), sum1);
                    sum2 = TLanes.MultiplyAdd(x, LoadSome<T, TVector>(b2 + whole, rest), sum2);
                    sum3 = TLanes.MultiplyAdd(x, LoadSome<T, TVector>(b3 + whole, rest), sum3);
                }

                c[0] = TLanes.Sum(sum0);
                if (last > 0) c[1] = TLanes.Sum(sum1);
                if (last > 1) c[2] = TLanes.Sum(sum2);
                if (last > 2) c[3] = TLanes.Sum(sum3);
            }
        }
    }

    // C stays in the cache and takes four rows of B at a time, in the order of the inner dimension.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddScaledRows<T, TVector, TLanes>(in Block<T> block)
        where T : unmanaged
        where TVector : unmanaged
        where TLanes : struct, ILanes<T, TVector>
    {
        T* c = block.C;
        int whole = block.Columns - block.Columns % TLanes.Count, rest = block.Columns - whole;
        if (!block.Accumulate) new Span<T>(c, block.Columns).Clear();
        int k = 0;
        for (; k <= block.Inner - 4; k += 4)
        {
            TVector x0 = TLanes.Broadcast(block.RowOfA(0, k)), x1 = TLanes.Broadcast(block.RowOfA(0, k + 1));
            TVector x2 = TLanes.Broadcast(block.RowOfA(0, k + 2)), x3 = TLanes.Broadcast(block.RowOfA(0, k + 3));
            T* b0 = block.ColumnOfB(0, k);
            T* b1 = b0 + block.BStride;
            T* b2 = b1 + block.BStride;
            T* b3 = b2 + block.BStride;
            for (int column = 0; column < whole; column += TLanes.Count)
            {
                TVector sum = TLanes.MultiplyAdd(x0, TLanes.Load(b0 + column), TLanes.Load(c + column));
                sum = TLanes.MultiplyAdd(x1, TLanes.Load(b1 + column), sum);
                sum = TLanes.MultiplyAdd(x2, TLanes.Load(b2 + column), sum);
                TLanes.Store(TLanes.MultiplyAdd(x3, TLanes.Load(b3 + column), sum), c + column);
            }

            if (rest > 0)
            {
                TVector sum = TLanes.MultiplyAdd(x0, LoadSome<T, TVector>(b0 + whole, rest), LoadSome<T, TVector>(c + whole, rest));
                sum = TLanes.MultiplyAdd(x1, LoadSome<T, TVector>(b1 + whole, rest), sum);
                sum = TLanes.MultiplyAdd(x2, LoadSome<T, TVector>(b2 + whole, rest), sum);
                sum = TLanes.MultiplyAdd(x3, LoadSome<T, TVector>(b3 + whole, rest), sum);
                StoreSome(sum, c + whole, rest);
            }
        }

        for (; k < block.Inner; k++)
        {
            TVector x = TLanes.Broadcast(block.RowOfA(0, k));
            T* b = block.ColumnOfB(0, k);
            for (int column = 0; column < whole; column += TLanes.Count)
            {
                TLanes.Store(TLanes.MultiplyAdd(x, TLanes.Load(b + column), TLanes.Load(c + column)), c + column);
            }

            if (rest > 0)
            {
                TVector sum = LoadSome<T, TVector>(c + whole, rest);
                StoreSome(TLanes.MultiplyAdd(x, LoadSome<T, TVector>(b + whole, rest), sum), c + whole, rest);
            }
        }
    }

    // The lanes past the count are zero.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TVector LoadSome<T, TVector>(T* source, int count)
        where T : unmanaged
        where TVector : unmanaged
    {
        TVector lanes = default;
        for (int i = 0; i < count; i++) ((T*)&lanes)[i] = source[i];
        return lanes;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void StoreSome<T, TVector>(TVector lanes, T* destination, int count)
        where T : unmanaged
        where TVector : unmanaged
    {
        for (int i = 0; i < count; i++) destination[i] = ((T*)&lanes)[i];
    }
}

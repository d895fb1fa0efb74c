using System.Runtime.CompilerServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// A register tile of up to four rows and three vectors: twelve sums, three vectors of B and one number of A fill sixteen
/// registers, and fewer loads feed them than in any other shape.
/// </summary>
internal static unsafe class WideTile
{
    /// <summary>The tile with B packed: [inner, vectors of the largest tile].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Packed<T, TVector, TRegister, TRows, TVectors>(int tiles, nint inner, T* a, nint aStride, T* b, T* c, nint cStride, bool accumulate)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
        where TRows : unmanaged
        where TVectors : unmanaged =>
        Multiply<T, TVector, TRegister, TRows, TVectors>(tiles, inner, a, aStride, b, TRegister.TileVectors * TRegister.Count, c, cStride, accumulate);

    /// <summary>The tile with B as it lies in its matrix.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void InPlace<T, TVector, TRegister, TRows, TVectors>(int tiles, nint inner, T* a, nint aStride, T* b, nint bStride, T* c, nint cStride, bool accumulate)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
        where TRows : unmanaged
        where TVectors : unmanaged =>
        Multiply<T, TVector, TRegister, TRows, TVectors>(tiles, inner, a, aStride, b, bStride, c, cStride, accumulate);

    // Height and width are the sizes of TRows and TVectors: constants when the method is compiled, so that what lies
    // beyond them vanishes. A constant stride, too, vanishes in the addresses.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Multiply<T, TVector, TRegister, TRows, TVectors>(int tiles, nint inner, T* a, nint aStride, T* b, nint bStride, T* c, nint cStride, bool accumulate)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
        where TRows : unmanaged
        where TVectors : unmanaged
    {
        for (; tiles > 0; tiles--)
        {
            TVector l0 = default, m0 = default, r0 = default;
            TVector l1 = default, m1 = default, r1 = default;
            TVector l2 = default, m2 = default, r2 = default;
            TVector l3 = default, m3 = default, r3 = default;
            T* x = a, y = b, c1 = c + cStride, c2 = c1 + cStride, c3 = c2 + cStride;
            if (accumulate)
            {
                Load<T, TVector, TRegister, TVectors>(c, ref l0, ref m0, ref r0);
                if (sizeof(TRows) > 1) Load<T, TVector, TRegister, TVectors>(c1, ref l1, ref m1, ref r1);
                if (sizeof(TRows) > 2) Load<T, TVector, TRegister, TVectors>(c2, ref l2, ref m2, ref r2);
                if (sizeof(TRows) > 3) Load<T, TVector, TRegister, TVectors>(c3, ref l3, ref m3, ref r3);
            }

            // The tile below comes next: its C is on its way while this one is computed.
            T* next = c + sizeof(TRows) * cStride;
            Prefetch<T, TVector, TRegister, TVectors>(next);
            if (sizeof(TRows) > 1) Prefetch<T, TVector, TRegister, TVectors>(next + cStride);
            if (sizeof(TRows) > 2) Prefetch<T, TVector, TRegister, TVectors>(next + 2 * cStride);
            if (sizeof(TRows) > 3) Prefetch<T, TVector, TRegister, TVectors>(next + 3 * cStride);

            nint k = inner;
            for (; k >= 4; k -= 4)
            {
                Step<T, TVector, TRegister, TRows, TVectors>(0, x, y, bStride, ref l0, ref m0, ref r0, ref l1, ref m1, ref r1, ref l2, ref m2, ref r2, ref l3, ref m3, ref r3);
                Step<T, TVector, TRegister, TRows, TVectors>(1, x, y, bStride, ref l0, ref m0, ref r0, ref l1, ref m1, ref r1, ref l2, ref m2, ref r2, ref l3, ref m3, ref r3);
                Step<T, TVector, TRegister, TRows, TVectors>(2, x, y, bStride, ref l0, ref m0, ref r0, ref l1, ref m1, ref r1, ref l2, ref m2, ref r2, ref l3, ref m3, ref r3);
                Step<T, TVector, TRegister, TRows, TVectors>(3, x, y, bStride, ref l0, ref m0, ref r0, ref l1, ref m1, ref r1, ref l2, ref m2, ref r2, ref l3, ref m3, ref r3);
                x += 4 * TRegister.TileRows;
                y += 4 * bStride;
            }

            for (; k > 0; k--)
            {
                Step<T, TVector, TRegister, TRows, TVectors>(0, x, y, bStride, ref l0, ref m0, ref r0, ref l1, ref m1, ref r1, ref l2, ref m2, ref r2, ref l3, ref m3, ref r3);
                x += TRegister.TileRows;
                y += bStride;
            }

            Store<T, TVector, TRegister, TVectors>(c, l0, m0, r0);
            if (sizeof(TRows) > 1) Store<T, TVector, TRegister, TVectors>(c1, l1, m1, r1);
            if (sizeof(TRows) > 2) Store<T, TVector, TRegister, TVectors>(c2, l2, m2, r2);
            if (sizeof(TRows) > 3) Store<T, TVector, TRegister, TVectors>(c3, l3, m3, r3);

            a += aStride;
            c += sizeof(TRows) * cStride;
        }
    }

    // Step `k` of the inner dimension: references to locals cost nothing, for all of it is inlined.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step<T, TVector, TRegister, TRows, TVectors>(
        int k, T* a, T* b, nint bStride,
        ref TVector l0, ref TVector m0, ref TVector r0, ref TVector l1, ref TVector m1, ref TVector r1,
        ref TVector l2, ref TVector m2, ref TVector r2, ref TVector l3, ref TVector m3, ref TVector r3)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
        where TRows : unmanaged
        where TVectors : unmanaged
    {
        TVector left = default, middle = default, right = default;
        Load<T, TVector, TRegister, TVectors>(b + k * bStride, ref left, ref middle, ref right);
        AddRow<T, TVector, TRegister, TVectors>(a + k * TRegister.TileRows, left, middle, right, ref l0, ref m0, ref r0);
        if (sizeof(TRows) > 1) AddRow<T, TVector, TRegister, TVectors>(a + k * TRegister.TileRows + 1, left, middle, right, ref l1, ref m1, ref r1);
        if (sizeof(TRows) > 2) AddRow<T, TVector, TRegister, TVectors>(a + k * TRegister.TileRows + 2, left, middle, right, ref l2, ref m2, ref r2);
        if (sizeof(TRows) > 3) AddRow<T, TVector, TRegister, TVectors>(a + k * TRegister.TileRows + 3, left, middle, right, ref l3, ref m3, ref r3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddRow<T, TVector, TRegister, TVectors>(
        T* a, TVector left, TVector middle, TVector right, ref TVector l, ref TVector m, ref TVector r)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
        where TVectors : unmanaged
    {
        TVector x = TRegister.Broadcast(a);
        l = TRegister.MultiplyAdd(x, left, l);
        if (sizeof(TVectors) > 1) m = TRegister.MultiplyAdd(x, middle, m);
        if (sizeof(TVectors) > 2) r = TRegister.MultiplyAdd(x, right, r);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Load<T, TVector, TRegister, TVectors>(T* from, ref TVector l, ref TVector m, ref TVector r)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
        where TVectors : unmanaged
    {
        l = TRegister.Load(from);
        if (sizeof(TVectors) > 1) m = TRegister.Load(from + TRegister.Count);
        if (sizeof(TVectors) > 2) r = TRegister.Load(from + 2 * TRegister.Count);
    }

    // The lines of the first and of the last vector: there are no others.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch<T, TVector, TRegister, TVectors>(T* row)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
        where TVectors : unmanaged
    {
        Cache.Fetch(row);
        if (sizeof(TVectors) > 1) Cache.Fetch(row + (sizeof(TVectors) - 1) * TRegister.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<T, TVector, TRegister, TVectors>(T* to, TVector l, TVector m, TVector r)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
        where TVectors : unmanaged
    {
        TRegister.Store(l, to);
        if (sizeof(TVectors) > 1) TRegister.Store(m, to + TRegister.Count);
        if (sizeof(TVectors) > 2) TRegister.Store(r, to + 2 * TRegister.Count);
    }
}

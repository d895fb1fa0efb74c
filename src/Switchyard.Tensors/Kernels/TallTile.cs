using System.Runtime.CompilerServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// A register tile of up to fourteen rows and two vectors, for processors with thirty-two registers: numbers of A are
/// repeated over a vector on their way from memory, so a tall tile costs no more loads than a wide one.
/// </summary>
internal static unsafe class TallTile
{
    // Steps of the inner dimension between the fetch of a row of B from the outer caches and its use.
    private const int StepsAhead = 8;

    /// <summary>The tile, its height the size of <typeparamref name="TRows"/>: a constant when the method is compiled, so that the rows beyond it vanish.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Multiply<T, TVector, TLanes, TRows>(int tiles, nint inner, T* a, nint aStride, T* b, nint bStride, T* c, nint cStride, bool accumulate)
        where T : unmanaged
        where TVector : unmanaged
        where TLanes : struct, ILanes<T, TVector>
        where TRows : unmanaged
    {
        for (; tiles > 0; tiles--)
        {
            TVector l0 = default, r0 = default;
            TVector l1 = default, r1 = default;
            TVector l2 = default, r2 = default;
            TVector l3 = default, r3 = default;
            TVector l4 = default, r4 = default;
            TVector l5 = default, r5 = default;
            TVector l6 = default, r6 = default;
            TVector l7 = default, r7 = default;
            TVector l8 = default, r8 = default;
            TVector l9 = default, r9 = default;
            TVector l10 = default, r10 = default;
            TVector l11 = default, r11 = default;
            TVector l12 = default, r12 = default;
            TVector l13 = default, r13 = default;

            if (accumulate)
            {
                T* row = c;
                l0 = TLanes.Load(row); r0 = TLanes.Load(row + TLanes.Count);
                if (sizeof(TRows) > 1) { row += cStride; l1 = TLanes.Load(row); r1 = TLanes.Load(row + TLanes.Count); }
                if (sizeof(TRows) > 2) { row += cStride; l2 = TLanes.Load(row); r2 = TLanes.Load(row + TLanes.Count); }
                if (sizeof(TRows) > 3) { row += cStride; l3 = TLanes.Load(row); r3 = TLanes.Load(row + TLanes.Count); }
                if (sizeof(TRows) > 4) { row += cStride; l4 = TLanes.Load(row); r4 = TLanes.Load(row + TLanes.Count); }
                if (sizeof(TRows) > 5) { row += cStride; l5 = TLanes.Load(row); r5 = TLanes.Load(row + TLanes.Count); }
                if (sizeof(TRows) > 6) { row += cStride; l6 = TLanes.Load(row); r6 = TLanes.Load(row + TLanes.Count); }
                if (sizeof(TRows) > 7) { row += cStride; l7 = TLanes.Load(row); r7 = TLanes.Load(row + TLanes.Count); }
                if (sizeof(TRows) > 8) { row += cStride; l8 = TLanes.Load(row); r8 = TLanes.Load(row + TLanes.Count); }
                if (sizeof(TRows) > 9) { row += cStride; l9 = TLanes.Load(row); r9 = TLanes.Load(row + TLanes.Count); }
                if (sizeof(TRows) > 10) { row += cStride; l10 = TLanes.Load(row); r10 = TLanes.Load(row + TLanes.Count); }
                if (sizeof(TRows) > 11) { row += cStride; l11 = TLanes.Load(row); r11 = TLanes.Load(row + TLanes.Count); }
                if (sizeof(TRows) > 12) { row += cStride; l12 = TLanes.Load(row); r12 = TLanes.Load(row + TLanes.Count); }
                if (sizeof(TRows) > 13) { row += cStride; l13 = TLanes.Load(row); r13 = TLanes.Load(row + TLanes.Count); }
            }

            T* x = a, y = b;
            nint k = inner;
            for (; k >= 2; k -= 2)
            {
                TLanes.Prefetch(y + StepsAhead * bStride);
                TLanes.Prefetch(y + (StepsAhead + 1) * bStride);
                Step<T, TVector, TLanes, TRows>(x, y, ref l0, ref r0, ref l1, ref r1, ref l2, ref r2, ref l3, ref r3, ref l4, ref r4, ref l5, ref r5, ref l6, ref r6, ref l7, ref r7, ref l8, ref r8, ref l9, ref r9, ref l10, ref r10, ref l11, ref r11, ref l12, ref r12, ref l13, ref r13);
                Step<T, TVector, TLanes, TRows>(x + TLanes.TileRows, y + bStride, ref l0, ref r0, ref l1, ref r1, ref l2, ref r2, ref l3, ref r3, ref l4, ref r4, ref l5, ref r5, ref l6, ref r6, ref l7, ref r7, ref l8, ref r8, ref l9, ref r9, ref l10, ref r10, ref l11, ref r11, ref l12, ref r12, ref l13, ref r13);
                x += 2 * TLanes.TileRows;
                y += 2 * bStride;
            }

            if (k > 0) Step<T, TVector, TLanes, TRows>(x, y, ref l0, ref r0, ref l1, ref r1, ref l2, ref r2, ref l3, ref r3, ref l4, ref r4, ref l5, ref r5, ref l6, ref r6, ref l7, ref r7, ref l8, ref r8, ref l9, ref r9, ref l10, ref r10, ref l11, ref r11, ref l12, ref r12, ref l13, ref r13);

            T* to = c;
            TLanes.Store(l0, to); TLanes.Store(r0, to + TLanes.Count);
            if (sizeof(TRows) > 1) { to += cStride; TLanes.Store(l1, to); TLanes.Store(r1, to + TLanes.Count); }
            if (sizeof(TRows) > 2) { to += cStride; TLanes.Store(l2, to); TLanes.Store(r2, to + TLanes.Count); }
            if (sizeof(TRows) > 3) { to += cStride; TLanes.Store(l3, to); TLanes.Store(r3, to + TLanes.Count); }
            if (sizeof(TRows) > 4) { to += cStride; TLanes.Store(l4, to); TLanes.Store(r4, to + TLanes.Count); }
            if (sizeof(TRows) > 5) { to += cStride; TLanes.Store(l5, to); TLanes.Store(r5, to + TLanes.Count); }
            if (sizeof(TRows) > 6) { to += cStride; TLanes.Store(l6, to); TLanes.Store(r6, to + TLanes.Count); }
            if (sizeof(TRows) > 7) { to += cStride; TLanes.Store(l7, to); TLanes.Store(r7, to + TLanes.Count); }
            if (sizeof(TRows) > 8) { to += cStride; TLanes.Store(l8, to); TLanes.Store(r8, to + TLanes.Count); }
            if (sizeof(TRows) > 9) { to += cStride; TLanes.Store(l9, to); TLanes.Store(r9, to + TLanes.Count); }
            if (sizeof(TRows) > 10) { to += cStride; TLanes.Store(l10, to); TLanes.Store(r10, to + TLanes.Count); }
            if (sizeof(TRows) > 11) { to += cStride; TLanes.Store(l11, to); TLanes.Store(r11, to + TLanes.Count); }
            if (sizeof(TRows) > 12) { to += cStride; TLanes.Store(l12, to); TLanes.Store(r12, to + TLanes.Count); }
            if (sizeof(TRows) > 13) { to += cStride; TLanes.Store(l13, to); TLanes.Store(r13, to + TLanes.Count); }

            a += aStride;
            c += sizeof(TRows) * cStride;
        }
    }

    // References to locals cost nothing, for all of it is inlined.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step<T, TVector, TLanes, TRows>(
        T* a, T* b,
        ref TVector l0, ref TVector r0, ref TVector l1, ref TVector r1, ref TVector l2, ref TVector r2, ref TVector l3, ref TVector r3,
        ref TVector l4, ref TVector r4, ref TVector l5, ref TVector r5, ref TVector l6, ref TVector r6, ref TVector l7, ref TVector r7,
        ref TVector l8, ref TVector r8, ref TVector l9, ref TVector r9, ref TVector l10, ref TVector r10, ref TVector l11, ref TVector r11,
        ref TVector l12, ref TVector r12, ref TVector l13, ref TVector r13)
        where T : unmanaged
        where TVector : unmanaged
        where TLanes : struct, ILanes<T, TVector>
        where TRows : unmanaged
    {
        TVector left = TLanes.Load(b), right = TLanes.Load(b + TLanes.Count);
        AddRow<T, TVector, TLanes>(a, left, right, ref l0, ref r0);
        if (sizeof(TRows) > 1) AddRow<T, TVector, TLanes>(a + 1, left, right, ref l1, ref r1);
        if (sizeof(TRows) > 2) AddRow<T, TVector, TLanes>(a + 2, left, right, ref l2, ref r2);
        if (sizeof(TRows) > 3) AddRow<T, TVector, TLanes>(a + 3, left, right, ref l3, ref r3);
        if (sizeof(TRows) > 4) AddRow<T, TVector, TLanes>(a + 4, left, right, ref l4, ref r4);
        if (sizeof(TRows) > 5) AddRow<T, TVector, TLanes>(a + 5, left, right, ref l5, ref r5);
        if (sizeof(TRows) > 6) AddRow<T, TVector, TLanes>(a + 6, left, right, ref l6, ref r6);
        if (sizeof(TRows) > 7) AddRow<T, TVector, TLanes>(a + 7, left, right, ref l7, ref r7);
        if (sizeof(TRows) > 8) AddRow<T, TVector, TLanes>(a + 8, left, right, ref l8, ref r8);
        if (sizeof(TRows) > 9) AddRow<T, TVector, TLanes>(a + 9, left, right, ref l9, ref r9);
        if (sizeof(TRows) > 10) AddRow<T, TVector, TLanes>(a + 10, left, right, ref l10, ref r10);
        if (sizeof(TRows) > 11) AddRow<T, TVector, TLanes>(a + 11, left, right, ref l11, ref r11);
        if (sizeof(TRows) > 12) AddRow<T, TVector, TLanes>(a + 12, left, right, ref l12, ref r12);
        if (sizeof(TRows) > 13) AddRow<T, TVector, TLanes>(a + 13, left, right, ref l13, ref r13);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddRow<T, TVector, TLanes>(T* a, TVector left, TVector right, ref TVector l, ref TVector r)
        where T : unmanaged
        where TVector : unmanaged
        where TLanes : struct, ILanes<T, TVector>
    {
        TVector x = TLanes.Broadcast(a);
        l = TLanes.MultiplyAdd(x, left, l);
        r = TLanes.MultiplyAdd(x, right, r);
    }
}

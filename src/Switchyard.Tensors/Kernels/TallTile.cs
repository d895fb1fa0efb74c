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
    public static void Multiply<T, TVector, TRegister, TRows>(int tiles, nint inner, T* a, nint aStride, T* b, nint bStride, T* c, nint cStride, bool accumulate)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
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
                l0 = TRegister.Load(row); r0 = TRegister.Load(row + TRegister.Count);
                if (sizeof(TRows) > 1) { row += cStride; l1 = TRegister.Load(row); r1 = TRegister.Load(row + TRegister.Count); }
                if (sizeof(TRows) > 2) { row += cStride; l2 = TRegister.Load(row); r2 = TRegister.Load(row + TRegister.Count); }
                if (sizeof(TRows) > 3) { row += cStride; l3 = TRegister.Load(row); r3 = TRegister.Load(row + TRegister.Count); }
                if (sizeof(TRows) > 4) { row += cStride; l4 = TRegister.Load(row); r4 = TRegister.Load(row + TRegister.Count); }
                if (sizeof(TRows) > 5) { row += cStride; l5 = TRegister.Load(row); r5 = TRegister.Load(row + TRegister.Count); }
                if (sizeof(TRows) > 6) { row += cStride; l6 = TRegister.Load(row); r6 = TRegister.Load(row + TRegister.Count); }
                if (sizeof(TRows) > 7) { row += cStride; l7 = TRegister.Load(row); r7 = TRegister.Load(row + TRegister.Count); }
                if (sizeof(TRows) > 8) { row += cStride; l8 = TRegister.Load(row); r8 = TRegister.Load(row + TRegister.Count); }
                if (sizeof(TRows) > 9) { row += cStride; l9 = TRegister.Load(row); r9 = TRegister.Load(row + TRegister.Count); }
                if (sizeof(TRows) > 10) { row += cStride; l10 = TRegister.Load(row); r10 = TRegister.Load(row + TRegister.Count); }
                if (sizeof(TRows) > 11) { row += cStride; l11 = TRegister.Load(row); r11 = TRegister.Load(row + TRegister.Count); }
                if (sizeof(TRows) > 12) { row += cStride; l12 = TRegister.Load(row); r12 = TRegister.Load(row + TRegister.Count); }
                if (sizeof(TRows) > 13) { row += cStride; l13 = TRegister.Load(row); r13 = TRegister.Load(row + TRegister.Count); }
            }

            T* x = a, y = b;
            nint k = inner;
            for (; k >= 2; k -= 2)
            {
                Cache.Fetch(y + StepsAhead * bStride);
                Cache.Fetch(y + (StepsAhead + 1) * bStride);
                Step<T, TVector, TRegister, TRows>(x, y, ref l0, ref r0, ref l1, ref r1, ref l2, ref r2, ref l3, ref r3, ref l4, ref r4, ref l5, ref r5, ref l6, ref r6, ref l7, ref r7, ref l8, ref r8, ref l9, ref r9, ref l10, ref r10, ref l11, ref r11, ref l12, ref r12, ref l13, ref r13);
                Step<T, TVector, TRegister, TRows>(x + TRegister.TileRows, y + bStride, ref l0, ref r0, ref l1, ref r1, ref l2, ref r2, ref l3, ref r3, ref l4, ref r4, ref l5, ref r5, ref l6, ref r6, ref l7, ref r7, ref l8, ref r8, ref l9, ref r9, ref l10, ref r10, ref l11, ref r11, ref l12, ref r12, ref l13, ref r13);
                x += 2 * TRegister.TileRows;
                y += 2 * bStride;
            }

            if (k > 0) Step<T, TVector, TRegister, TRows>(x, y, ref l0, ref r0, ref l1, ref r1, ref l2, ref r2, ref l3, ref r3, ref l4, ref r4, ref l5, ref r5, ref l6, ref r6, ref l7, ref r7, ref l8, ref r8, ref l9, ref r9, ref l10, ref r10, ref l11, ref r11, ref l12, ref r12, ref l13, ref r13);

            T* to = c;
            TRegister.Store(l0, to); TRegister.Store(r0, to + TRegister.Count);
            if (sizeof(TRows) > 1) { to += cStride; TRegister.Store(l1, to); TRegister.Store(r1, to + TRegister.Count); }
            if (sizeof(TRows) > 2) { to += cStride; TRegister.Store(l2, to); TRegister.Store(r2, to + TRegister.Count); }
            if (sizeof(TRows) > 3) { to += cStride; TRegister.Store(l3, to); TRegister.Store(r3, to + TRegister.Count); }
            if (sizeof(TRows) > 4) { to += cStride; TRegister.Store(l4, to); TRegister.Store(r4, to + TRegister.Count); }
            if (sizeof(TRows) > 5) { to += cStride; TRegister.Store(l5, to); TRegister.Store(r5, to + TRegister.Count); }
            if (sizeof(TRows) > 6) { to += cStride; TRegister.Store(l6, to); TRegister.Store(r6, to + TRegister.Count); }
            if (sizeof(TRows) > 7) { to += cStride; TRegister.Store(l7, to); TRegister.Store(r7, to + TRegister.Count); }
            if (sizeof(TRows) > 8) { to += cStride; TRegister.Store(l8, to); TRegister.Store(r8, to + TRegister.Count); }
            if (sizeof(TRows) > 9) { to += cStride; TRegister.Store(l9, to); TRegister.Store(r9, to + TRegister.Count); }
            if (sizeof(TRows) > 10) { to += cStride; TRegister.Store(l10, to); TRegister.Store(r10, to + TRegister.Count); }
            if (sizeof(TRows) > 11) { to += cStride; TRegister.Store(l11, to); TRegister.Store(r11, to + TRegister.Count); }
            if (sizeof(TRows) > 12) { to += cStride; TRegister.Store(l12, to); TRegister.Store(r12, to + TRegister.Count); }
            if (sizeof(TRows) > 13) { to += cStride; TRegister.Store(l13, to); TRegister.Store(r13, to + TRegister.Count); }

            a += aStride;
            c += sizeof(TRows) * cStride;
        }
    }

    // References to locals cost nothing, for all of it is inlined.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step<T, TVector, TRegister, TRows>(
        T* a, T* b,
        ref TVector l0, ref TVector r0, ref TVector l1, ref TVector r1, ref TVector l2, ref TVector r2, ref TVector l3, ref TVector r3,
        ref TVector l4, ref TVector r4, ref TVector l5, ref TVector r5, ref TVector l6, ref TVector r6, ref TVector l7, ref TVector r7,
        ref TVector l8, ref TVector r8, ref TVector l9, ref TVector r9, ref TVector l10, ref TVector r10, ref TVector l11, ref TVector r11,
        ref TVector l12, ref TVector r12, ref TVector l13, ref TVector r13)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
        where TRows : unmanaged
    {
        TVector left = TRegister.Load(b), right = TRegister.Load(b + TRegister.Count);
        AddRow<T, TVector, TRegister>(a, left, right, ref l0, ref r0);
        if (sizeof(TRows) > 1) AddRow<T, TVector, TRegister>(a + 1, left, right, ref l1, ref r1);
        if (sizeof(TRows) > 2) AddRow<T, TVector, TRegister>(a + 2, left, right, ref l2, ref r2);
        if (sizeof(TRows) > 3) AddRow<T, TVector, TRegister>(a + 3, left, right, ref l3, ref r3);
        if (sizeof(TRows) > 4) AddRow<T, TVector, TRegister>(a + 4, left, right, ref l4, ref r4);
        if (sizeof(TRows) > 5) AddRow<T, TVector, TRegister>(a + 5, left, right, ref l5, ref r5);
        if (sizeof(TRows) > 6) AddRow<T, TVector, TRegister>(a + 6, left, right, ref l6, ref r6);
        if (sizeof(TRows) > 7) AddRow<T, TVector, TRegister>(a + 7, left, right, ref l7, ref r7);
        if (sizeof(TRows) > 8) AddRow<T, TVector, TRegister>(a + 8, left, right, ref l8, ref r8);
        if (sizeof(TRows) > 9) AddRow<T, TVector, TRegister>(a + 9, left, right, ref l9, ref r9);
        if (sizeof(TRows) > 10) AddRow<T, TVector, TRegister>(a + 10, left, right, ref l10, ref r10);
        if (sizeof(TRows) > 11) AddRow<T, TVector, TRegister>(a + 11, left, right, ref l11, ref r11);
        if (sizeof(TRows) > 12) AddRow<T, TVector, TRegister>(a + 12, left, right, ref l12, ref r12);
        if (sizeof(TRows) > 13) AddRow<T, TVector, TRegister>(a + 13, left, right, ref l13, ref r13);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddRow<T, TVector, TRegister>(T* a, TVector left, TVector right, ref TVector l, ref TVector r)
        where T : unmanaged
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<T, TVector>
    {
        TVector x = TRegister.Broadcast(a);
        l = TRegister.MultiplyAdd(x, left, l);
        r = TRegister.MultiplyAdd(x, right, r);
    }
}

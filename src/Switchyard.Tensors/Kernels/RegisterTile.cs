using System.Runtime.CompilerServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// The innermost loop of every matrix product: a tile of C, up to fourteen rows high and two vectors wide, whose
/// sums stay in registers while the inner dimension runs by. Each element is one chain of multiply-adds in the
/// order of the inner dimension, starting from zero or from what C holds. So an element is the same bits wherever
/// it lies in the tile, and wherever the inner dimension was cut into blocks.
/// </summary>
internal static unsafe class RegisterTile
{
    /// <summary>C = A·B, or C += A·B, for one tile.</summary>
    /// <param name="rows">Height of the tile, 1 to 14.</param>
    /// <param name="inner">Length of the chain.</param>
    /// <param name="a">[inner, rows], packed.</param>
    /// <param name="b">[inner, two vectors], its rows <paramref name="bStride"/> elements apart.</param>
    /// <param name="bStride">Elements from one row of B to the next.</param>
    /// <param name="c">[rows, two vectors], its rows <paramref name="cStride"/> elements apart.</param>
    /// <param name="cStride">Elements from one row of C to the next.</param>
    /// <param name="accumulate">Whether the sums start from C instead of zero.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Multiply<T, TVector, TLanes>(
        int rows, nint inner, T* a, T* b, nint bStride, T* c, nint cStride, bool accumulate)
        where T : unmanaged
        where TVector : unmanaged
        where TLanes : struct, ILanes<T, TVector>
    {
        switch (rows)
        {
            case 1: Multiply<T, TVector, TLanes, Rows1>(inner, a, b, bStride, c, cStride, accumulate); break;
            case 2: Multiply<T, TVector, TLanes, Rows2>(inner, a, b, bStride, c, cStride, accumulate); break;
            case 3: Multiply<T, TVector, TLanes, Rows3>(inner, a, b, bStride, c, cStride, accumulate); break;
            case 4: Multiply<T, TVector, TLanes, Rows4>(inner, a, b, bStride, c, cStride, accumulate); break;
            case 5: Multiply<T, TVector, TLanes, Rows5>(inner, a, b, bStride, c, cStride, accumulate); break;
            case 6: Multiply<T, TVector, TLanes, Rows6>(inner, a, b, bStride, c, cStride, accumulate); break;
            case 7: Multiply<T, TVector, TLanes, Rows7>(inner, a, b, bStride, c, cStride, accumulate); break;
            case 8: Multiply<T, TVector, TLanes, Rows8>(inner, a, b, bStride, c, cStride, accumulate); break;
            case 9: Multiply<T, TVector, TLanes, Rows9>(inner, a, b, bStride, c, cStride, accumulate); break;
            case 10: Multiply<T, TVector, TLanes, Rows10>(inner, a, b, bStride, c, cStride, accumulate); break;
            case 11: Multiply<T, TVector, TLanes, Rows11>(inner, a, b, bStride, c, cStride, accumulate); break;
            case 12: Multiply<T, TVector, TLanes, Rows12>(inner, a, b, bStride, c, cStride, accumulate); break;
            case 13: Multiply<T, TVector, TLanes, Rows13>(inner, a, b, bStride, c, cStride, accumulate); break;
            case 14: Multiply<T, TVector, TLanes, Rows14>(inner, a, b, bStride, c, cStride, accumulate); break;
        }
    }

    // The height is the size of TRows: a constant when the method is compiled, so that the rows beyond it vanish.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply<T, TVector, TLanes, TRows>(
        nint inner, T* a, T* b, nint bStride, T* c, nint cStride, bool accumulate)
        where T : unmanaged
        where TVector : unmanaged
        where TLanes : struct, ILanes<T, TVector>
        where TRows : unmanaged
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

        for (; inner > 0; inner--)
        {
            TVector left = TLanes.Load(b), right = TLanes.Load(b + TLanes.Count);
            TVector x = TLanes.Broadcast(a);
            l0 = TLanes.MultiplyAdd(x, left, l0); r0 = TLanes.MultiplyAdd(x, right, r0);
            if (sizeof(TRows) > 1) { x = TLanes.Broadcast(a + 1); l1 = TLanes.MultiplyAdd(x, left, l1); r1 = TLanes.MultiplyAdd(x, right, r1); }
            if (sizeof(TRows) > 2) { x = TLanes.Broadcast(a + 2); l2 = TLanes.MultiplyAdd(x, left, l2); r2 = TLanes.MultiplyAdd(x, right, r2); }
            if (sizeof(TRows) > 3) { x = TLanes.Broadcast(a + 3); l3 = TLanes.MultiplyAdd(x, left, l3); r3 = TLanes.MultiplyAdd(x, right, r3); }
            if (sizeof(TRows) > 4) { x = TLanes.Broadcast(a + 4); l4 = TLanes.MultiplyAdd(x, left, l4); r4 = TLanes.MultiplyAdd(x, right, r4); }
            if (sizeof(TRows) > 5) { x = TLanes.Broadcast(a + 5); l5 = TLanes.MultiplyAdd(x, left, l5); r5 = TLanes.MultiplyAdd(x, right, r5); }
            if (sizeof(TRows) > 6) { x = TLanes.Broadcast(a + 6); l6 = TLanes.MultiplyAdd(x, left, l6); r6 = TLanes.MultiplyAdd(x, right, r6); }
            if (sizeof(TRows) > 7) { x = TLanes.Broadcast(a + 7); l7 = TLanes.MultiplyAdd(x, left, l7); r7 = TLanes.MultiplyAdd(x, right, r7); }
            if (sizeof(TRows) > 8) { x = TLanes.Broadcast(a + 8); l8 = TLanes.MultiplyAdd(x, left, l8); r8 = TLanes.MultiplyAdd(x, right, r8); }
            if (sizeof(TRows) > 9) { x = TLanes.Broadcast(a + 9); l9 = TLanes.MultiplyAdd(x, left, l9); r9 = TLanes.MultiplyAdd(x, right, r9); }
            if (sizeof(TRows) > 10) { x = TLanes.Broadcast(a + 10); l10 = TLanes.MultiplyAdd(x, left, l10); r10 = TLanes.MultiplyAdd(x, right, r10); }
            if (sizeof(TRows) > 11) { x = TLanes.Broadcast(a + 11); l11 = TLanes.MultiplyAdd(x, left, l11); r11 = TLanes.MultiplyAdd(x, right, r11); }
            if (sizeof(TRows) > 12) { x = TLanes.Broadcast(a + 12); l12 = TLanes.MultiplyAdd(x, left, l12); r12 = TLanes.MultiplyAdd(x, right, r12); }
            if (sizeof(TRows) > 13) { x = TLanes.Broadcast(a + 13); l13 = TLanes.MultiplyAdd(x, left, l13); r13 = TLanes.MultiplyAdd(x, right, r13); }
            a += sizeof(TRows);
            b += bStride;
        }

        TLanes.Store(l0, c); TLanes.Store(r0, c + TLanes.Count);
        if (sizeof(TRows) > 1) { c += cStride; TLanes.Store(l1, c); TLanes.Store(r1, c + TLanes.Count); }
        if (sizeof(TRows) > 2) { c += cStride; TLanes.Store(l2, c); TLanes.Store(r2, c + TLanes.Count); }
        if (sizeof(TRows) > 3) { c += cStride; TLanes.Store(l3, c); TLanes.Store(r3, c + TLanes.Count); }
        if (sizeof(TRows) > 4) { c += cStride; TLanes.Store(l4, c); TLanes.Store(r4, c + TLanes.Count); }
        if (sizeof(TRows) > 5) { c += cStride; TLanes.Store(l5, c); TLanes.Store(r5, c + TLanes.Count); }
        if (sizeof(TRows) > 6) { c += cStride; TLanes.Store(l6, c); TLanes.Store(r6, c + TLanes.Count); }
        if (sizeof(TRows) > 7) { c += cStride; TLanes.Store(l7, c); TLanes.Store(r7, c + TLanes.Count); }
        if (sizeof(TRows) > 8) { c += cStride; TLanes.Store(l8, c); TLanes.Store(r8, c + TLanes.Count); }
        if (sizeof(TRows) > 9) { c += cStride; TLanes.Store(l9, c); TLanes.Store(r9, c + TLanes.Count); }
        if (sizeof(TRows) > 10) { c += cStride; TLanes.Store(l10, c); TLanes.Store(r10, c + TLanes.Count); }
        if (sizeof(TRows) > 11) { c += cStride; TLanes.Store(l11, c); TLanes.Store(r11, c + TLanes.Count); }
        if (sizeof(TRows) > 12) { c += cStride; TLanes.Store(l12, c); TLanes.Store(r12, c + TLanes.Count); }
        if (sizeof(TRows) > 13) { c += cStride; TLanes.Store(l13, c); TLanes.Store(r13, c + TLanes.Count); }
    }

    [InlineArray(1)] private struct Rows1 { private byte row; }
    [InlineArray(2)] private struct Rows2 { private byte row; }
    [InlineArray(3)] private struct Rows3 { private byte row; }
    [InlineArray(4)] private struct Rows4 { private byte row; }
    [InlineArray(5)] private struct Rows5 { private byte row; }
    [InlineArray(6)] private struct Rows6 { private byte row; }
    [InlineArray(7)] private struct Rows7 { private byte row; }
    [InlineArray(8)] private struct Rows8 { private byte row; }
    [InlineArray(9)] private struct Rows9 { private byte row; }
    [InlineArray(10)] private struct Rows10 { private byte row; }
    [InlineArray(11)] private struct Rows11 { private byte row; }
    [InlineArray(12)] private struct Rows12 { private byte row; }
    [InlineArray(13)] private struct Rows13 { private byte row; }
    [InlineArray(14)] private struct Rows14 { private byte row; }
}

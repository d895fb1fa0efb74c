using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Switchyard.Tensors.Kernels;

/// <summary>Copies a slice of a matrix into the order in which the register tile reads it: panel by panel, each [inner, width].</summary>
internal static unsafe class Packing
{
    // Rows of a source that are read together: so many stay in the first-level cache even where they all map to the same
    // place of it, and they fill whole lines of a packed panel.
    private const int RowsTogether = 8;

    // Rows that fill a register of four numbers.
    private const int RowsOfFour = 4;

    // Elements of each row of a source that are transposed together; a multiple of four.
    private const int InnerTogether = 64;

    /// <summary>Packs a slice whose panels lie along the rows of the source.</summary>
    /// <param name="source">[inner, length of all panels]</param>
    /// <param name="inner">How many rows of the source.</param>
    /// <param name="panels">Which columns of the source make a panel.</param>
    /// <param name="packed">[panels, inner, width]; what a panel does not fill is left as it is.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Copy<T>(StoredRows<T> source, int inner, in Panels panels, T* packed)
        where T : unmanaged
    {
        for (int first = 0; first < inner; first += RowsTogether)
        {
            int end = Math.Min(first + RowsTogether, inner), panel = 0;
            if (end - first == RowsTogether && panels.Width == Vector128<T>.Count) panel = CopyNarrow(source, first, panels, packed);
            for (; panel < panels.Count; panel++)
            {
                int start = panels.First(panel), width = panels.First(panel + 1) - start;
                T* to = packed + panel * panels.Stride;
                for (int k = first; k < end; k++) CopyRow(source[k] + start, width, to + (nint)k * panels.Width);
            }
        }
    }

    // Panels as wide as one vector, and of the source as many rows as are read together: a load and a store each. Where a
    // panel is not full, what stands beside it comes along and is not used; so the last one is left.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int CopyNarrow<T>(StoredRows<T> source, int first, in Panels panels, T* packed)
        where T : unmanaged
    {
        T* row0 = source[first], row1 = source[first + 1], row2 = source[first + 2], row3 = source[first + 3];
        T* row4 = source[first + 4], row5 = source[first + 5], row6 = source[first + 6], row7 = source[first + 7];
        int panel = 0, lanes = Vector128<T>.Count;
        for (; panel < panels.Count - 1; panel++)
        {
            nint start = panels.First(panel);
            T* to = packed + panel * panels.Stride + (nint)first * lanes;
            Vector128.Load(row0 + start).Store(to);
            Vector128.Load(row1 + start).Store(to + lanes);
            Vector128.Load(row2 + start).Store(to + 2 * lanes);
            Vector128.Load(row3 + start).Store(to + 3 * lanes);
            Vector128.Load(row4 + start).Store(to + 4 * lanes);
            Vector128.Load(row5 + start).Store(to + 5 * lanes);
            Vector128.Load(row6 + start).Store(to + 6 * lanes);
            Vector128.Load(row7 + start).Store(to + 7 * lanes);
        }

        return panel;
    }

    /// <summary>Packs a slice whose panels lie across the rows of the source.</summary>
    /// <param name="source">[length of all panels, inner]</param>
    /// <param name="inner">How many elements of each row.</param>
    /// <param name="panels">Which rows of the source make a panel.</param>
    /// <param name="packed">[panels, inner, width]; what a panel does not fill is left as it is.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Transpose<T>(StoredRows<T> source, int inner, in Panels panels, T* packed)
        where T : unmanaged
    {
        for (int panel = 0; panel < panels.Count; panel++)
        {
            TransposePanel(source, inner, panels.First(panel), panels.First(panel + 1), panels.First(panels.Count), packed + panel * panels.Stride, panels.Width);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyRow<T>(T* source, int width, T* packed)
        where T : unmanaged
    {
        int lanes = Vector128<T>.Count, i = 0;
        for (; i <= width - 2 * lanes; i += 2 * lanes) Vector256.Load(source + i).Store(packed + i);
        if (i <= width - lanes)
        {
            Vector128.Load(source + i).Store(packed + i);
            i += lanes;
        }

        for (; i < width; i++) packed[i] = source[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposePanel<T>(StoredRows<T> source, int inner, int first, int end, int rows, T* packed, int packedWidth)
        where T : unmanaged
    {
        int done = 0;
        if (typeof(T) == typeof(float) && Sse.IsSupported && end - first >= RowsOfFour)
        {
            bool isFour = Avx.IsSupported && packedWidth == RowsOfFour;
            done = inner & (isFour ? ~7 : ~3);
            if (isFour) TransposeFours(source, done, first, Math.Min(end, rows - RowsOfFour), (float*)packed);
            else TransposeGroups(source, done, first, end, rows, (float*)packed, packedWidth);
        }

        for (int row = first; row < end; row++)
        {
            T* from = source[row], to = packed + (row - first);
            for (int k = done; k < inner; k++) to[(nint)k * packedWidth] = from[k];
        }
    }

    // Eight rows of the source at a time, or four, and the last ones overlap those before: more would chase each other out of
    // the first-level cache where their distance is a power of two. And a part of each at a time, so that the lines of the
    // panel are still there when the next rows go into them.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeGroups<T>(StoredRows<T> source, int inner, int first, int end, int rows, float* packed, nint packedWidth)
        where T : unmanaged
    {
        int group = Avx.IsSupported && end - first >= 2 * RowsOfFour ? 2 * RowsOfFour : RowsOfFour;
        for (int k = 0; k < inner; k += InnerTogether)
        {
            int length = Math.Min(InnerTogether, inner - k);
            for (int i = first; i < end; i += group)
            {
                int row = Math.Min(i, end - group);
                // What comes next: more of these rows, or after their end the beginning of those of the next panel.
                (int next, int start) = k + length < inner ? (row, k + length) : (Math.Min(row + end - first, rows - group), 0);
                for (int fetched = 0; fetched < group; fetched++) Fetch((float*)source[next + fetched] + start);
                float* a = (float*)source[row] + k, b = (float*)source[row + 1] + k, c = (float*)source[row + 2] + k, d = (float*)source[row + 3] + k;
                float* to = packed + k * packedWidth + (row - first);
                if (group == RowsOfFour)
                {
                    for (int j = 0; j < length; j += 4) TransposeFour(a + j, b + j, c + j, d + j, to + j * packedWidth, packedWidth);
                    continue;
                }

                float* e = (float*)source[row + 4] + k, f = (float*)source[row + 5] + k, g = (float*)source[row + 6] + k, h = (float*)source[row + 7] + k;
                for (int j = 0; j < length; j += 4) TransposeEight(a + j, b + j, c + j, d + j, e + j, f + j, g + j, h + j, to + j * packedWidth, packedWidth);
            }
        }
    }

    // Into the second-level cache, for in the first they might chase each other out.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fetch(float* start)
    {
        for (int line = 0; line < InnerTogether; line += AlignedMemory.CacheLine / sizeof(float)) Sse.Prefetch1(start + line);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeFour(float* from0, float* from1, float* from2, float* from3, float* packed, nint packedStride)
    {
        Vector128<float> a = Vector128.Load(from0);
        Vector128<float> b = Vector128.Load(from1);
        Vector128<float> c = Vector128.Load(from2);
        Vector128<float> d = Vector128.Load(from3);
        Vector128<float> abLow = Sse.UnpackLow(a, b), abHigh = Sse.UnpackHigh(a, b); // a0 b0 a1 b1, a2 b2 a3 b3
        Vector128<float> cdLow = Sse.UnpackLow(c, d), cdHigh = Sse.UnpackHigh(c, d);
        Sse.MoveLowToHigh(abLow, cdLow).Store(packed);
        Sse.MoveHighToLow(cdLow, abLow).Store(packed + packedStride);
        Sse.MoveLowToHigh(abHigh, cdHigh).Store(packed + 2 * packedStride);
        Sse.MoveHighToLow(cdHigh, abHigh).Store(packed + 3 * packedStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeEight(float* a, float* b, float* c, float* d, float* e, float* f, float* g, float* h, float* packed, nint packedStride)
    {
        Transpose(
            Vector256.Create(Vector128.Load(a), Vector128.Load(e)), Vector256.Create(Vector128.Load(b), Vector128.Load(f)),
            Vector256.Create(Vector128.Load(c), Vector128.Load(g)), Vector256.Create(Vector128.Load(d), Vector128.Load(h)),
            out Vector256<float> first, out Vector256<float> second, out Vector256<float> third, out Vector256<float> fourth);
        first.Store(packed);
        second.Store(packed + packedStride);
        third.Store(packed + 2 * packedStride);
        fourth.Store(packed + 3 * packedStride);
    }

    // A panel of four rows, as those of A are: whole rows, for its lines lie one behind the other.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeFours<T>(StoredRows<T> source, int inner, int row, int next, float* packed)
        where T : unmanaged
    {
        float* a = (float*)source[row], b = (float*)source[row + 1], c = (float*)source[row + 2], d = (float*)source[row + 3];
        float* nextA = (float*)source[next], nextB = (float*)source[next + 1], nextC = (float*)source[next + 2], nextD = (float*)source[next + 3];
        for (int k = 0; k < inner; k += 8, packed += 32)
        {
            if (k % (AlignedMemory.CacheLine / sizeof(float)) == 0)
            {
                Sse.Prefetch1(nextA + k);
                Sse.Prefetch1(nextB + k);
                Sse.Prefetch1(nextC + k);
                Sse.Prefetch1(nextD + k);
            }

            Transpose(
                Vector256.Load(a + k), Vector256.Load(b + k), Vector256.Load(c + k), Vector256.Load(d + k),
                out Vector256<float> first, out Vector256<float> second, out Vector256<float> third, out Vector256<float> fourth); // k and k + 4, and so on
            Avx.Permute2x128(first, second, 0x20).Store(packed);
            Avx.Permute2x128(third, fourth, 0x20).Store(packed + 8);
            Avx.Permute2x128(first, second, 0x31).Store(packed + 16);
            Avx.Permute2x128(third, fourth, 0x31).Store(packed + 24);
        }
    }

    // In each half of the registers by itself.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose(
        Vector256<float> a, Vector256<float> b, Vector256<float> c, Vector256<float> d,
        out Vector256<float> first, out Vector256<float> second, out Vector256<float> third, out Vector256<float> fourth)
    {
        Vector256<float> abLow = Avx.UnpackLow(a, b), abHigh = Avx.UnpackHigh(a, b); // a0 b0 a1 b1, a2 b2 a3 b3
        Vector256<float> cdLow = Avx.UnpackLow(c, d), cdHigh = Avx.UnpackHigh(c, d);
        first = Avx.Shuffle(abLow, cdLow, 0b_01_00_01_00);
        second = Avx.Shuffle(abLow, cdLow, 0b_11_10_11_10);
        third = Avx.Shuffle(abHigh, cdHigh, 0b_01_00_01_00);
        fourth = Avx.Shuffle(abHigh, cdHigh, 0b_11_10_11_10);
    }
}

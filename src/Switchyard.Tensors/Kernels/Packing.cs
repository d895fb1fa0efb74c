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

    // Elements of each row of a source that are transposed together; a multiple of four.
    private const int InnerTogether = 64;

    /// <summary>Packs a slice whose panels lie along the rows of the source.</summary>
    /// <param name="source">[inner, length of all panels], rows <paramref name="stride"/> elements apart.</param>
    /// <param name="stride">Elements from one row of the source to the next.</param>
    /// <param name="inner">How many rows of the source.</param>
    /// <param name="panels">Which columns of the source make a panel.</param>
    /// <param name="packed">[panels, inner, width]; what a panel does not fill is left as it is.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Copy<T>(T* source, nint stride, int inner, in Panels panels, T* packed)
        where T : unmanaged
    {
        for (int first = 0; first < inner; first += RowsTogether)
        {
            int end = Math.Min(first + RowsTogether, inner);
            for (int panel = 0; panel < panels.Count; panel++)
            {
                int start = panels.First(panel), width = panels.First(panel + 1) - start;
                T* to = packed + panel * panels.Stride;
                for (int k = first; k < end; k++) CopyRow(source + k * stride + start, width, to + (nint)k * panels.Width);
            }
        }
    }

    /// <summary>Packs a slice whose panels lie across the rows of the source.</summary>
    /// <param name="source">[length of all panels, inner], rows <paramref name="stride"/> elements apart.</param>
    /// <param name="stride">Elements from one row of the source to the next.</param>
    /// <param name="inner">How many elements of each row.</param>
    /// <param name="panels">Which rows of the source make a panel.</param>
    /// <param name="packed">[panels, inner, width]; what a panel does not fill is left as it is.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Transpose<T>(T* source, nint stride, int inner, in Panels panels, T* packed)
        where T : unmanaged
    {
        for (int panel = 0; panel < panels.Count; panel++)
        {
            int start = panels.First(panel);
            TransposePanel(source + start * stride, stride, inner, panels.First(panel + 1) - start, packed + panel * panels.Stride, panels.Width);
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
    private static void TransposePanel<T>(T* source, nint stride, int inner, int width, T* packed, int packedWidth)
        where T : unmanaged
    {
        int done = 0;
        if (typeof(T) == typeof(float) && Sse.IsSupported && width >= 4)
        {
            done = inner & ~3;
            // Four rows of the source at a time, and the last four overlap those before: more would chase each other
            // out of the first-level cache where their distance is a power of two. And a part of each at a time, so
            // that the lines of the panel are still there when the next rows go into them.
            for (int first = 0; first < done; first += InnerTogether)
            {
                int end = Math.Min(first + InnerTogether, done);
                for (int i = 0; i < width; i += 4)
                {
                    int row = Math.Min(i, width - 4);
                    float* from = (float*)source + row * stride, to = (float*)packed + row;
                        // What comes next: more of these rows, or after their end the beginning of those of the next panel.
                    float* next = end < inner ? from + end : from + width * stride;
                    for (int line = 0; line < InnerTogether; line += AlignedMemory.CacheLine / sizeof(float))
                    {
                        Sse.Prefetch1(next + line);
                        Sse.Prefetch1(next + stride + line);
                        Sse.Prefetch1(next + 2 * stride + line);
                        Sse.Prefetch1(next + 3 * stride + line);
                    }

                    for (int k = first; k < end; k += 4) TransposeFour(from + k, stride, to + (nint)k * packedWidth, packedWidth);
                }
            }
        }

        for (int k = done; k < inner; k++)
        {
            for (int i = 0; i < width; i++) packed[(nint)k * packedWidth + i] = source[i * stride + k];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeFour(float* source, nint stride, float* packed, nint packedStride)
    {
        Vector128<float> a = Vector128.Load(source);
        Vector128<float> b = Vector128.Load(source + stride);
        Vector128<float> c = Vector128.Load(source + 2 * stride);
        Vector128<float> d = Vector128.Load(source + 3 * stride);
        Vector128<float> abLow = Sse.UnpackLow(a, b), abHigh = Sse.UnpackHigh(a, b); // a0 b0 a1 b1, a2 b2 a3 b3
        Vector128<float> cdLow = Sse.UnpackLow(c, d), cdHigh = Sse.UnpackHigh(c, d);
        Sse.MoveLowToHigh(abLow, cdLow).Store(packed);
        Sse.MoveHighToLow(cdLow, abLow).Store(packed + packedStride);
        Sse.MoveLowToHigh(abHigh, cdHigh).Store(packed + 2 * packedStride);
        Sse.MoveHighToLow(cdHigh, abHigh).Store(packed + 3 * packedStride);
    }
}

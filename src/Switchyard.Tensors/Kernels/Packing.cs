using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// Copies a strip of a matrix into the order in which the register tile reads it: [inner, width], without gaps.
/// </summary>
internal static unsafe class Packing
{
    /// <summary>Packs a strip whose <paramref name="width"/> lies along the rows of the source.</summary>
    /// <param name="source">[inner, width], rows <paramref name="stride"/> elements apart.</param>
    /// <param name="stride">Elements from one row of the source to the next.</param>
    /// <param name="inner">How many rows to copy.</param>
    /// <param name="width">How many elements of each row.</param>
    /// <param name="packed">[inner, packedWidth]</param>
    /// <param name="packedWidth">Elements from one packed row to the next; what lies beyond the width is cleared.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Copy<T>(T* source, nint stride, int inner, int width, T* packed, int packedWidth)
        where T : unmanaged
    {
        int lanes = Vector128<T>.Count;
        if (width < packedWidth) new Span<T>(packed, inner * packedWidth).Clear();
        for (int k = 0; k < inner; k++)
        {
            int i = 0;
            for (; i <= width - lanes; i += lanes) Vector128.Load(source + i).Store(packed + i);
            if (i < width && width >= lanes)
            {
                // The last vector overlaps the one before it.
                i = width - lanes;
                Vector128.Load(source + i).Store(packed + i);
                i = width;
            }

            for (; i < width; i++) packed[i] = source[i];
            source += stride;
            packed += packedWidth;
        }
    }

    /// <summary>Packs a strip whose <paramref name="width"/> lies across the rows of the source.</summary>
    /// <param name="source">[width, inner], rows <paramref name="stride"/> elements apart.</param>
    /// <param name="stride">Elements from one row of the source to the next.</param>
    /// <param name="inner">How many elements of each row.</param>
    /// <param name="width">How many rows.</param>
    /// <param name="packed">[inner, packedWidth]</param>
    /// <param name="packedWidth">Elements from one packed row to the next; what lies beyond the width is cleared.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Transpose<T>(T* source, nint stride, int inner, int width, T* packed, int packedWidth)
        where T : unmanaged
    {
        if (width < packedWidth) new Span<T>(packed, inner * packedWidth).Clear();
        int k = 0;
        if (typeof(T) == typeof(float) && Sse.IsSupported && width >= 4)
        {
            for (; k <= inner - 4; k += 4)
            {
                float* from = (float*)source + k, to = (float*)packed + (nint)k * packedWidth;
                int i = 0;
                for (; i <= width - 4; i += 4) TransposeFour(from + i * stride, stride, to + i, packedWidth);
                if (i < width) TransposeFour(from + (width - 4) * stride, stride, to + width - 4, packedWidth);
            }
        }

        for (; k < inner; k++)
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

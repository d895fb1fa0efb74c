using System.Runtime.InteropServices;
using Switchyard.Tensors;

namespace Switchyard.Cli.Benchmarks;

/// <summary>OpenBLAS as a peer of our matrix products, where the machine has it; the program never needs it.</summary>
internal sealed class OpenBlas
{
    private const int RowMajor = 101, Plain = 111, Transposed = 112;

    private readonly Product _product;
    private readonly ThreadSetting _setThreads;

    private OpenBlas(nint library)
    {
        _product = Marshal.GetDelegateForFunctionPointer<Product>(NativeLibrary.GetExport(library, "cblas_sgemm"));
        _setThreads = Marshal.GetDelegateForFunctionPointer<ThreadSetting>(NativeLibrary.GetExport(library, "openblas_set_num_threads"));
    }

    /// <summary>The library of this machine, or null if it has none.</summary>
    public static OpenBlas? Find() => NativeLibrary.TryLoad("libopenblas.so.0", out nint library) ? new OpenBlas(library) : null;

    /// <summary>How many threads the products take from now on.</summary>
    public void UseThreads(int threads) => _setThreads(threads);

    /// <summary>c = op(a)·op(b) of Float32.</summary>
    /// <param name="a">[rows, inner], or [inner, rows] to be transposed.</param>
    /// <param name="transposeA">Whether a is transposed.</param>
    /// <param name="b">[inner, columns], or [columns, inner] to be transposed.</param>
    /// <param name="transposeB">Whether b is transposed.</param>
    /// <param name="c">[rows, columns]</param>
    public void Multiply(Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor c) => Multiply(
        c.Shape[0], c.Shape[1], a.Shape[transposeA ? 0 : 1],
        a.AsReadOnlySpan<float>(), transposeA, b.AsReadOnlySpan<float>(), transposeB, c.AsSpan<float>());

    /// <summary>c = op(a)·op(b) of matrices without gaps.</summary>
    public void Multiply(int rows, int columns, int inner, ReadOnlySpan<float> a, bool transposeA, ReadOnlySpan<float> b, bool transposeB, Span<float> c) => _product(
        RowMajor, transposeA ? Transposed : Plain, transposeB ? Transposed : Plain, rows, columns, inner,
        1, MemoryMarshal.GetReference(a), transposeA ? rows : inner, MemoryMarshal.GetReference(b), transposeB ? inner : columns,
        0, ref MemoryMarshal.GetReference(c), columns);

    private delegate void Product(
        int order, int transposeA, int transposeB, int rows, int columns, int inner,
        float alpha, in float a, int aStride, in float b, int bStride, float beta, ref float c, int cStride);

    private delegate void ThreadSetting(int threads);
}

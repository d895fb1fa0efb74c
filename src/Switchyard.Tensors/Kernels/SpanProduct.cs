namespace Switchyard.Tensors.Kernels;

/// <summary>Products of spans on the calling thread, into memory that is there already: what serving is made of. Nothing is allocated.</summary>
public static unsafe class SpanProduct
{
    /// <summary>y = x·wᵀ + bias.</summary>
    /// <param name="x">Rows of <paramref name="inner"/> numbers, <paramref name="xStride"/> apart.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="inner">Columns of x and of w.</param>
    /// <param name="xStride">Numbers from one row of x to the next.</param>
    /// <param name="w">[columns, inner], row by row.</param>
    /// <param name="bias">[columns]</param>
    /// <param name="y">[rows, columns], row by row.</param>
    /// <exception cref="ArgumentException">A span is too short.</exception>
    public static void Linear(ReadOnlySpan<float> x, int rows, int inner, int xStride, ReadOnlySpan<float> w, ReadOnlySpan<float> bias, Span<float> y)
    {
        int columns = bias.Length;
        if (rows == 0 || columns == 0) return;
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        if (inner < 0 || xStride < inner || x.Length < (long)(rows - 1) * xStride + inner || w.Length < (long)columns * inner || y.Length < (long)rows * columns)
            throw new ArgumentException($"{rows} rows of {inner} to {columns} numbers do not fit into x of {x.Length}, w of {w.Length} and y of {y.Length}");
        for (int row = 0; row < rows; row++) bias.CopyTo(y[(row * columns)..]);
        if (inner == 0) return;
        fixed (float* from = x, weight = w, to = y)
            MatrixProduct.MultiplySerial(rows, columns, inner, from, xStride, aTransposed: false, weight, inner, bTransposed: true, to, columns, accumulate: true);
    }
}

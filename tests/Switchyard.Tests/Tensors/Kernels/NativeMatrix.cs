using System.Numerics;
using System.Runtime.InteropServices;

namespace Switchyard.Tests.Tensors.Kernels;

/// <summary>A row-major matrix in native memory, with room between its rows that nobody may touch.</summary>
internal sealed unsafe class NativeMatrix<T> : IDisposable
    where T : unmanaged, IFloatingPointIeee754<T>
{
    // Products must leave it as it is; it is finite, so a kernel that reads it gives wrong numbers, not NaN.
    private static readonly T Untouched = T.CreateChecked(-12345.5);

    public NativeMatrix(int rows, int columns, int gap = 0)
    {
        Rows = rows;
        Columns = columns;
        Stride = columns + gap;
        Elements = (T*)NativeMemory.Alloc((nuint)Math.Max(1, rows * Stride), (nuint)sizeof(T));
        new Span<T>(Elements, rows * Stride).Fill(Untouched);
    }

    public int Rows { get; }

    public int Columns { get; }

    public int Stride { get; }

    public T* Elements { get; }

    public T this[int row, int column]
    {
        get => Elements[(long)row * Stride + column];
        set => Elements[(long)row * Stride + column] = value;
    }

    public NativeMatrix<T> Fill(Random random)
    {
        for (int row = 0; row < Rows; row++)
        {
            for (int column = 0; column < Columns; column++) this[row, column] = T.CreateChecked(random.NextDouble() * 2 - 1);
        }

        return this;
    }

    public NativeMatrix<T> Clone()
    {
        NativeMatrix<T> copy = new(Rows, Columns, Stride - Columns);
        All.CopyTo(copy.All);
        return copy;
    }

    /// <summary>All elements, the gaps included.</summary>
    public Span<T> All => new(Elements, Rows * Stride);

    public void AssertGapsUntouched()
    {
        for (int row = 0; row < Rows; row++)
        {
            for (int column = Columns; column < Stride; column++) Assert.Equal(Untouched, this[row, column]);
        }
    }

    public void Dispose() => NativeMemory.Free(Elements);
}

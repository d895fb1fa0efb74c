using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// A linear map whose weights are packed once, for products with few rows again and again on the calling thread: what serving is made
/// of. Nothing is allocated, and a row has the same bits whatever other rows there are.
/// </summary>
public sealed unsafe class PackedLinear
{
    private readonly int _columns;
    private readonly int _inner;
    private readonly float[] _memory;

    /// <summary>Packs weights.</summary>
    /// <param name="weight">[columns, inner], row by row.</param>
    /// <param name="columns">How many numbers a row becomes.</param>
    /// <exception cref="ArgumentException">The weights are no whole number of numbers per column.</exception>
    public PackedLinear(ReadOnlySpan<float> weight, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        if (weight.Length % columns != 0) throw new ArgumentException($"{weight.Length} weights are no matrix of {columns} rows");
        (_columns, _inner) = (columns, weight.Length / columns);
        switch (Processor.Chosen)
        {
            case InstructionSet.Avx512: _memory = Pack<Vector512<float>, RawRegister512<float>>(weight); break;
            case InstructionSet.Avx2: _memory = Pack<Vector256<float>, RawRegister256<float>>(weight); break;
            default: _memory = Pack<Vector128<float>, RawRegister128<float>>(weight); break;
        }
    }

    /// <summary>Multiply-adds of a row.</summary>
    public long Weights => (long)_columns * _inner;

    /// <summary>y = x·wᵀ + bias, or max(0, that).</summary>
    /// <param name="x">Rows of as many numbers as the weights have, <paramref name="xStride"/> apart.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="xStride">Numbers from one row of x to the next.</param>
    /// <param name="bias">[columns]</param>
    /// <param name="rectifies">Whether what is below 0 becomes 0.</param>
    /// <param name="y">[rows, columns], row by row.</param>
    /// <exception cref="ArgumentException">A span is too short.</exception>
    public void Multiply(ReadOnlySpan<float> x, int rows, int xStride, ReadOnlySpan<float> bias, bool rectifies, Span<float> y)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        if (rows == 0) return;
        if (xStride < _inner || x.Length < (long)(rows - 1) * xStride + _inner || bias.Length != _columns || y.Length < (long)rows * _columns)
            throw new ArgumentException($"{rows} rows of {_inner} to {_columns} numbers do not fit into x of {x.Length}, a bias of {bias.Length} and y of {y.Length}");
        fixed (float* from = x, added = bias, to = y)
        {
            Epilogue<float> epilogue = rectifies ? Epilogues.AddAndRectify(added) : Epilogues.Add(added);
            Block<float> product = new(rows, _columns, _inner, from, xStride, false, null, _inner, true, to, _columns, false) { Epilogue = epilogue };
            switch (Processor.Chosen)
            {
                case InstructionSet.Avx512: Multiply<Vector512<float>, RawRegister512<float>>(product); break;
                case InstructionSet.Avx2: Multiply<Vector256<float>, RawRegister256<float>>(product); break;
                default: Multiply<Vector128<float>, RawRegister128<float>>(product); break;
            }
        }
    }

    private float[] Pack<TVector, TRegister>(ReadOnlySpan<float> weight)
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<float, TVector>
    {
        nint elements = 0;
        int slices = Slices(TRegister.InnerBlock);
        for (int i = 0; i < slices; i++) elements += Strips<TVector, TRegister>(slices, i).Elements;
        // Pinned, so that it stays where it is; longer by what brings it to a cache line.
        float[] memory = GC.AllocateUninitializedArray<float>(checked((int)elements + AlignedMemory.CacheLine / sizeof(float)), pinned: true);
        float* packed = Aligned(memory);
        fixed (float* from = weight)
        {
            Block<float> whole = new(0, _columns, _inner, null, _inner, false, from, _inner, true, null, _columns, false);
            for (int i = 0; i < slices; i++)
            {
                int first = FirstOf(slices, i);
                Panels strips = Strips<TVector, TRegister>(slices, i);
                BlockProduct.PackB(whole.CutInner(first, FirstOf(slices, i + 1) - first), strips, packed);
                packed += strips.Elements;
            }
        }
        return memory;
    }

    private void Multiply<TVector, TRegister>(in Block<float> product)
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<float, TVector>
    {
        float* packed = Aligned(_memory);
        int slices = Slices(TRegister.InnerBlock);
        for (int i = 0; i < slices; i++)
        {
            int first = FirstOf(slices, i);
            Block<float> slice = product.CutInner(first, FirstOf(slices, i + 1) - first);
            Panels strips = Strips<TVector, TRegister>(slices, i), panels = BlockProduct.PanelsOfA<float, TVector, TRegister>(slice.Rows, slice.Inner);
            float* packedA = Scratch.Rent<float>(panels.Elements);
            BlockProduct.PackA(slice, panels, packedA);
            BlockProduct.MultiplyPacked<float, TVector, TRegister>(slice, panels, packedA, strips, packed);
            packed += strips.Elements;
        }
    }

    // An empty inner dimension is one empty chain, which stores the zeros.
    private int Slices(int innerBlock) => Math.Max(1, (_inner + innerBlock - 1) / innerBlock);

    private int FirstOf(int slices, int slice) => Edges.Of(_inner, slices, slice, Edges.InnerStep);

    private Panels Strips<TVector, TRegister>(int slices, int slice)
        where TVector : unmanaged
        where TRegister : struct, IRawRegister<float, TVector>
        => BlockProduct.Strips<float, TVector, TRegister>(_columns, FirstOf(slices, slice + 1) - FirstOf(slices, slice));

    private static float* Aligned(float[] pinned)
    {
        nint address = (nint)Unsafe.AsPointer(ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(pinned));
        return (float*)((address + AlignedMemory.CacheLine - 1) & -AlignedMemory.CacheLine);
    }
}

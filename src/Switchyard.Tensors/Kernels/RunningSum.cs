using System.Numerics;
using System.Numerics.Tensors;

namespace Switchyard.Tensors.Kernels;

/// <summary>Running sums along the middle axis of [outer, length, inner].</summary>
internal static unsafe class RunningSum
{
    private const int StripColumns = 1 << 9;

    public static void Run(Tensor x, Tensor y, int axis)
    {
        y.MarkChanged();
        Operands operands = new() { X = (void*)x.Address, Y = (void*)y.Address, Length = x.Shape[axis], Inner = x.Shape.Product(axis + 1, x.Rank) };
        operands.Strips = (operands.Inner + StripColumns - 1) / StripColumns;
        if (x.Elements == 0) return;
        WorkerPool.Run(checked((int)(x.Shape.Product(0, axis) * operands.Strips)), x.Type == ElementType.Float32 ? &Part<float> : &Part<double>, &operands);
    }

    private static void Part<T>(void* state, int part)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Operands* o = (Operands*)state;
        (long outer, long strip) = Math.DivRem(part, o->Strips);
        int columns = (int)Math.Min(StripColumns, o->Inner - strip * StripColumns);
        long start = outer * o->Length * o->Inner + strip * StripColumns;
        T* x = (T*)o->X + start;
        T* y = (T*)o->Y + start;
        new ReadOnlySpan<T>(x, columns).CopyTo(new Span<T>(y, columns));
        for (int row = 1; row < o->Length; row++)
        {
            T* former = y;
            x += o->Inner;
            y += o->Inner;
            if (columns == 1) *y = *former + *x;
            else TensorPrimitives.Add(new ReadOnlySpan<T>(former, columns), new ReadOnlySpan<T>(x, columns), new Span<T>(y, columns));
        }
    }

    private struct Operands
    {
        public void* X;
        public void* Y;
        public long Inner;
        public long Strips;
        public int Length;
    }
}

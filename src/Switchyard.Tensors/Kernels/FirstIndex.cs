using System.Numerics;
using System.Numerics.Tensors;

namespace Switchyard.Tensors.Kernels;

/// <summary>Which of a row of numbers is wanted: the first for which no other is better. NaN is better than any number.</summary>
internal interface IFirst
{
    static abstract int IndexOf<T>(ReadOnlySpan<T> row)
        where T : unmanaged, IFloatingPointIeee754<T>;

    static abstract bool IsBetter<T>(T candidate, T best)
        where T : unmanaged, IFloatingPointIeee754<T>;
}

/// <summary>The index of the first best number along an axis.</summary>
internal static unsafe class FirstIndex
{
    private const int PartElements = 1 << 14;

    /// <summary>Reduces the axis of x to indices y, Int32.</summary>
    public static void Run<TFirst>(Tensor x, int axis, Tensor y)
        where TFirst : struct, IFirst
    {
        y.MarkChanged();
        Operands operands = new() { X = (void*)x.Address, Y = (int*)y.Address, Parts = new RowParts(y.Elements, Math.Max(1, PartElements / Math.Max(1, x.Shape[axis]))), Length = x.Shape[axis], Inner = x.Shape.Product(axis + 1, x.Rank) };
        WorkerPool.Run(operands.Parts.Count, x.Type == ElementType.Float32 ? &Part<TFirst, float> : &Part<TFirst, double>, &operands);
    }

    private static void Part<TFirst, T>(void* state, int part)
        where TFirst : struct, IFirst
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Operands* o = (Operands*)state;
        for (long row = o->Parts.Start(part); row < o->Parts.End(part); row++)
        {
            (long outer, long inner) = Math.DivRem(row, o->Inner);
            T* x = (T*)o->X + outer * o->Length * o->Inner + inner;
            o->Y[row] = o->Inner == 1 ? TFirst.IndexOf(new ReadOnlySpan<T>(x, o->Length)) : IndexOf<TFirst, T>(x, o->Length, o->Inner);
        }
    }

    private static int IndexOf<TFirst, T>(T* x, int length, long step)
        where TFirst : struct, IFirst
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        int best = 0;
        for (int i = 1; i < length; i++)
            if (TFirst.IsBetter(x[i * step], x[best * step])) best = i;
        return best;
    }

    private struct Operands
    {
        public void* X;
        public int* Y;
        public RowParts Parts;
        public long Inner;
        public int Length;
    }
}

/// <summary>The first of the largest.</summary>
internal readonly struct FirstLargest : IFirst
{
    // By comparison and not by TensorPrimitives.IndexOfMax, for which +0 is larger than -0.
    public static int IndexOf<T>(ReadOnlySpan<T> row) where T : unmanaged, IFloatingPointIeee754<T> => IndexOfValue(row, TensorPrimitives.Max(row));

    public static bool IsBetter<T>(T candidate, T best) where T : unmanaged, IFloatingPointIeee754<T> => candidate > best || (T.IsNaN(candidate) && !T.IsNaN(best));

    internal static int IndexOfValue<T>(ReadOnlySpan<T> row, T value)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (int i = 0; i < row.Length; i++)
            if (row[i] == value || (T.IsNaN(value) && T.IsNaN(row[i]))) return i;
        return 0;
    }
}

/// <summary>The first of the smallest.</summary>
internal readonly struct FirstSmallest : IFirst
{
    public static int IndexOf<T>(ReadOnlySpan<T> row) where T : unmanaged, IFloatingPointIeee754<T> => FirstLargest.IndexOfValue(row, TensorPrimitives.Min(row));

    public static bool IsBetter<T>(T candidate, T best) where T : unmanaged, IFloatingPointIeee754<T> => candidate < best || (T.IsNaN(candidate) && !T.IsNaN(best));
}

using System.Numerics;
using System.Runtime.CompilerServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// The order of the numbers along an axis: equal ones by rising index, +0 equal to -0, NaN after all numbers, in
/// either direction.
/// </summary>
internal static unsafe class LineOrder
{
    private const int PartElements = 1 << 12;

    // Up to here, keeping a short list in order beats sorting the line.
    private const int ShortList = 16;

    // Up to here, the list stays in registers.
    private const int Few = 4;

    // What of a Float64 from 1 to 2 is left for an index below a key of 32 bits.
    private const int IndexBits = 20;

    /// <summary>The indices of the first <paramref name="count"/> numbers of every line along the axis, in order.</summary>
    public static void Run(Tensor x, int axis, int count, bool descending, Tensor indices)
    {
        indices.MarkChanged();
        Operands operands = new()
        {
            X = (void*)x.Address,
            Indices = (int*)indices.Address,
            Length = x.Shape[axis],
            Count = count,
            Descending = descending,
            Inner = x.Shape.Product(axis + 1, x.Rank),
        };
        if (indices.Elements == 0) return;
        operands.Lines = new RowParts(indices.Elements / count, Math.Max(1, PartElements / operands.Length));
        WorkerPool.Run(operands.Lines.Count, x.Type == ElementType.Float32 ? &Part<float> : &Part<double>, &operands);
    }

    private static void Part<T>(void* state, int part)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Operands* o = (Operands*)state;
        bool isShort = o->Count <= ShortList;
        using Workspace<ulong> keySpace = new(o->Length);
        using Workspace<int> indexSpace = new(o->Length);
        Span<ulong> keys = new(keySpace.Pointer, isShort ? o->Count : o->Length);
        Span<int> order = new(indexSpace.Pointer, keys.Length);
        for (long line = o->Lines.Start(part); line < o->Lines.End(part); line++)
        {
            (long outer, long inner) = o->Inner == 1 ? (line, 0) : Math.DivRem(line, o->Inner);
            T* x = (T*)o->X + outer * o->Length * o->Inner + inner;
            if (typeof(T) == typeof(float) && o->Count <= Few && o->Length <= 1 << IndexBits) FirstFew((float*)x, o->Inner, o->Length, o->Descending, order);
            else if (isShort) First(x, o->Inner, o->Length, o->Descending, keys, order);
            else Sort(x, o->Inner, o->Descending, keys, order);
            int* y = o->Indices + outer * o->Count * o->Inner + inner;
            for (int i = 0; i < o->Count; i++) y[i * o->Inner] = order[i];
        }
    }

    /// <summary>A whole number that comes earlier the earlier its number does.</summary>
    private static ulong Key<T>(T x, bool descending)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (T.IsNaN(x)) return ulong.MaxValue;
        // Adding +0 makes -0 positive. Negative numbers order by falling bits, below the positive ones.
        if (typeof(T) == typeof(float))
        {
            uint bits = Unsafe.BitCast<T, uint>(x + T.Zero), rising = bits ^ (uint)((int)bits >> 31 | int.MinValue);
            return descending ? ~rising : rising;
        }
        ulong wide = Unsafe.BitCast<T, ulong>(x + T.Zero), risingWide = wide ^ (ulong)((long)wide >> 63 | long.MinValue);
        return descending ? ~risingWide : risingWide;
    }

    // Keys and indices together as Float64 from 1 to 2, which the processor orders without a branch to guess at: every
    // number passes by the four least so far, the lesser stays and the greater goes on.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FirstFew(float* x, long step, int length, bool descending, Span<int> first)
    {
        const ulong One = 0x3FF0_0000_0000_0000;
        double a = 2, b = 2, c = 2, d = 2;
        for (int i = 0; i < length; i++)
        {
            ulong key = Math.Min(Key(x[i * step], descending), uint.MaxValue);
            double e = BitConverter.UInt64BitsToDouble(One | key << IndexBits | (uint)i);
            (a, e) = (double.MinNative(a, e), double.MaxNative(a, e));
            (b, e) = (double.MinNative(b, e), double.MaxNative(b, e));
            (c, e) = (double.MinNative(c, e), double.MaxNative(c, e));
            d = double.MinNative(d, e);
        }
        double* few = stackalloc double[Few] { a, b, c, d };
        for (int i = 0; i < first.Length; i++) first[i] = (int)(BitConverter.DoubleToUInt64Bits(few[i]) & ((1 << IndexBits) - 1));
    }

    // Keeps a short list in order.
    private static void First<T>(T* x, long step, int length, bool descending, Span<ulong> keys, Span<int> first)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        int found = 0;
        for (int i = 0; i < length; i++)
        {
            ulong key = Key(x[i * step], descending);
            if (found < keys.Length) found++;
            else if (key >= keys[^1]) continue;
            int place = found - 1;
            for (; place > 0 && key < keys[place - 1]; place--) (keys[place], first[place]) = (keys[place - 1], first[place - 1]);
            (keys[place], first[place]) = (key, i);
        }
    }

    private static void Sort<T>(T* x, long step, bool descending, Span<ulong> keys, Span<int> order)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (int i = 0; i < order.Length; i++) (keys[i], order[i]) = (Key(x[i * step], descending), i);
        keys.Sort(order);
        for (int start = 0; start < keys.Length;)
        {
            int end = start + 1;
            while (end < keys.Length && keys[end] == keys[start]) end++;
            if (end - start > 1) order[start..end].Sort();
            start = end;
        }
    }

    private struct Operands
    {
        public void* X;
        public int* Indices;
        public RowParts Lines;
        public long Inner;
        public int Length;
        public int Count;
        public bool Descending;
    }
}

using System.Numerics;

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
        using Workspace<ulong> keySpace = new(o->Length);
        using Workspace<int> indexSpace = new(o->Length);
        Span<ulong> keys = new(keySpace.Pointer, o->Length);
        Span<int> order = new(indexSpace.Pointer, o->Length);
        for (long line = o->Lines.Start(part); line < o->Lines.End(part); line++)
        {
            (long outer, long inner) = Math.DivRem(line, o->Inner);
            T* x = (T*)o->X + outer * o->Length * o->Inner + inner;
            for (int i = 0; i < keys.Length; i++) keys[i] = Key(double.CreateTruncating(x[i * o->Inner]), o->Descending);
            if (o->Count <= ShortList) First(keys, order[..o->Count]);
            else Sort(keys, order);
            int* y = o->Indices + outer * o->Count * o->Inner + inner;
            for (int i = 0; i < o->Count; i++) y[i * o->Inner] = order[i];
        }
    }

    /// <summary>A whole number that comes earlier the earlier its number does.</summary>
    private static ulong Key(double x, bool descending)
    {
        if (double.IsNaN(x)) return ulong.MaxValue;
        // Adding +0 makes -0 positive. Negative numbers order by falling bits, below the positive ones.
        ulong bits = BitConverter.DoubleToUInt64Bits(x + 0.0);
        ulong rising = (bits >> 63) != 0 ? ~bits : bits | (1UL << 63);
        return descending ? ~rising : rising;
    }

    private static void First(ReadOnlySpan<ulong> keys, Span<int> first)
    {
        int found = 0;
        for (int i = 0; i < keys.Length; i++)
        {
            if (found == first.Length && keys[i] >= keys[first[^1]]) continue;
            int place = found < first.Length ? found++ : found - 1;
            for (; place > 0 && keys[i] < keys[first[place - 1]]; place--) first[place] = first[place - 1];
            first[place] = i;
        }
    }

    private static void Sort(Span<ulong> keys, Span<int> order)
    {
        for (int i = 0; i < order.Length; i++) order[i] = i;
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

using System.Runtime.CompilerServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// Copies elements of any type between two tensors that are each walked with steps of their own: transposing,
/// expanding, slicing, joining and reversing are all this.
/// </summary>
internal static unsafe class StridedCopy
{
    private const int PartElements = 1 << 14;

    /// <summary>Copies a box of elements. Steps are in elements and may be 0 (repeat, in x only) or negative.</summary>
    public static void Run(Tensor x, long startX, ReadOnlySpan<long> stepsX, Tensor y, long startY, ReadOnlySpan<long> stepsY, ReadOnlySpan<int> extents)
    {
        y.MarkChanged();
        int size = x.Type.Size();
        Box box = new() { X = (byte*)x.Address + startX * size, Y = (byte*)y.Address + startY * size, Elements = 1 };
        for (int axis = extents.Length - 1; axis >= 0; axis--) box.Append(extents[axis], stepsX[axis], stepsY[axis]);
        if (box.Elements == 0) return;
        if (box.Rank == 0) box.Append(1, 1, 1, always: true);
        int parts = checked((int)((box.Elements + PartElements - 1) / PartElements));
        WorkerPool.Run(parts, size switch { 2 => &Part<ushort>, 4 => &Part<uint>, _ => &Part<ulong> }, &box);
    }

    private static void Part<T>(void* state, int part)
        where T : unmanaged
    {
        Box* box = (Box*)state;
        long done = (long)part * PartElements;
        long end = Math.Min(done + PartElements, box->Elements);
        while (done < end)
        {
            (long rest, long start) = Math.DivRem(done, box->Extents[0]);
            int length = (int)Math.Min(box->Extents[0] - start, end - done);
            T* x = (T*)box->X + start * box->StepsX[0];
            T* y = (T*)box->Y + start * box->StepsY[0];
            for (int axis = 1; axis < box->Rank; axis++)
            {
                (rest, long index) = Math.DivRem(rest, box->Extents[axis]);
                x += index * box->StepsX[axis];
                y += index * box->StepsY[axis];
            }
            Row(x, box->StepsX[0], y, box->StepsY[0], length);
            done += length;
        }
    }

    private static void Row<T>(T* x, long stepX, T* y, long stepY, int length)
        where T : unmanaged
    {
        if (stepX == 1 && stepY == 1)
        {
            new ReadOnlySpan<T>(x, length).CopyTo(new Span<T>(y, length));
        }
        else if (stepX == 0 && stepY == 1)
        {
            new Span<T>(y, length).Fill(*x);
        }
        else
        {
            for (int i = 0; i < length; i++, x += stepX, y += stepY) *y = *x;
        }
    }

    /// <summary>The axes from the innermost outwards, merged where both steps allow.</summary>
    private struct Box
    {
        public byte* X;
        public byte* Y;
        public long Elements;
        public int Rank;
        public Axes Extents;
        public Axes StepsX;
        public Axes StepsY;

        public void Append(int extent, long stepX, long stepY, bool always = false)
        {
            Elements *= extent;
            if (extent == 1 && !always) return;
            int last = Rank - 1;
            if (Rank > 0 && stepX == StepsX[last] * Extents[last] && stepY == StepsY[last] * Extents[last])
            {
                Extents[last] *= extent;
                return;
            }
            (Extents[Rank], StepsX[Rank], StepsY[Rank]) = (extent, stepX, stepY);
            Rank++;
        }
    }

    // One more than a tensor has: an axis may be seen as two.
    [InlineArray(Shape.MaxRank + 1)]
    private struct Axes
    {
        private long _first;
    }
}

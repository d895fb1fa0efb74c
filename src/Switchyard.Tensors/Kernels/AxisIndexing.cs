using System.Numerics;
using System.Runtime.CompilerServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>Elements taken and added up by an index along one axis, line by line along that axis.</summary>
internal static unsafe class AxisIndexing
{
    private const int PartElements = 1 << 13;

    /// <summary>y[.., i, ..] = x[.., index[.., i, ..], ..], for elements of any type.</summary>
    public static void Gather(Tensor x, int axis, Tensor index, Tensor y)
    {
        y.MarkChanged();
        Lines lines = new(x, axis, index) { Source = (void*)x.Address, Target = (void*)y.Address };
        lines.Run(x.Type.Size() switch { 2 => &GatherPart<ushort>, 4 => &GatherPart<uint>, _ => &GatherPart<ulong> });
    }

    /// <summary>y[.., index[.., i, ..], ..] += source[.., i, ..], in rising i.</summary>
    public static void ScatterAdd(Tensor source, int axis, Tensor index, Tensor y)
    {
        y.MarkChanged();
        Lines lines = new(y, axis, index) { Source = (void*)source.Address, Target = (void*)y.Address };
        lines.Run(y.Type == ElementType.Float32 ? &ScatterAddPart<float> : &ScatterAddPart<double>);
    }

    /// <summary>y[o, r, i] = x[o, index[r], i], for elements of any type.</summary>
    public static void Select(Tensor x, int axis, Tensor index, Tensor y)
    {
        y.MarkChanged();
        Slices slices = new()
        {
            X = (byte*)x.Address,
            Y = (byte*)y.Address,
            Index = (int*)index.Address,
            Extent = x.Shape[axis],
            Selected = index.Shape[0],
            Bytes = x.Shape.Product(axis + 1, x.Rank) * x.Type.Size(),
        };
        slices.Parts = new RowParts(x.Shape.Product(0, axis) * index.Shape[0], Math.Max(1, 4 * PartElements / Math.Max(1, slices.Bytes)));
        WorkerPool.Run(slices.Parts.Count, slices.Bytes switch { 4 => &SelectElementsPart<uint>, 8 => &SelectElementsPart<ulong>, _ => &SelectPart }, &slices);
    }

    private static void GatherPart<T>(void* state, int part)
        where T : unmanaged
    {
        Lines* lines = (Lines*)state;
        for (long line = lines->Parts.Start(part); line < lines->Parts.End(part); line++)
        {
            (long x, long at) = lines->Find(line);
            for (int i = 0; i < lines->Length; i++, at += lines->StepIndex) ((T*)lines->Target)[at] = ((T*)lines->Source)[x + lines->Index[at] * lines->Step];
        }
    }

    private static void ScatterAddPart<T>(void* state, int part)
        where T : unmanaged, INumber<T>
    {
        Lines* lines = (Lines*)state;
        for (long line = lines->Parts.Start(part); line < lines->Parts.End(part); line++)
        {
            (long y, long at) = lines->Find(line);
            for (int i = 0; i < lines->Length; i++, at += lines->StepIndex) ((T*)lines->Target)[y + lines->Index[at] * lines->Step] += ((T*)lines->Source)[at];
        }
    }

    private static void SelectPart(void* state, int part)
    {
        Slices* s = (Slices*)state;
        for (long slice = s->Parts.Start(part); slice < s->Parts.End(part); slice++)
        {
            (long outer, long row) = Math.DivRem(slice, s->Selected);
            Buffer.MemoryCopy(s->X + (outer * s->Extent + s->Index[row]) * s->Bytes, s->Y + slice * s->Bytes, s->Bytes, s->Bytes);
        }
    }

    private static void SelectElementsPart<T>(void* state, int part)
        where T : unmanaged
    {
        Slices* s = (Slices*)state;
        long end = s->Parts.End(part);
        (long outer, long row) = Math.DivRem(s->Parts.Start(part), s->Selected);
        for (long element = s->Parts.Start(part); element < end; outer++, row = 0)
        {
            T* x = (T*)s->X + outer * s->Extent;
            for (; row < s->Selected && element < end; row++, element++) ((T*)s->Y)[element] = x[s->Index[row]];
        }
    }

    /// <summary>The lines of an index tensor along one axis, and where the like lines of a tensor of at least its extents begin.</summary>
    private struct Lines
    {
        public void* Source;
        public void* Target;
        public int* Index;
        public int Length;
        public long Step;
        public long StepIndex;
        public RowParts Parts;
        private int _rank;
        private Axes _extents;
        private Axes _steps;
        private Axes _stepsIndex;

        public Lines(Tensor indexed, int axis, Tensor index)
        {
            Index = (int*)index.Address;
            Length = index.Shape[axis];
            Parts = new RowParts(Length == 0 ? 0 : index.Elements / Length, Math.Max(1, PartElements / Math.Max(1, Length)));
            for (int other = index.Rank - 1; other >= 0; other--)
            {
                long step = indexed.Shape.Product(other + 1, indexed.Rank), stepIndex = index.Shape.Product(other + 1, index.Rank);
                if (other == axis) (Step, StepIndex) = (step, stepIndex);
                else Append(index.Shape[other], step, stepIndex);
            }
        }

        public void Run(delegate*<void*, int, void> body)
        {
            fixed (Lines* lines = &this) WorkerPool.Run(Parts.Count, body, lines);
        }

        public readonly (long Indexed, long Index) Find(long line)
        {
            long at = 0, atIndex = 0;
            for (int axis = 0; axis < _rank; axis++)
            {
                // The outermost axis has all that is left.
                (line, long i) = axis < _rank - 1 ? Math.DivRem(line, _extents[axis]) : (0, line);
                at += i * _steps[axis];
                atIndex += i * _stepsIndex[axis];
            }
            return (at, atIndex);
        }

        private void Append(int extent, long step, long stepIndex)
        {
            int last = _rank - 1;
            if (_rank > 0 && step == _steps[last] * _extents[last] && stepIndex == _stepsIndex[last] * _extents[last])
            {
                _extents[last] *= extent;
                return;
            }
            (_extents[_rank], _steps[_rank], _stepsIndex[_rank]) = (extent, step, stepIndex);
            _rank++;
        }
    }

    private struct Slices
    {
        public byte* X;
        public byte* Y;
        public int* Index;
        public long Extent;
        public long Selected;
        public long Bytes;
        public RowParts Parts;
    }

    [InlineArray(Shape.MaxRank)]
    private struct Axes
    {
        private long _first;
    }
}

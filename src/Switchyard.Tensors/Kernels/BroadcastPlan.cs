using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>A stretch of the result in which each operand either runs along or stands still.</summary>
internal readonly record struct BroadcastRun(long A, long B, long Y, int Length, bool IsRunA, bool IsRunB);

/// <summary>
/// How two operands stretch to one shape: the axes, merged where both operands allow, each with the step of
/// either operand. Walked in runs along the last merged axis.
/// </summary>
internal struct BroadcastPlan
{
    private Axes _extents;
    private Axes _stepsA;
    private Axes _stepsB;
    private int _rank;

    public BroadcastPlan(Shape a, Shape b, Shape y)
    {
        // From the last axis to the first, because steps are known that way round; position 0 is the innermost.
        long stepA = 1, stepB = 1;
        for (int axis = 1; axis <= y.Rank; axis++)
        {
            int extent = y[-axis];
            int extentA = axis <= a.Rank ? a[-axis] : 1;
            int extentB = axis <= b.Rank ? b[-axis] : 1;
            if (extent != 1) Append(extent, extentA == 1 ? 0 : stepA, extentB == 1 ? 0 : stepB);
            stepA *= extentA;
            stepB *= extentB;
        }
        if (_rank == 0) Append(1, 1, 1);
    }

    /// <summary>Into how many parts of about the given size the result is cut. It does not depend on the number of threads.</summary>
    public readonly int Parts(int partElements)
    {
        (long rows, long partsPerRow, long rowsPerPart) = Cut(partElements);
        return (int)(partsPerRow > 1 ? rows * partsPerRow : (rows + rowsPerPart - 1) / rowsPerPart);
    }

    /// <summary>The runs of one part.</summary>
    [UnscopedRef]
    public readonly RunEnumerator Runs(int part, int partElements)
    {
        (long rows, long partsPerRow, long rowsPerPart) = Cut(partElements);
        if (partsPerRow == 1) return new RunEnumerator(in this, part * rowsPerPart, Math.Min(rows, (part + 1) * rowsPerPart), 0, _extents[0]);
        long start = part % partsPerRow * partElements;
        return new RunEnumerator(in this, part / partsPerRow, part / partsPerRow + 1, start, (int)Math.Min(partElements, _extents[0] - start));
    }

    private readonly (long Rows, long PartsPerRow, long RowsPerPart) Cut(int partElements)
    {
        long rows = 1;
        for (int axis = 1; axis < _rank; axis++) rows *= _extents[axis];
        long inner = _extents[0];
        return (rows, (inner + partElements - 1) / partElements, Math.Max(1, partElements / inner));
    }

    private void Append(int extent, long stepA, long stepB)
    {
        if (_rank > 0)
        {
            int last = _rank - 1;
            long inner = _extents[last];
            if (stepA == _stepsA[last] * inner && stepB == _stepsB[last] * inner && inner * extent <= int.MaxValue)
            {
                _extents[last] = inner * extent;
                return;
            }
        }
        (_extents[_rank], _stepsA[_rank], _stepsB[_rank]) = (extent, stepA, stepB);
        _rank++;
    }

    [InlineArray(Shape.MaxRank)]
    private struct Axes
    {
        private long _first;
    }

    /// <summary>Goes through runs without allocating.</summary>
    public ref struct RunEnumerator
    {
        private readonly ref readonly BroadcastPlan _plan;
        private readonly long _end;
        private readonly long _start;
        private readonly long _length;
        private long _row;

        internal RunEnumerator(in BroadcastPlan plan, long row, long end, long start, long length)
        {
            _plan = ref plan;
            (_row, _end, _start, _length) = (row - 1, end, start, length);
        }

        public readonly RunEnumerator GetEnumerator() => this;

        public readonly BroadcastRun Current
        {
            get
            {
                long stepA = _plan._stepsA[0], stepB = _plan._stepsB[0];
                long a = _start * stepA, b = _start * stepB, rest = _row;
                for (int axis = 1; axis < _plan._rank; axis++)
                {
                    (rest, long index) = Math.DivRem(rest, _plan._extents[axis]);
                    a += index * _plan._stepsA[axis];
                    b += index * _plan._stepsB[axis];
                }
                return new BroadcastRun(a, b, _row * _plan._extents[0] + _start, (int)_length, stepA != 0, stepB != 0);
            }
        }

        public bool MoveNext() => ++_row < _end;
    }
}

using System.Numerics;
using System.Numerics.Tensors;
using Switchyard.Collectives.Transport;

namespace Switchyard.Collectives.Tokens;

/// <summary>
/// Which rows add up to which target, in which order: those of one node first, in their order, then the sums of the nodes.
/// With that order it does not matter whether a node adds its own up before it sends them, or whoever receives them.
/// </summary>
internal sealed class RowSums
{
    private readonly int[] _starts; // [targets + 1]
    private readonly int[] _rows;
    private readonly int[]? _nodeOf; // by row

    /// <summary>Sorts rows by target, stably.</summary>
    /// <param name="targets">How many targets.</param>
    /// <param name="targetOf">The target of each row.</param>
    /// <param name="nodeOf">The node of each row; null where all rows of a target have the same, or each its own in ascending order.</param>
    public RowSums(int targets, ReadOnlySpan<int> targetOf, int[]? nodeOf = null)
    {
        _nodeOf = nodeOf;
        _starts = new int[targets + 1];
        foreach (int target in targetOf) _starts[target + 1]++;
        for (int target = 0; target < targets; target++) _starts[target + 1] += _starts[target];
        _rows = new int[targetOf.Length];
        int[] next = _starts[..targets];
        // Sorting is stable: rows of a node keep their order.
        IEnumerable<int> rows = Enumerable.Range(0, targetOf.Length);
        foreach (int row in nodeOf is null ? rows : rows.OrderBy(row => nodeOf[row])) _rows[next[targetOf[row]]++] = row;
    }

    /// <summary>Adds up; a target without rows becomes 0.</summary>
    /// <param name="source">The rows [rows, width].</param>
    /// <param name="target">[targets, width]</param>
    /// <param name="width">Elements of a row.</param>
    public void Add<T>(Region source, Region target, int width)
        where T : unmanaged, INumber<T>
    {
        T[]? ofNode = null;
        for (int i = 0; i + 1 < _starts.Length; i++)
        {
            Span<T> total = target.AsSpan<T>((nint)i * width, width);
            if (_starts[i] == _starts[i + 1]) total.Clear();
            for (int entry = _starts[i]; entry < _starts[i + 1];)
            {
                int end = EndOfNode(entry, _starts[i + 1]);
                bool first = entry == _starts[i];
                Span<T> sum = first ? total : end == entry + 1 ? default : ofNode ??= new T[width];
                if (sum.IsEmpty)
                {
                    TensorPrimitives.Add(total, Row(entry), total);
                }
                else
                {
                    Row(entry).CopyTo(sum);
                    for (int next = entry + 1; next < end; next++) TensorPrimitives.Add(sum, Row(next), sum);
                    if (!first) TensorPrimitives.Add(total, sum, total);
                }

                entry = end;
            }
        }

        ReadOnlySpan<T> Row(int entry) => source.AsSpan<T>((nint)_rows[entry] * width, width);
    }

    private int EndOfNode(int entry, int end)
    {
        if (_nodeOf is null) return end;
        int node = _nodeOf[_rows[entry++]];
        while (entry < end && _nodeOf[_rows[entry]] == node) entry++;
        return entry;
    }
}

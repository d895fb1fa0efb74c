using Switchyard.Tensors;

namespace Switchyard.Experts.Ranks;

/// <summary>The rows that travel for some of each rank's experts: how many go where, and how what arrives is ordered.</summary>
internal sealed class ShardedRows
{
    /// <summary>Counts the rows of one of several equal parts of every rank's experts.</summary>
    /// <param name="offsets">Where the rows of each expert begin on this rank [experts + 1].</param>
    /// <param name="arrivals">Rows that come from each rank for each of this rank's experts [ranks, own experts].</param>
    /// <param name="ranks">How many ranks there are.</param>
    /// <param name="firstOf">The first expert of a rank; of one past the last, the number of experts.</param>
    /// <param name="own">How many experts this rank has.</param>
    /// <param name="part">Which part.</param>
    /// <param name="parts">How many there are.</param>
    public ShardedRows(ReadOnlySpan<int> offsets, int[] arrivals, int ranks, Func<int, int> firstOf, int own, int part, int parts)
    {
        List<int> rows = [];
        Sent = new nint[ranks];
        for (int rank = 0; rank < ranks; rank++)
        {
            int first = firstOf(rank), count = firstOf(rank + 1) - first;
            int begin = offsets[first + count * part / parts], end = offsets[first + count * (part + 1) / parts];
            Sent[rank] = end - begin;
            for (int row = begin; row < end; row++) rows.Add(row);
        }
        Rows = Tensor.From([.. rows], [rows.Count]);
        (Received, Grouped, Back, Starts) = Order(arrivals, own, own * part / parts, own * (part + 1) / parts, ranks);
    }

    /// <summary>This rank's rows for the part, by the rank they go to, Int32 [sent].</summary>
    public Tensor Rows { get; }

    /// <summary>Rows for each rank.</summary>
    public nint[] Sent { get; }

    /// <summary>Rows from each rank.</summary>
    public nint[] Received { get; }

    /// <summary>From rows by (rank, expert) to rows by (expert, rank): which row comes to each place, Int32 [received].</summary>
    public Tensor Grouped { get; }

    /// <summary>The way back, Int32 [received].</summary>
    public Tensor Back { get; }

    /// <summary>Where the rows of each of this rank's experts begin, Int32 [own experts + 1]; those of other parts have none.</summary>
    public Tensor Starts { get; }

    private static (nint[] Received, Tensor Grouped, Tensor Back, Tensor Starts) Order(int[] arrivals, int own, int first, int end, int ranks)
    {
        nint[] received = new nint[ranks];
        int[] firstRow = new int[arrivals.Length]; // of each (rank, expert) among what arrives
        int total = 0;
        for (int rank = 0; rank < ranks; rank++)
        {
            for (int expert = first; expert < end; expert++)
            {
                (firstRow[rank * own + expert], received[rank]) = (total, received[rank] + arrivals[rank * own + expert]);
                total += arrivals[rank * own + expert];
            }
        }
        Tensor grouped = Tensor.Empty([total], ElementType.Int32), back = Tensor.Empty([total], ElementType.Int32), starts = Tensor.Zeros([own + 1], ElementType.Int32);
        Span<int> comesFrom = grouped.AsSpan<int>(), goesTo = back.AsSpan<int>(), start = starts.AsSpan<int>();
        int place = 0;
        for (int expert = 0; expert < own; expert++)
        {
            for (int from = expert; from < arrivals.Length && expert >= first && expert < end; from += own)
            {
                for (int row = firstRow[from]; row < firstRow[from] + arrivals[from]; row++, place++) (comesFrom[place], goesTo[row]) = (row, place);
            }
            start[expert + 1] = place;
        }
        return (received, grouped, back, starts);
    }
}

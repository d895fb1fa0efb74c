using Switchyard.Collectives;
using Switchyard.Experts.Ranks;
using Switchyard.Tensors;

namespace Switchyard.Experts.Banks;

/// <summary>
/// Experts shared out among ranks: every row goes to the rank that has its expert, and its answer comes back. An expert
/// sees the rows of all ranks, so its gradient is whole where it lives and needs no further reduction; each rank's loss
/// must already be weighed by its share of the batch, as for parameters that every rank has.
/// </summary>
/// <remarks>Every rank takes part in every exchange, forward and backward, also one that sends or gets no row.</remarks>
public sealed class ParallelBank : ExpertBank
{
    private readonly ProcessGroup _ranks;
    private readonly ExpertBank _own;

    /// <summary>Keeps this rank's share of the experts: neighbours, as evenly as it goes.</summary>
    /// <param name="whole">All experts, the same on every rank. It stays the caller's.</param>
    /// <param name="ranks">The ranks; the group stays the caller's.</param>
    /// <exception cref="ArgumentException">The experts cannot be taken apart.</exception>
    public ParallelBank(ExpertBank whole, ProcessGroup ranks)
    {
        ArgumentNullException.ThrowIfNull(whole);
        ArgumentNullException.ThrowIfNull(ranks);
        _ranks = ranks;
        Experts = whole.Experts;
        First = FirstOf(ranks.Rank);
        _own = AddChild("", whole.Part(First, FirstOf(ranks.Rank + 1) - First));
    }

    /// <inheritdoc/>
    public override int Experts { get; }

    /// <summary>The first expert of this rank.</summary>
    public int First { get; }

    /// <summary>How many experts this rank has.</summary>
    public int Count => FirstOf(_ranks.Rank + 1) - First;

    /// <inheritdoc/>
    public override Tensor Forward(Tensor rows, Tensor offsets)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(offsets);
        int[] arrivals = ExchangeCounts(offsets.AsReadOnlySpan<int>()); // [ranks, own experts]
        (nint[] sent, nint[] received) = RowsPerRank(offsets.AsReadOnlySpan<int>(), arrivals);
        (Tensor grouped, Tensor back, Tensor starts) = GroupByExpert(arrivals);

        Tensor arrived = rows.Exchange(_ranks, sent, received); // [arrived, width], by rank, then by expert
        Tensor answers = _own.Forward(Tensor.GatherRows(arrived, grouped), starts); // [arrived, width], by expert, then by rank
        return Tensor.GatherRows(answers, back).Exchange(_ranks, received, sent); // [pairs, width]
    }

    private int FirstOf(int rank) => (int)((long)Experts * rank / _ranks.Size);

    /// <summary>How many rows come from each rank for each of this rank's experts [ranks, own experts].</summary>
    private int[] ExchangeCounts(ReadOnlySpan<int> offsets)
    {
        int[] counts = new int[Experts], arrivals = new int[_ranks.Size * Count];
        for (int expert = 0; expert < Experts; expert++) counts[expert] = offsets[expert + 1] - offsets[expert];
        nint[] sent = new nint[_ranks.Size], received = new nint[_ranks.Size];
        for (int rank = 0; rank < sent.Length; rank++) (sent[rank], received[rank]) = (FirstOf(rank + 1) - FirstOf(rank), Count);
        _ranks.AllToAllV<int>(counts, sent, arrivals, received);
        return arrivals;
    }

    private (nint[] Sent, nint[] Received) RowsPerRank(ReadOnlySpan<int> offsets, int[] arrivals)
    {
        nint[] sent = new nint[_ranks.Size], received = new nint[_ranks.Size];
        for (int rank = 0; rank < sent.Length; rank++)
        {
            sent[rank] = offsets[FirstOf(rank + 1)] - offsets[FirstOf(rank)];
            foreach (int rows in arrivals.AsSpan(rank * Count, Count)) received[rank] += rows;
        }
        return (sent, received);
    }

    /// <summary>
    /// From rows by (rank, expert) to rows by (expert, rank): which row comes to each place, the way back, and where
    /// each expert's rows begin.
    /// </summary>
    private (Tensor Grouped, Tensor Back, Tensor Starts) GroupByExpert(int[] arrivals)
    {
        int experts = Count, total = arrivals.Sum();
        Tensor grouped = Tensor.Empty([total], ElementType.Int32), back = Tensor.Empty([total], ElementType.Int32), starts = Tensor.Zeros([experts + 1], ElementType.Int32);
        Span<int> comesFrom = grouped.AsSpan<int>(), goesTo = back.AsSpan<int>(), start = starts.AsSpan<int>();
        int[] firstRow = new int[arrivals.Length]; // of each (rank, expert) among what arrived
        for (int i = 1; i < arrivals.Length; i++) firstRow[i] = firstRow[i - 1] + arrivals[i - 1];
        int place = 0;
        for (int expert = 0; expert < experts; expert++)
        {
            for (int from = expert; from < arrivals.Length; from += experts)
            {
                for (int row = firstRow[from]; row < firstRow[from] + arrivals[from]; row++, place++) (comesFrom[place], goesTo[row]) = (row, place);
            }
            start[expert + 1] = place;
        }
        return (grouped, back, starts);
    }
}

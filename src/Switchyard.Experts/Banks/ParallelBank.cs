using Switchyard.Collectives;
using Switchyard.Experts.Ranks;
using Switchyard.Tensors;

namespace Switchyard.Experts.Banks;

/// <summary>
/// Experts shared out among ranks: every row goes to the rank that has its expert, and its answer comes back. An expert
/// sees the rows of all ranks, so its gradient is whole where it lives and needs no further reduction; each rank's loss
/// must already be weighed by its share of the batch, as for parameters that every rank has.
/// </summary>
/// <remarks>
/// Every rank takes part in every exchange, forward and backward, also one that sends or gets no row. With a queue, the rows
/// of a rank's second half of experts travel while its first half works, and back likewise.
/// </remarks>
public sealed class ParallelBank : ExpertBank
{
    private readonly ProcessGroup _ranks;
    private readonly ExchangeQueue? _queue;
    private readonly ExpertBank _own;

    /// <summary>Keeps this rank's share of the experts: neighbours, as evenly as it goes.</summary>
    /// <param name="whole">All experts, the same on every rank. It stays the caller's.</param>
    /// <param name="ranks">The ranks; the group stays the caller's.</param>
    /// <param name="queue">Carries exchanges out beside the computation; null to do one after the other.</param>
    /// <exception cref="ArgumentException">The experts cannot be taken apart.</exception>
    public ParallelBank(ExpertBank whole, ProcessGroup ranks, ExchangeQueue? queue = null)
    {
        ArgumentNullException.ThrowIfNull(whole);
        ArgumentNullException.ThrowIfNull(ranks);
        (_ranks, _queue) = (ranks, queue);
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
        return _queue is null ? InTurn(rows, offsets) : Overlapped(rows, offsets, _queue, static () => null).Answers;
    }

    /// <inheritdoc/>
    /// <remarks>The other computation goes on while the first rows travel.</remarks>
    public override (Tensor Answers, Tensor Other) Forward(Tensor tokens, Routing routing, Func<Tensor> other)
    {
        if (_queue is null) return base.Forward(tokens, routing, other);
        ArgumentNullException.ThrowIfNull(routing);
        (Tensor answers, Tensor? beside) = Overlapped(routing.Gather(tokens), routing.Offsets, _queue, other);
        return (routing.Combine(answers), beside!);
    }

    private Tensor InTurn(Tensor rows, Tensor offsets)
    {
        ShardedRows all = new(offsets.AsReadOnlySpan<int>(), ExchangeCounts(offsets.AsReadOnlySpan<int>()), _ranks.Size, FirstOf, Count, part: 0, parts: 1);
        Tensor arrived = rows.Exchange(_ranks, all.Sent, all.Received); // [arrived, width], by rank, then by expert
        return Work(all, arrived).Exchange(_ranks, all.Received, all.Sent); // [pairs, width]
    }

    private (Tensor Answers, Tensor? Other) Overlapped(Tensor rows, Tensor offsets, ExchangeQueue queue, Func<Tensor?> other)
    {
        const int Parts = 2;
        int[] arrivals = ExchangeCounts(offsets.AsReadOnlySpan<int>());
        ShardedRows[] parts = new ShardedRows[Parts];
        RowExchange.Sending[] there = new RowExchange.Sending[Parts], back = new RowExchange.Sending[Parts];
        for (int i = 0; i < Parts; i++)
        {
            parts[i] = new ShardedRows(offsets.AsReadOnlySpan<int>(), arrivals, _ranks.Size, FirstOf, Count, i, Parts);
            there[i] = Tensor.GatherRows(rows, parts[i].Rows).Send(queue, parts[i].Sent, parts[i].Received);
        }
        Tensor? beside = other();
        for (int i = 0; i < Parts; i++) back[i] = Work(parts[i], there[i].Arrived()).Send(queue, parts[i].Received, parts[i].Sent);
        Tensor byPart = Tensor.Concat(Array.ConvertAll(back, static part => part.Arrived()), 0); // [pairs, width]
        return (Tensor.ScatterAddRows(byPart, Tensor.Concat(Array.ConvertAll(parts, static part => part.Rows), 0), rows.Shape[0]), beside);
    }

    /// <summary>Lets this rank's experts work on rows by (rank, expert).</summary>
    private Tensor Work(ShardedRows part, Tensor arrived)
        => Tensor.GatherRows(_own.Forward(Tensor.GatherRows(arrived, part.Grouped), part.Starts), part.Back);

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
}

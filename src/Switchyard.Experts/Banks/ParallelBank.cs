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
/// Every rank takes part in every exchange, forward and backward, also one that sends or gets no row. A token of which several
/// experts live on one node crosses to it once, and one sum comes back, where that pays: see <see cref="TokenExchange"/>. With
/// a queue, the second half of a rank's tokens travels while experts work on the first, and back likewise.
/// </remarks>
public sealed class ParallelBank : ExpertBank
{
    private readonly ExchangeQueue? _queue;

    /// <summary>Keeps this rank's share of the experts: neighbours, as evenly as it goes.</summary>
    /// <param name="whole">All experts, the same on every rank. It stays the caller's.</param>
    /// <param name="ranks">The ranks; the group stays the caller's.</param>
    /// <param name="queue">Carries exchanges out beside the computation; null to do one after the other.</param>
    /// <exception cref="ArgumentException">The experts cannot be taken apart.</exception>
    public ParallelBank(ExpertBank whole, ProcessGroup ranks, ExchangeQueue? queue = null)
    {
        ArgumentNullException.ThrowIfNull(whole);
        ArgumentNullException.ThrowIfNull(ranks);
        (Ranks, _queue) = (ranks, queue);
        Experts = whole.Experts;
        First = FirstOf(ranks.Rank);
        Own = AddChild("", whole.Part(First, FirstOf(ranks.Rank + 1) - First));
    }

    /// <inheritdoc/>
    public override int Experts { get; }

    /// <summary>The ranks that share the experts.</summary>
    internal ProcessGroup Ranks { get; }

    /// <summary>The experts of this rank.</summary>
    internal ExpertBank Own { get; }

    /// <summary>The first expert of this rank.</summary>
    public int First { get; }

    /// <summary>How many experts this rank has.</summary>
    public int Count => FirstOf(Ranks.Rank + 1) - First;

    /// <inheritdoc/>
    public override Tensor Forward(Tensor rows, Tensor offsets)
    {
        ArgumentNullException.ThrowIfNull(rows);
        int count = rows.Shape[0];
        Tensor itself = Tensor.From(Enumerable.Range(0, count).ToArray(), [count]), ones = Tensor.Full([count], 1, rows.Type);
        return Forward(rows, new Routing(count, itself, offsets, ones, [], new RoutingStatistics(new long[Experts], 0, 0)));
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Weights travel with their tokens, so that answers are weighed where they are made and one sum returns per node. Sums add
    /// the pairs of a node first, then the nodes, whichever way rows travel.
    /// </remarks>
    public override Tensor Forward(Tensor tokens, Routing routing)
    {
        ArgumentNullException.ThrowIfNull(routing);
        if (!routing.IsListOfPairs) return base.Forward(tokens, routing);
        if (_queue is not null) return Overlapped(tokens, routing, _queue, static () => null).Answers;
        PairExchange pairs = new(Ranks, routing, FirstOf);
        Tensor arrived = tokens.Move(pairs.Tokens), weights = routing.Weights.Move(pairs.Weights); // [arriving, width], [arriving]
        return Own.Forward(arrived, pairs.Arrived(weights)).Move(pairs.Answers); // [tokens, width]
    }

    /// <inheritdoc/>
    /// <remarks>The other computation goes on while the first rows travel.</remarks>
    public override (Tensor Answers, Tensor Other) Forward(Tensor tokens, Routing routing, Func<Tensor> other)
    {
        ArgumentNullException.ThrowIfNull(routing);
        if (_queue is null || !routing.IsListOfPairs) return base.Forward(tokens, routing, other);
        (Tensor answers, Tensor? beside) = Overlapped(tokens, routing, _queue, other);
        return (answers, beside!);
    }

    private (Tensor Answers, Tensor? Other) Overlapped(Tensor tokens, Routing routing, ExchangeQueue queue, Func<Tensor?> other)
    {
        const int Parts = 2;
        int FirstTokenOf(int part) => (int)((long)routing.Tokens * part / Parts);
        Routing[] parts = new Routing[Parts];
        PairExchange[] pairs = [];
        RowExchange.Sending[] rows = new RowExchange.Sending[Parts], weights = new RowExchange.Sending[Parts], back = new RowExchange.Sending[Parts];
        for (int i = 0; i < Parts; i++) parts[i] = routing.Part(FirstTokenOf(i), FirstTokenOf(i + 1) - FirstTokenOf(i));
        queue.Await(queue.Add(ranks => pairs = Array.ConvertAll(parts, part => new PairExchange(ranks, part, FirstOf))));
        for (int i = 0; i < Parts; i++)
        {
            rows[i] = tokens.Slice(0, FirstTokenOf(i), FirstTokenOf(i + 1)).Send(queue, pairs[i].Tokens);
            weights[i] = parts[i].Weights.Send(queue, pairs[i].Weights);
        }
        Tensor? beside = other();
        for (int i = 0; i < Parts; i++) back[i] = Own.Forward(rows[i].Arrived(), pairs[i].Arrived(weights[i].Arrived())).Send(queue, pairs[i].Answers);
        return (Tensor.Concat(Array.ConvertAll(back, static part => part.Arrived()), 0), beside);
    }

    private int FirstOf(int rank) => (int)((long)Experts * rank / Ranks.Size);
}

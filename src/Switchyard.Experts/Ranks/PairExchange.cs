using Switchyard.Collectives;
using Switchyard.Tensors;

namespace Switchyard.Experts.Ranks;

/// <summary>The pairs of one routing on their way to the ranks of their experts, and back.</summary>
internal sealed class PairExchange
{
    private readonly TokenExchange _exchange;
    private readonly int[] _arrivals; // [ranks, own experts]
    private readonly int _own;

    /// <summary>Tells every rank which of its experts gets how much. A collective call.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="routing">Who sees whom: pairs grouped by expert, and so by rank.</param>
    /// <param name="firstOf">The first expert of a rank; of one past the last, the number of experts.</param>
    public PairExchange(ProcessGroup ranks, Routing routing, Func<int, int> firstOf)
    {
        ReadOnlySpan<int> offsets = routing.Offsets.AsReadOnlySpan<int>();
        _own = firstOf(ranks.Rank + 1) - firstOf(ranks.Rank);
        int[] counts = new int[routing.Experts];
        for (int expert = 0; expert < counts.Length; expert++) counts[expert] = offsets[expert + 1] - offsets[expert];
        nint[] pairs = new nint[ranks.Size], experts = new nint[ranks.Size], own = new nint[ranks.Size];
        for (int rank = 0; rank < pairs.Length; rank++)
        {
            (int first, int end) = (firstOf(rank), firstOf(rank + 1));
            (pairs[rank], experts[rank], own[rank]) = (offsets[end] - offsets[first], end - first, _own);
        }
        _arrivals = new int[ranks.Size * _own];
        ranks.AllToAllV<int>(counts, experts, _arrivals, own);
        _exchange = new TokenExchange(ranks, routing.Tokens, routing.TokenOf.AsReadOnlySpan<int>(), pairs);
    }

    /// <summary>From [tokens, width] to [arriving, width], by the rank they come from, then by expert.</summary>
    public RowMove Tokens => new TokenDispatch(_exchange);

    /// <summary>From [pairs] to [arriving], in the same order.</summary>
    public RowMove Weights => new PairSend(_exchange);

    /// <summary>From weighted answers [arriving, width] to their sums [tokens, width].</summary>
    public RowMove Answers => new TokenCombine(_exchange);

    /// <summary>The routing of what arrives to this rank's experts.</summary>
    /// <param name="weights">[arriving]</param>
    public Routing Arrived(Tensor weights)
    {
        int[] starts = new int[_own + 1], rows = new int[_exchange.Received], next = new int[_own];
        long[] load = new long[_own];
        for (int i = 0; i < _arrivals.Length; i++) load[i % _own] += _arrivals[i];
        for (int expert = 0; expert < _own; expert++) starts[expert + 1] = (next[expert] = starts[expert]) + (int)load[expert];
        int row = 0;
        for (int i = 0; i < _arrivals.Length; i++)
            for (int left = _arrivals[i]; left > 0; left--) rows[next[i % _own]++] = row++;
        Tensor tokenOf = Tensor.From(rows, [rows.Length]); // [arriving], by expert, then by rank
        return new Routing(rows.Length, tokenOf, Tensor.From(starts, [starts.Length]), weights.IndexSelect(0, tokenOf), [], new RoutingStatistics(load, 0, 0));
    }
}

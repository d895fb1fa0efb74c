using Switchyard.Collectives;
using Switchyard.Experts.Gates;
using Switchyard.Tensors;

namespace Switchyard.Experts.Ranks;

/// <summary>
/// The tokens that several ranks route together: one batch, the tokens of rank 0 first. A gate decides for the whole batch
/// on every rank alike, so that slots, drops, losses and whatever a gate learns from its loads do not depend on how the
/// batch is spread. What crosses between ranks is what gates look at: router logits and ids.
/// </summary>
public sealed class RankedBatch
{
    // Ids, previous ids, positions and the mask of a token travel together; what is not there is -1.
    private const int Columns = 4, Absent = -1;

    private readonly ProcessGroup _ranks;
    private readonly nint[] _tokensOf;
    private readonly Tensor? _facts; // Int32 [all tokens, Columns]
    private readonly RoutingContext _whole;

    /// <summary>Tells every rank how many tokens the others have, and what gates may look at beside their hidden vectors. Every rank must call it.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="tokens">How many tokens this rank has, 0 or more.</param>
    /// <param name="own">What gates may look at beside them.</param>
    public RankedBatch(ProcessGroup ranks, int tokens, RoutingContext own)
    {
        ArgumentNullException.ThrowIfNull(ranks);
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        _ranks = ranks;
        int[] figures = [tokens, tokens == 0 ? 0 : own.Sequences], all = new int[2 * ranks.Size];
        ranks.AllGather<int>(figures, all);
        _tokensOf = new nint[ranks.Size];
        int sequences = 0;
        for (int rank = 0; rank < ranks.Size; rank++)
        {
            (_tokensOf[rank], sequences) = (all[2 * rank], sequences + all[2 * rank + 1]);
            if (rank < ranks.Rank) First += all[2 * rank];
            Tokens += all[2 * rank];
        }
        Count = tokens;
        _facts = Whole(Facts(own, tokens));
        _whole = new RoutingContext { TokenIds = Column(0), PreviousIds = Column(1), Positions = Column(2), Mask = Column(3), Sequences = sequences };
    }

    /// <summary>The tokens of all ranks.</summary>
    public int Tokens { get; }

    /// <summary>The first token of this rank.</summary>
    public int First { get; }

    /// <summary>The tokens of this rank.</summary>
    public int Count { get; }

    /// <summary>The rows of all ranks. The gradient of a row is the sum of those that the ranks have for it.</summary>
    /// <param name="own">[own tokens, n]</param>
    /// <returns>[all tokens, n]</returns>
    public Tensor Whole(Tensor own)
    {
        ArgumentNullException.ThrowIfNull(own);
        int copies = _ranks.Size;
        Tensor forEach = Tensor.Concat([.. Enumerable.Repeat(own, copies)], 0); // [ranks · own tokens, n]
        nint[] sent = new nint[copies];
        Array.Fill(sent, Count);
        return forEach.Move(new BlockMove(_ranks, sent, _tokensOf));
    }

    /// <summary>What the gate may use beside the hidden vectors of all ranks. Its random numbers are those of the whole batch.</summary>
    /// <param name="own">The same of this rank's tokens.</param>
    public RoutingContext Whole(RoutingContext own) => _whole with { Random = own.Random?.Whole, Replay = own.Replay?.Whole };

    /// <summary>The statistics of all ranks.</summary>
    /// <param name="own">Those of this rank's tokens.</param>
    public RoutingStatistics Whole(RoutingStatistics own)
    {
        ArgumentNullException.ThrowIfNull(own);
        double[] sums = [.. own.Load.Select(static load => (double)load), own.Dropped, own.TokenEntropy * Count];
        _ranks.AllReduce<double>(sums);
        return new RoutingStatistics(Array.ConvertAll(sums[..^2], static load => (long)load), (long)sums[^2], sums[^1] / Math.Max(1, Tokens));
    }

    /// <summary>This rank's part of a routing of all tokens.</summary>
    /// <param name="whole">Its losses and statistics stay.</param>
    public Routing Own(Routing whole)
    {
        ArgumentNullException.ThrowIfNull(whole);
        return whole.Part(First, Count);
    }

    private static Tensor Facts(in RoutingContext own, int tokens)
    {
        Tensor facts = Tensor.Empty([tokens, Columns], ElementType.Int32);
        Span<int> entries = facts.AsSpan<int>();
        entries.Fill(Absent);
        int column = 0;
        foreach (Tensor? fact in (ReadOnlySpan<Tensor?>)[own.TokenIds, own.PreviousIds, own.Positions, own.Mask])
        {
            if (fact is not null)
            {
                ReadOnlySpan<int> values = fact.AsReadOnlySpan<int>();
                for (int token = 0; token < values.Length; token++) entries[token * Columns + column] = values[token];
            }
            column++;
        }
        return facts;
    }

    private Tensor? Column(int column)
    {
        ReadOnlySpan<int> entries = _facts!.AsReadOnlySpan<int>();
        if (Tokens > 0 && entries[column] == Absent) return null;
        Tensor fact = Tensor.Empty([Tokens], ElementType.Int32);
        Span<int> values = fact.AsSpan<int>();
        for (int token = 0; token < values.Length; token++) values[token] = entries[token * Columns + column];
        return fact;
    }
}

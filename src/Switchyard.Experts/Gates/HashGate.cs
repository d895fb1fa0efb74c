using Switchyard.Experts.Dispatch;
using Switchyard.Experts.Ranks;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>What a hash gate looks at, and how its table is made.</summary>
public enum HashKind
{
    /// <summary>The token's id, by a table drawn at random.</summary>
    Random,

    /// <summary>The token's id; the most frequent ids first, each to the expert with the least so far.</summary>
    Balanced,

    /// <summary>The token's id; ids that are used alike go to one expert.</summary>
    Clustered,

    /// <summary>The token's id; ids that are used alike are spread over the experts.</summary>
    Dispersed,

    /// <summary>The token's id and the one before.</summary>
    Bigram,

    /// <summary>The id before the token's, by a table drawn at random; at the first place, its own.</summary>
    PreviousToken,

    /// <summary>The place in the sequence, modulo the experts.</summary>
    Position,
}

/// <summary>The policy of a hash gate: dropless; nothing about it is learnt.</summary>
public sealed record HashOptions : SlotOptions
{
    /// <summary>What is looked at.</summary>
    public HashKind Hash { get; init; } = HashKind.Balanced;

    /// <summary>
    /// Into how many segments the experts are cut, each chosen by a hash of its own (MultiHash): with n segments a token sees n
    /// experts, which together are one feed-forward block of n pieces.
    /// </summary>
    public int Segments { get; init; } = 1;

    /// <inheritdoc/>
    public override Gate Make(GateSize size, Philox random) => new HashGate(size.Vocabulary, size.Experts, this, random);

    /// <inheritdoc/>
    public override double ExpertsPerToken(int experts) => Segments;

    /// <inheritdoc/>
    public override void Check(int experts)
    {
        base.Check(experts);
        if (Segments < 1 || experts % Segments != 0) throw new ArgumentException($"{experts} experts do not make {Segments} equal segments: give a number that divides them");
    }
}

/// <summary>
/// The expert of a token is read from a table of ids that is made before training and never changes: y = f_{h(id)}(x),
/// weight 1, no router, no loss (Hash Layers, arXiv 2106.04426). What the paper leaves open is fixed here: the first place
/// of a sequence counts as its own predecessor; clusters are those of k-means.
/// </summary>
public sealed class HashGate : Gate
{
    private readonly HashOptions _options;
    private readonly Tensor _table;
    private readonly Philox _random;

    /// <summary>Makes a gate with a random table; <see cref="Prepare"/> or a checkpoint brings another.</summary>
    /// <param name="vocabulary">How many different ids there are.</param>
    /// <param name="experts">How many experts there are.</param>
    /// <param name="options">The policy.</param>
    /// <param name="random">Draws the table.</param>
    /// <exception cref="ArgumentException">There are no ids, or the policy does not fit the number of experts.</exception>
    public HashGate(int vocabulary, int experts, HashOptions options, Philox random)
        : base(experts)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        options.Check(experts);
        if (vocabulary < 1) throw new ArgumentException("a hash gate looks at token ids: say how many different ones there are");
        _options = options;
        _random = random.Split("hash");
        _table = AddBuffer("table", Tensor.Zeros([options.Segments, vocabulary], ElementType.Int32));
        for (int segment = 0; segment < options.Segments; segment++) Set(segment, HashTables.Random(vocabulary, Each, _random));
    }

    private int Each => Experts / _options.Segments;

    /// <summary>Makes the table from what the text is like, if the policy asks for that.</summary>
    public override void Prepare(TokenStatistics text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (_options.Hash is not (HashKind.Balanced or HashKind.Clustered or HashKind.Dispersed)) return;
        long[] frequency = _options.Hash == HashKind.Balanced ? text.Frequency() : [];
        using Tensor? embedding = _options.Hash == HashKind.Balanced ? null : text.Embedding();
        for (int segment = 0; segment < _options.Segments; segment++)
        {
            Philox random = _random.Split((ulong)segment);
            Set(segment, _options.Hash switch
            {
                HashKind.Balanced => HashTables.Balanced(frequency, Each, segment == 0 ? null : random),
                HashKind.Clustered => HashTables.Clustered(embedding!, Each, random),
                _ => HashTables.Dispersed(embedding!, Each, random),
            });
        }
    }

    /// <summary>Gives a segment a table.</summary>
    /// <param name="segment">Which.</param>
    /// <param name="table">The expert of every id, counted within the segment [vocabulary].</param>
    /// <exception cref="ArgumentException">It is of another length, or names no expert.</exception>
    public void Set(int segment, ReadOnlySpan<int> table)
    {
        int vocabulary = _table.Shape[1];
        if (table.Length != vocabulary) throw new ArgumentException($"a table of {table.Length} ids was given for a vocabulary of {vocabulary}");
        if (table.ContainsAnyExceptInRange(0, Each - 1)) throw new ArgumentException($"the table names an expert that is not within 0 to {Each - 1}");
        table.CopyTo(_table.AsSpan<int>().Slice(segment * vocabulary, vocabulary));
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The context does not hold what the gate looks at.</exception>
    public override Routing Route(Tensor tokens, RoutingContext context)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        Choices choices = context.Replay is { } replay ? new(replay.Recorded.Choices) : LookUp(context).Without(context.Mask);
        if (choices.Tokens != tokens.Shape[0]) throw new ArgumentException($"{choices.Tokens} ids were given for {tokens.Shape[0]} tokens");
        Tensor weights = Tensor.Full(choices.Experts.Shape, 1, tokens.Type); // [tokens, segments]
        Slots slots = Slots.By(choices, _options, IsTraining, Tensor.Full([choices.Tokens, Experts], 1, tokens.Type), weights, context);
        return new Routing(choices, slots, weights, [], Math.Log(Experts)); // no router prefers any expert
    }

    /// <inheritdoc/>
    /// <remarks>Nothing of the hidden vectors is looked at, so none travel.</remarks>
    public override Routing Route(Tensor tokens, RoutingContext context, RankedBatch batch)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(batch);
        return batch.Own(Route(Tensor.Empty([batch.Tokens, 0], tokens.Type), batch.Whole(context)));
    }

    private Choices LookUp(in RoutingContext context)
    {
        ReadOnlySpan<int> ids = Needed(_options.Hash switch
        {
            HashKind.Position => context.Positions,
            HashKind.PreviousToken => context.PreviousIds,
            _ => context.TokenIds,
        });
        ReadOnlySpan<int> previous = _options.Hash == HashKind.Bigram ? Needed(context.PreviousIds) : [], table = _table.AsReadOnlySpan<int>();
        int vocabulary = _table.Shape[1], segments = _options.Segments;
        Tensor experts = Tensor.Empty([ids.Length, segments], ElementType.Int32);
        Span<int> entries = experts.AsSpan<int>();
        for (int token = 0; token < ids.Length; token++)
        {
            for (int segment = 0; segment < segments; segment++)
            {
                int expert = _options.Hash switch
                {
                    HashKind.Position => (ids[token] + segment) % Each,
                    HashKind.Bigram => HashTables.OfPair(previous[token], ids[token], segment, Each),
                    _ => table[segment * vocabulary + ids[token]],
                };
                entries[token * segments + segment] = segment * Each + expert;
            }
        }
        return new(experts);

        ReadOnlySpan<int> Needed(Tensor? what) => (what ?? throw new ArgumentException($"a hash gate by {_options.Hash} looks at ids that the context does not hold: give TokenIds, and PreviousIds or Positions where it asks for those")).AsReadOnlySpan<int>();
    }
}

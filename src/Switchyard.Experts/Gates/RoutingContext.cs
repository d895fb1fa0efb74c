using Switchyard.Experts.Ranks;
using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>What a gate may use beside the hidden vectors of the tokens. Everything but the stream of random numbers is optional.</summary>
/// <param name="Random">Noise while training; null where there is none to be, as in evaluation.</param>
public readonly record struct RoutingContext(Philox? Random = null)
{
    private readonly int _sequences;

    /// <summary>1 for a token and 0 for padding, Int32 [tokens]; null where all are tokens. Padding goes to no expert and counts in no loss.</summary>
    public Tensor? Mask { get; init; }

    /// <summary>The ids of the tokens, Int32 [tokens]: for gates that look at nothing else.</summary>
    public Tensor? TokenIds { get; init; }

    /// <summary>The id before each token in its sequence, its own id at the first place, Int32 [tokens].</summary>
    public Tensor? PreviousIds { get; init; }

    /// <summary>The place of each token in its sequence, from 0, Int32 [tokens].</summary>
    public Tensor? Positions { get; init; }

    /// <summary>How many sequences of equal length the tokens are, one after the other; 1 where it is not said.</summary>
    public int Sequences
    {
        get => Math.Max(1, _sequences);
        init => _sequences = value;
    }

    /// <summary>
    /// A routing of the same tokens to be forced: the same pairs in the same slots, with weights and losses made anew,
    /// so that gradients flow. For recomputation, and to ask what another router would have made of these choices.
    /// </summary>
    public Routing? Replay { get; init; }

    /// <summary>The batch of all ranks that the tokens are part of, which is routed as one; null where there is one rank.</summary>
    public RankedBatch? Ranks { get; init; }

    /// <summary>The random numbers themselves, instead of a stream to draw them from, in the shape in which the gate draws.</summary>
    internal Tensor? Noise { get; init; }

    /// <summary>Uniform numbers, or null where there is to be no noise.</summary>
    internal Tensor? Uniform(Shape shape, double low, double high, ElementType type)
        => Noise ?? (Random is null ? null : Tensor.Uniform(shape, low, high, Random, type));

    /// <summary>Numbers of the standard normal distribution, or null where there is to be no noise.</summary>
    internal Tensor? Normal(Shape shape, ElementType type)
        => Noise ?? (Random is null ? null : Tensor.Normal(shape, 0, 1, Random, type));

    /// <summary>Numbers of the standard Gumbel distribution, -ln(-ln u), or null where there is to be no noise.</summary>
    internal Tensor? Gumbel(Shape shape, ElementType type)
    {
        if (Noise is not null || Random is null) return Noise;
        // Away from both ends, where the noise would be infinite.
        using Tensor uniform = Tensor.Uniform(shape, 1e-7, 1 - 1e-7, Random, ElementType.Float64);
        return (-(-uniform.Log()).Log()).To(type);
    }

    /// <summary>How many of the tokens are not padding.</summary>
    internal int Valid(int tokens)
    {
        if (Mask is null) return tokens;
        if (Mask.Type != ElementType.Int32 || Mask.Elements != tokens) throw new ArgumentException($"the mask is {Mask} for {tokens} tokens: give Int32[{tokens}]");
        return Valid(.., tokens);
    }

    /// <summary>How many of some tokens are not padding.</summary>
    internal int Valid(Range rows, int tokens)
    {
        int length = rows.GetOffsetAndLength(tokens).Length;
        return Mask is null ? length : length - Mask.AsReadOnlySpan<int>()[rows].Count(0);
    }

    /// <summary>The rows of tokens that are not padding [valid tokens, n].</summary>
    internal Tensor WithoutPadding(Tensor rows)
    {
        if (Mask is null) return rows;
        int[] valid = new int[Valid(rows.Shape[0])];
        ReadOnlySpan<int> flags = Mask.AsReadOnlySpan<int>();
        for (int token = 0, next = 0; token < flags.Length; token++)
            if (flags[token] != 0) valid[next++] = token;
        return rows.IndexSelect(0, Tensor.From(valid, [valid.Length]));
    }

    /// <summary>The tokens of one sequence.</summary>
    internal Range Rows(int sequence, int tokens)
    {
        if (tokens % Sequences != 0) throw new ArgumentException($"{tokens} tokens are not {Sequences} sequences of equal length");
        int length = tokens / Sequences;
        return (sequence * length)..((sequence + 1) * length);
    }

    /// <summary>1 or 0 for each token [tokens, 1], to multiply by; null where all are tokens.</summary>
    internal Tensor? Column(ElementType type) => Mask?.To(type).Reshape([(int)Mask.Elements, 1]);
}

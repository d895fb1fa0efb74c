using Switchyard.Experts.Dispatch;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts;

/// <summary>A loss that a gate asks to be added to the task's, already scaled by its coefficient.</summary>
/// <param name="Name">For example <c>balance</c> or <c>z</c>.</param>
/// <param name="Value">One number, differentiable.</param>
public readonly record struct RoutingLoss(string Name, Tensor Value);

/// <summary>
/// A gate's decision: a list of (token, expert) pairs grouped by expert, in slot order. A token may stand in it any
/// number of times; a pair that was dropped does not. This is the one value that leaves a gate.
/// </summary>
public class Routing
{
    private readonly Tensor? _choices;
    private readonly Tensor? _pairs;

    /// <summary>Writes a decision down.</summary>
    /// <param name="tokens">How many tokens were routed.</param>
    /// <param name="tokenOf">Int32 [pairs].</param>
    /// <param name="offsets">Int32 [experts + 1].</param>
    /// <param name="weights">[pairs].</param>
    /// <param name="losses">The gate's losses.</param>
    /// <param name="statistics">What happened.</param>
    /// <exception cref="ArgumentException">The lengths do not agree.</exception>
    public Routing(int tokens, Tensor tokenOf, Tensor offsets, Tensor weights, IReadOnlyList<RoutingLoss> losses, RoutingStatistics statistics)
    {
        ArgumentNullException.ThrowIfNull(tokenOf);
        ArgumentNullException.ThrowIfNull(offsets);
        ArgumentNullException.ThrowIfNull(weights);
        if (tokenOf.Elements != weights.Elements) throw new ArgumentException($"{tokenOf.Elements} pairs have {weights.Elements} weights: give one each");
        (Tokens, TokenOf, Offsets, Weights, Losses, Statistics) = (tokens, tokenOf, offsets, weights, losses, statistics);
    }

    /// <summary>Writes down who got a slot.</summary>
    /// <param name="choices">Who asked.</param>
    /// <param name="slots">Who got one.</param>
    /// <param name="weights">The combine weight of every choice [tokens, choices].</param>
    /// <param name="losses">The gate's losses.</param>
    /// <param name="tokenEntropy">See <see cref="RoutingStatistics.TokenEntropy"/>.</param>
    internal Routing(Choices choices, Slots slots, Tensor weights, IReadOnlyList<RoutingLoss> losses, double tokenEntropy)
        : this(
            choices.Tokens,
            slots.Tokens(choices.Count),
            slots.Offsets,
            weights.Reshape([choices.Tokens * choices.Count]).IndexSelect(0, slots.Pairs),
            losses,
            new RoutingStatistics(slots.Load, slots.Dropped, tokenEntropy) { Choosing = choices.Choosing() })
        => (_choices, _pairs) = (choices.Experts, slots.Pairs);

    private Routing(Tensor tokenOf, Tensor offsets, Tensor weights, Routing whole, int tokens, Tensor? choices, Tensor? pairs)
        : this(tokens, tokenOf, offsets, weights, whole.Losses, whole.Statistics)
        => (Whole, _choices, _pairs) = (whole, choices, pairs);

    /// <summary>Writes down that every expert sees every token.</summary>
    /// <param name="weights">The combine weights, differentiable [tokens, experts].</param>
    /// <param name="tokenEntropy">See <see cref="RoutingStatistics.TokenEntropy"/>.</param>
    /// <param name="logits">Router logits [tokens, experts].</param>
    internal static Routing OfAll(Tensor weights, double tokenEntropy, Tensor logits)
    {
        (int tokens, int experts) = (weights.Shape[0], weights.Shape[1]);
        Tensor tokenOf = Tensor.Empty([experts * tokens], ElementType.Int32);
        Span<int> span = tokenOf.AsSpan<int>();
        for (int pair = 0; pair < span.Length; pair++) span[pair] = pair % tokens;
        long[] load = new long[experts];
        Array.Fill(load, tokens);
        return new Routing(tokens, tokenOf, EvenOffsets(experts, tokens), weights.Transpose(0, 1).Reshape([experts * tokens]), [], new RoutingStatistics(load, 0, tokenEntropy)) { Logits = logits };
    }

    /// <summary>The offsets where every expert sees every token, Int32 [experts + 1].</summary>
    internal static Tensor EvenOffsets(int experts, int tokens)
    {
        Tensor offsets = Tensor.Empty([experts + 1], ElementType.Int32);
        Span<int> span = offsets.AsSpan<int>();
        for (int expert = 0; expert <= experts; expert++) span[expert] = checked(expert * tokens);
        return offsets;
    }

    /// <summary>How many tokens were routed.</summary>
    public int Tokens { get; }

    /// <summary>How many experts there are.</summary>
    public int Experts => Offsets.Shape[0] - 1;

    /// <summary>The token of each pair, Int32 [pairs].</summary>
    public Tensor TokenOf { get; }

    /// <summary>Expert e has the pairs Offsets[e] to Offsets[e + 1] - 1, Int32 [experts + 1].</summary>
    public Tensor Offsets { get; }

    /// <summary>The combine weight of each pair, differentiable [pairs].</summary>
    public Tensor Weights { get; }

    /// <summary>The gate's losses.</summary>
    public IReadOnlyList<RoutingLoss> Losses { get; }

    /// <summary>Load, drops and entropy.</summary>
    public RoutingStatistics Statistics { get; }

    /// <summary>Router logits [tokens, experts], differentiable, where the gate has any.</summary>
    public Tensor? Logits { get; init; }

    /// <summary>
    /// The expert of each token's choices, the best first, Int32 [tokens, choices]; below 0 for a choice that asked for
    /// no slot. Null where tokens do not choose. Kept, it can be forced later: <see cref="Gates.RoutingContext.Replay"/>.
    /// </summary>
    public Tensor? Choices => _choices;

    /// <summary>Which choice each pair is, token·choices + choice, Int32 [pairs]; null where tokens do not choose.</summary>
    public Tensor? Pairs => _pairs;

    /// <summary>The routing of all ranks that this one is a part of; itself where there is one rank.</summary>
    public Routing Whole { get => field ?? this; internal init; }

    /// <summary>What is needed to force this routing.</summary>
    /// <exception cref="ArgumentException">The gate did not record its choices.</exception>
    internal (Tensor Choices, Tensor Pairs) Recorded
        => _choices is null || _pairs is null ? throw new ArgumentException("a routing without choices cannot be replayed: it comes from a gate that mixes tokens, or did not record them") : (_choices, _pairs);

    /// <summary>What gradients flow through from the answers back to the gate.</summary>
    internal virtual IEnumerable<Tensor> Differentiable => [Weights];

    /// <summary>The rows that the experts work on: each pair's token.</summary>
    /// <param name="tokens">Hidden vectors [tokens, width].</param>
    /// <returns>[pairs, width], grouped by expert.</returns>
    public virtual Tensor Gather(Tensor tokens) => Tensor.GatherRows(tokens, TokenOf);

    /// <summary>Brings the answers back to the tokens: y_t = Σ weight·answer over the pairs of t; 0 for a token without one.</summary>
    /// <param name="answers">[pairs, width]</param>
    /// <returns>[tokens, width]</returns>
    public virtual Tensor Combine(Tensor answers) => Tensor.ScatterAddRows(answers, TokenOf, Tokens, Weights);

    /// <summary>The pairs of some of the tokens, with the losses and statistics of all.</summary>
    /// <param name="first">The first token.</param>
    /// <param name="count">How many.</param>
    internal Routing Part(int first, int count)
    {
        ReadOnlySpan<int> tokenOf = TokenOf.AsReadOnlySpan<int>(), offsets = Offsets.AsReadOnlySpan<int>();
        List<int> kept = new(tokenOf.Length);
        int[] starts = new int[offsets.Length];
        for (int expert = 0; expert < Experts; expert++)
        {
            for (int pair = offsets[expert]; pair < offsets[expert + 1]; pair++)
                if ((uint)(tokenOf[pair] - first) < (uint)count) kept.Add(pair);
            starts[expert + 1] = kept.Count;
        }
        Tensor pairs = Tensor.From([.. kept], [kept.Count]);
        int choices = _choices?.Shape[1] ?? 0;
        return new Routing(
            Moved(TokenOf, pairs, first), Tensor.From(starts, [starts.Length]), Weights.IndexSelect(0, pairs), this, count,
            _choices?.Slice(0, first, first + count), _pairs is null ? null : Moved(_pairs, pairs, first * choices))
        {
            Logits = Logits?.Slice(0, first, first + count),
        };
    }

    /// <summary>The sum of the losses, or null if there are none.</summary>
    public Tensor? TotalLoss()
    {
        Tensor? total = null;
        foreach (RoutingLoss loss in Losses) total = total is null ? loss.Value : total + loss.Value;
        return total;
    }

    /// <summary>
    /// The expert with the largest combine weight of every token, -1 for a token that no expert sees; of equals the
    /// lowest. For colouring text and for <see cref="RoutingStatistics.Fluctuation"/>.
    /// </summary>
    public virtual int[] MainExperts()
    {
        int[] experts = new int[Tokens];
        float[] best = new float[Tokens];
        Array.Fill(experts, -1);
        using Tensor weights = Weights.Detach();
        using Tensor single = weights.To(ElementType.Float32);
        ReadOnlySpan<int> tokenOf = TokenOf.AsReadOnlySpan<int>(), offsets = Offsets.AsReadOnlySpan<int>();
        ReadOnlySpan<float> weightOf = single.AsReadOnlySpan<float>();
        for (int expert = 0; expert < Experts; expert++)
        {
            for (int pair = offsets[expert]; pair < offsets[expert + 1]; pair++)
            {
                int token = tokenOf[pair];
                if (experts[token] < 0 || weightOf[pair] > best[token]) (experts[token], best[token]) = (expert, weightOf[pair]);
            }
        }
        return experts;
    }

    /// <summary>The entries at some places, less a number.</summary>
    private static Tensor Moved(Tensor entries, Tensor places, int by)
    {
        Tensor moved = Tensor.Empty(places.Shape, ElementType.Int32);
        Span<int> to = moved.AsSpan<int>();
        ReadOnlySpan<int> from = entries.AsReadOnlySpan<int>(), place = places.AsReadOnlySpan<int>();
        for (int i = 0; i < to.Length; i++) to[i] = from[place[i]] - by;
        return moved;
    }
}

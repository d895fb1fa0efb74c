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
public sealed class Routing
{
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
    public int[] MainExperts()
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
}

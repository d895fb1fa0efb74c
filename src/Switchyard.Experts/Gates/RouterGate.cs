using Switchyard.Experts.Ranks;
using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>A gate that decides by router logits: one number per token and expert, in the precision of the tokens, float32 at least.</summary>
public abstract class RouterGate : Gate
{
    /// <summary>Makes a gate over a number of experts.</summary>
    protected RouterGate(int experts)
        : base(experts)
    {
    }

    /// <inheritdoc/>
    public override Routing Route(Tensor tokens, RoutingContext context)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        return Decide(Logits(tokens, context), context);
    }

    /// <inheritdoc/>
    /// <remarks>Logits travel between ranks, hidden vectors do not.</remarks>
    public override Routing Route(Tensor tokens, RoutingContext context, RankedBatch batch)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(batch);
        return batch.Own(Decide(batch.Whole(Logits(tokens, context)), batch.Whole(context)));
    }

    /// <summary>Routes by given router logits.</summary>
    /// <param name="logits">[tokens, experts]</param>
    /// <param name="context">What the gate may use beside them.</param>
    /// <exception cref="ArgumentException">The logits are not one per expert.</exception>
    /// <exception cref="SwitchyardException">A logit is not finite.</exception>
    public Routing Decide(Tensor logits, RoutingContext context)
    {
        ArgumentNullException.ThrowIfNull(logits);
        if (logits.Rank != 2 || logits.Shape[1] != Experts) throw new ArgumentException($"router logits have shape {logits.Shape}, the gate has {Experts} experts: give [tokens, {Experts}]");
        return Choose(logits, context);
    }

    /// <summary>The router logits of tokens [tokens, width].</summary>
    /// <returns>[tokens, experts]</returns>
    protected abstract Tensor Logits(Tensor tokens, RoutingContext context);

    /// <summary>Routes by router logits [tokens, experts].</summary>
    protected abstract Routing Choose(Tensor logits, RoutingContext context);
}

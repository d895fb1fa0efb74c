using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Experts.Banks;

/// <summary>The experts of one layer, wherever they live.</summary>
public abstract class ExpertBank : Module
{
    /// <summary>How many experts there are.</summary>
    public abstract int Experts { get; }

    /// <summary>Lets every expert work on its rows.</summary>
    /// <param name="rows">Hidden vectors grouped by expert [pairs, width].</param>
    /// <param name="offsets">Expert e has the rows offsets[e] to offsets[e + 1] - 1, Int32 [experts + 1].</param>
    /// <returns>[pairs, width].</returns>
    public abstract Tensor Forward(Tensor rows, Tensor offsets);

    /// <summary>Lets every expert work on rows that are taken from where they lie. A bank that can do without a copy of them does it here.</summary>
    /// <param name="rows">Hidden vectors [rows, width].</param>
    /// <param name="rowOf">The row of each pair, Int32 [pairs].</param>
    /// <param name="offsets">Expert e has the pairs offsets[e] to offsets[e + 1] - 1, Int32 [experts + 1].</param>
    /// <returns>[pairs, width].</returns>
    public virtual Tensor Forward(Tensor rows, Tensor rowOf, Tensor offsets) => Forward(Tensor.GatherRows(rows, rowOf), offsets);

    /// <summary>A bank of some of the experts, with copies of what they learn: for ranks that share the experts out.</summary>
    /// <param name="first">The first expert.</param>
    /// <param name="count">How many, 0 or more.</param>
    /// <exception cref="ArgumentException">Experts of this kind cannot be taken apart.</exception>
    public virtual ExpertBank Part(int first, int count) => throw new ArgumentException($"the experts of a {GetType().Name} cannot be spread over ranks: give a {nameof(FeedForwardBank)}");

    /// <summary>
    /// Carries a routing out: every pair's token goes to its expert, and the weighted answers come back. A bank that
    /// can save a pass over memory, or that sends rows elsewhere, does it here.
    /// </summary>
    /// <param name="tokens">Hidden vectors [tokens, width].</param>
    /// <param name="routing">Who sees whom.</param>
    /// <returns>[tokens, width]; 0 for a token without a pair.</returns>
    public virtual Tensor Forward(Tensor tokens, Routing routing)
    {
        ArgumentNullException.ThrowIfNull(routing);
        Tensor rows = routing.Gather(tokens); // [pairs, width]
        Tensor answers = Forward(rows, routing.Offsets); // [pairs, width]
        return routing.Combine(answers); // [tokens, width]
    }

    /// <summary>Carries a routing out and does something else beside it: while rows travel, where they do.</summary>
    /// <param name="tokens">Hidden vectors [tokens, width].</param>
    /// <param name="routing">Who sees whom.</param>
    /// <param name="other">What else is to be done.</param>
    /// <returns>The answers [tokens, width], and what the other computation gave.</returns>
    public virtual (Tensor Answers, Tensor Other) Forward(Tensor tokens, Routing routing, Func<Tensor> other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return (Forward(tokens, routing), other());
    }
}

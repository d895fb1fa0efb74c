using Switchyard.Tensors;

namespace Switchyard.Modules;

/// <summary>What a feed-forward block does between its matrices.</summary>
public enum FeedForwardActivation
{
    /// <summary>down(silu(gate·x) ⊙ up·x), with three matrices (arXiv 2002.05202).</summary>
    SwiGlu,

    /// <summary>down(max(0, up·x)), with two.</summary>
    Relu,

    /// <summary>down(gelu(up·x)), with two.</summary>
    Gelu,
}

/// <summary>The arithmetic of <see cref="FeedForwardActivation"/>.</summary>
public static class FeedForwardActivations
{
    /// <summary>What the down projection gets.</summary>
    /// <param name="activation">Which.</param>
    /// <param name="gate">gate·x [.., hidden] for a gated block, null for the others.</param>
    /// <param name="up">up·x [.., hidden].</param>
    public static Tensor Apply(this FeedForwardActivation activation, Tensor? gate, Tensor up)
    {
        ArgumentNullException.ThrowIfNull(up);
        return activation switch
        {
            FeedForwardActivation.Relu => up.Relu(),
            FeedForwardActivation.Gelu => up.Gelu(),
            _ => Tensor.SwiGlu(gate ?? throw new ArgumentNullException(nameof(gate)), up),
        };
    }
}

using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>The Switch gate's policy: top-1, capacity factor 1.25 while training, jitter 0.01, balance coefficient 0.01; dropless in evaluation.</summary>
public sealed record SwitchOptions : TopKOptions
{
    /// <summary>The paper's policy.</summary>
    public SwitchOptions() => (TopK, Renormalise, CapacityFactor, Jitter) = (1, Renormalisation.None, 1.25m, 0.01);

    /// <inheritdoc/>
    public override Gate Make(GateSize size, Philox random) => new SwitchGate(size.Width, size.Experts, this, random);

    /// <inheritdoc/>
    public override void Check(int experts)
    {
        base.Check(experts);
        if (TopK != 1) throw new ArgumentException($"the Switch gate sends a token to one expert, top-k is {TopK}: give 1, or the top-k gate");
    }
}

/// <summary>
/// One expert per token, weighted by its router probability: y = p_e·f_e(x), e = argmax p, so that the router learns from
/// the task. Overflowing tokens pass by on the residual path (Switch Transformers, arXiv 2101.03961, §2).
/// </summary>
public sealed class SwitchGate : TopKGate
{
    /// <summary>Makes a gate.</summary>
    /// <inheritdoc cref="TopKGate(int, int, TopKOptions, Philox, double)"/>
    public SwitchGate(int width, int experts, SwitchOptions options, Philox random, double deviation = 0.002)
        : base(width, experts, options, random, deviation)
    {
    }
}

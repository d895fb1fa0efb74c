using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>
/// One expert per token, weighted by its router probability p: y = p·f(x), so that the router learns from the task.
/// Overflowing tokens pass by on the residual path (Switch Transformers, arXiv 2101.03961, §2).
/// </summary>
public sealed class SwitchGate : TopKGate
{
    /// <summary>Makes a gate with the paper's policy.</summary>
    /// <inheritdoc cref="TopKGate(int, int, TopKOptions, Philox, double)"/>
    public SwitchGate(int width, int experts, TopKOptions options, Philox random, double deviation = 0.002)
        : base(width, experts, options, random, deviation)
        => Check(options);

    /// <summary>Top-1, capacity factor 1.25 while training, jitter 0.01, balance coefficient 0.01; dropless in evaluation.</summary>
    public static TopKOptions Defaults { get; } = new()
    {
        TopK = 1,
        Renormalise = Renormalisation.None,
        CapacityFactor = 1.25m,
        Jitter = 0.01,
    };

    /// <summary>Checks that a policy is the Switch gate's.</summary>
    /// <exception cref="ArgumentException">It sends a token to more than one expert.</exception>
    public static void Check(TopKOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.TopK != 1) throw new ArgumentException($"the Switch gate sends a token to one expert, top-k is {options.TopK}: give 1, or the top-k gate");
    }
}

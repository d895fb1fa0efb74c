using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>A gate whose router is one matrix: z = x·Wᵀ.</summary>
public abstract class LinearGate : RouterGate
{
    private readonly Tensor _weight;

    /// <summary>Makes a gate.</summary>
    /// <param name="width">Length of a token's hidden vector.</param>
    /// <param name="experts">How many experts there are.</param>
    /// <param name="random">Draws the initial router weights, normal.</param>
    /// <param name="deviation">Standard deviation of the initial router weights.</param>
    protected LinearGate(int width, int experts, Philox random, double deviation)
        : base(experts)
        => _weight = AddParameter("weight", Tensor.Normal([experts, width], 0, deviation, random));

    /// <inheritdoc/>
    protected override Tensor Logits(Tensor tokens, RoutingContext context) => Tensor.Linear(tokens, _weight);
}

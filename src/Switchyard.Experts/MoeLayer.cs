using Switchyard.Experts.Banks;
using Switchyard.Experts.Gates;
using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Experts;

/// <summary>
/// The heart: a gate decides who should see each token, the experts do the work, and their answers are combined.
/// </summary>
public sealed class MoeLayer : Module
{
    private readonly Gate _gate;
    private readonly ExpertBank _experts;
    private readonly FeedForward? _shared;

    /// <summary>Makes a layer.</summary>
    /// <param name="gate">Decides.</param>
    /// <param name="experts">Do the work.</param>
    /// <param name="shared">An expert that sees every token with weight 1, or null.</param>
    /// <exception cref="ArgumentException">The gate and the bank differ in the number of experts.</exception>
    public MoeLayer(Gate gate, ExpertBank experts, FeedForward? shared = null)
    {
        ArgumentNullException.ThrowIfNull(gate);
        ArgumentNullException.ThrowIfNull(experts);
        if (gate.Experts != experts.Experts) throw new ArgumentException($"the gate has {gate.Experts} experts, the bank has {experts.Experts}: give both the same count");
        _gate = AddChild("gate", gate);
        _experts = AddChild("experts", experts);
        _shared = shared is null ? null : AddChild("shared_expert", shared);
    }

    /// <summary>Routes, works, combines. A token whose pairs were all dropped gets 0 from the routed experts.</summary>
    /// <param name="tokens">Hidden vectors [tokens, width].</param>
    /// <param name="context">What the gate may use beside them.</param>
    /// <returns>The output [tokens, width] and the routing it came from.</returns>
    public (Tensor Output, Routing Routing) Forward(Tensor tokens, RoutingContext context)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        Routing routing = _gate.Route(tokens, context);
        Tensor rows = Tensor.GatherRows(tokens, routing.TokenOf); // [pairs, width]
        Tensor answers = _experts.Forward(rows, routing.Offsets); // [pairs, width]
        Tensor output = Tensor.ScatterAddRows(answers, routing.TokenOf, routing.Tokens, routing.Weights); // [tokens, width]
        return (_shared is null ? output : output + _shared.Forward(tokens), routing);
    }
}

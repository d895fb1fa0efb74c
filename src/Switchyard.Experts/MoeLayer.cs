using Switchyard.Collectives;
using Switchyard.Experts.Banks;
using Switchyard.Experts.Gates;
using Switchyard.Experts.Ranks;
using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Experts;

/// <summary>
/// The heart: a gate decides who should see each token, the experts do the work, and their answers are combined.
/// </summary>
public sealed class MoeLayer : Module
{
    private readonly Gate _gate;
    private ExpertBank _experts;
    private readonly FeedForward? _shared;
    private readonly Tensor? _sharedMix;

    /// <summary>Makes a layer.</summary>
    /// <param name="gate">Decides.</param>
    /// <param name="experts">Do the work.</param>
    /// <param name="shared">An expert that sees every token, or null.</param>
    /// <param name="sharedMix">A vector v [width] to weigh the shared expert by σ(v·x) instead of 1, learnt; null for 1.</param>
    /// <exception cref="ArgumentException">The gate and the bank differ in the number of experts.</exception>
    public MoeLayer(Gate gate, ExpertBank experts, FeedForward? shared = null, Tensor? sharedMix = null)
    {
        ArgumentNullException.ThrowIfNull(gate);
        ArgumentNullException.ThrowIfNull(experts);
        if (gate.Experts != experts.Experts) throw new ArgumentException($"the gate has {gate.Experts} experts, the bank has {experts.Experts}: give both the same count");
        if (sharedMix is not null && shared is null) throw new ArgumentException("a weight for a shared expert was given, but none to weigh: give both, or neither");
        _gate = AddChild("gate", gate);
        _experts = AddChild("experts", experts);
        _shared = shared is null ? null : AddChild("shared_expert", shared);
        _sharedMix = sharedMix is null ? null : AddParameter("shared_expert_gate", sharedMix);
    }

    /// <summary>What decides.</summary>
    public Gate Gate => _gate;

    /// <summary>
    /// Shares the experts out among ranks, each of which holds the same layer: from now on this one works for the tokens of
    /// all ranks with its own experts. Every rank must call it.
    /// </summary>
    /// <param name="ranks">The ranks; the group stays the caller's.</param>
    /// <param name="queue">Lets tokens travel while experts work; it stays the caller's. Null to do one after the other.</param>
    /// <exception cref="ArgumentException">The experts are shared out already, or cannot be.</exception>
    public void Distribute(ProcessGroup ranks, ExchangeQueue? queue = null)
    {
        ExpertBank whole = _experts;
        _experts = ReplaceChild(whole, new ParallelBank(whole, ranks, queue));
        whole.Dispose();
    }

    /// <summary>Who does the work.</summary>
    public ExpertBank Experts => _experts;

    /// <summary>
    /// Whether what the experts computed is not kept for the gradient but computed once more in the backward pass, by
    /// the routing that was decided on the way forward: less memory for more time, and the same bits.
    /// </summary>
    public bool Recompute { get; init; }

    /// <summary>Routes, works, combines. A token whose pairs were all dropped gets 0 from the routed experts.</summary>
    /// <param name="tokens">Hidden vectors [tokens, width].</param>
    /// <param name="context">What the gate may use beside them.</param>
    /// <returns>The output [tokens, width] and the routing it came from.</returns>
    public (Tensor Output, Routing Routing) Forward(Tensor tokens, RoutingContext context)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        Routing routing = context.Ranks is { } ranks ? _gate.Route(tokens, context, ranks) : _gate.Route(tokens, context);
        Tensor output = Recompute
            ? Tensor.Recomputed(() => Answer(tokens, routing), [tokens, .. routing.Differentiable, .. Parameters().Select(static parameter => parameter.Tensor)])
            : Answer(tokens, routing);
        return (output, routing);
    }

    private Tensor Answer(Tensor tokens, Routing routing)
    {
        if (_shared is null) return _experts.Forward(tokens, routing);
        (Tensor output, Tensor shared) = _experts.Forward(tokens, routing, () => Shared(_shared, tokens)); // [tokens, width]
        return output + shared;
    }

    private Tensor Shared(FeedForward shared, Tensor tokens)
    {
        Tensor answer = shared.Forward(tokens); // [tokens, width]
        return _sharedMix is null ? answer : answer * Tensor.Linear(tokens, _sharedMix.Reshape([1, (int)_sharedMix.Elements])).Sigmoid();
    }
}

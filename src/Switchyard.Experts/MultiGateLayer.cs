using Switchyard.Experts.Banks;
using Switchyard.Experts.Gates;
using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Experts;

/// <summary>One of several gates over a bank.</summary>
/// <param name="Name">Its name among the layer's modules, such as <c>task0</c>.</param>
/// <param name="Gate">What weighs the experts.</param>
/// <param name="Experts">The experts of the bank that it spans, in the order of its weights.</param>
/// <param name="Stream">Which of the layer's inputs it looks at.</param>
public sealed record GateSpan(string Name, SoftGate Gate, IReadOnlyList<int> Experts, int Stream = 0);

/// <summary>
/// Many gates over one bank: every expert works once on every token, and each gate mixes the answers of the experts that
/// it spans. With one input, and gates that span all, the layer of a multi-gate mixture (Ma et al., KDD 2018, §4.2);
/// with an input per task and one that is shared, a level of progressive layered extraction (Tang et al., RecSys 2020, §4).
/// </summary>
public sealed class MultiGateLayer : Module
{
    private readonly GateSpan[] _gates;
    private readonly ExpertBank _experts;
    private readonly int[] _streamOf;

    /// <summary>Makes a layer.</summary>
    /// <param name="gates">The gates, at least one.</param>
    /// <param name="experts">Do the work.</param>
    /// <param name="streamOf">Which input each expert works on [experts]; null where there is one for all.</param>
    /// <exception cref="ArgumentException">There is no gate, a gate spans another number of experts than it weighs, or one that is not there.</exception>
    public MultiGateLayer(IReadOnlyList<GateSpan> gates, ExpertBank experts, IReadOnlyList<int>? streamOf = null)
    {
        ArgumentNullException.ThrowIfNull(gates);
        ArgumentNullException.ThrowIfNull(experts);
        if (gates.Count == 0) throw new ArgumentException("a layer of many gates has none: give one or more");
        foreach (GateSpan gate in gates)
        {
            if (gate.Gate.Experts != gate.Experts.Count) throw new ArgumentException($"the gate {gate.Name} weighs {gate.Gate.Experts} experts and spans {gate.Experts.Count}: give both the same count");
            if (gate.Experts.Any(expert => expert < 0 || expert >= experts.Experts)) throw new ArgumentException($"the gate {gate.Name} spans an expert that is not among the {experts.Experts} of the bank");
        }
        if (streamOf is not null && streamOf.Count != experts.Experts) throw new ArgumentException($"{streamOf.Count} experts are told their input, the bank has {experts.Experts}: give one each");
        _gates = [.. gates];
        _streamOf = streamOf is null ? new int[experts.Experts] : [.. streamOf];
        foreach (GateSpan gate in gates) AddChild($"gates.{gate.Name}", gate.Gate);
        _experts = AddChild("experts", experts);
    }

    /// <summary>The gates, in the order of the outputs.</summary>
    public IReadOnlyList<GateSpan> Gates => _gates;

    /// <summary>What does the work.</summary>
    public ExpertBank Experts => _experts;

    /// <summary>Which input each expert works on [experts].</summary>
    public IReadOnlyList<int> StreamOf => _streamOf;

    /// <summary>Lets every expert work once, and every gate mix.</summary>
    /// <param name="streams">Hidden vectors, one or more inputs of [tokens, width].</param>
    /// <param name="context">What the gates may use beside them; each draws from a stream of its own.</param>
    /// <returns>The output of each gate [tokens, expert width], and the routing it came from, over the experts that it spans.</returns>
    public (Tensor[] Outputs, Routing[] Routings) Forward(IReadOnlyList<Tensor> streams, RoutingContext context)
    {
        ArgumentNullException.ThrowIfNull(streams);
        int tokens = streams[0].Shape[0];
        // Experts that work on the same input read the same rows.
        Tensor[] inputs = [.. _streamOf.Select(stream => streams[stream]).Distinct()];
        Tensor rows = inputs.Length == 1 ? inputs[0] : Tensor.Concat(inputs, 0); // [inputs · tokens, width]
        Tensor answers = _experts.Forward(rows, RowsOf(inputs, streams, tokens), Routing.EvenOffsets(_experts.Experts, tokens)); // [experts · tokens, expert width]
        Tensor[] outputs = new Tensor[_gates.Length];
        Routing[] routings = new Routing[_gates.Length];
        for (int i = 0; i < _gates.Length; i++)
        {
            GateSpan gate = _gates[i];
            routings[i] = gate.Gate.Route(streams[gate.Stream], context with { Random = context.Random?.Split((ulong)i) });
            outputs[i] = routings[i].Combine(AnswersOf(gate.Experts, answers, tokens)); // [tokens, expert width]
        }
        return (outputs, routings);
    }

    /// <summary>Which row each expert sees for each token, Int32 [experts · tokens].</summary>
    private Tensor RowsOf(Tensor[] inputs, IReadOnlyList<Tensor> streams, int tokens)
    {
        Tensor rowOf = Tensor.Empty([_experts.Experts * tokens], ElementType.Int32);
        Span<int> rows = rowOf.AsSpan<int>();
        for (int expert = 0; expert < _experts.Experts; expert++)
        {
            int first = Array.IndexOf(inputs, streams[_streamOf[expert]]) * tokens;
            for (int token = 0; token < tokens; token++) rows[expert * tokens + token] = first + token;
        }
        return rowOf;
    }

    /// <summary>The answers of some experts, in their order.</summary>
    private Tensor AnswersOf(IReadOnlyList<int> experts, Tensor answers, int tokens)
    {
        if (experts.SequenceEqual(Enumerable.Range(0, _experts.Experts))) return answers;
        List<Tensor> runs = [];
        for (int start = 0, end; start < experts.Count; start = end)
        {
            for (end = start + 1; end < experts.Count && experts[end] == experts[end - 1] + 1; end++)
            {
            }
            runs.Add(answers.Slice(0, experts[start] * tokens, (experts[end - 1] + 1) * tokens));
        }
        return Tensor.Concat([.. runs], 0);
    }
}

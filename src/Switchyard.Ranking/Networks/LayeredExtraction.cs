using Switchyard.Experts;
using Switchyard.Experts.Banks;
using Switchyard.Experts.Gates;
using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Networks;

/// <summary>
/// Experts that belong to one task beside experts that are shared. A task's gate spans its own, then the shared ones; below
/// the last level a further gate spans all, in the order of the tasks, and feeds the shared experts of the next
/// (progressive layered extraction, Tang et al., RecSys 2020, §4.2). With one level, customized gate control (§4.1).
/// </summary>
public sealed class LayeredExtraction : RankingNetwork
{
    private readonly MultiGateLayer[] _levels;
    private readonly int _tasks;

    /// <summary>Makes a network.</summary>
    /// <param name="width">Length of the input.</param>
    /// <param name="specific">How many experts each task has of its own, on every level [tasks].</param>
    /// <param name="shared">How many are shared, on every level.</param>
    /// <param name="levels">How many levels.</param>
    /// <param name="expertWidths">The layers of an expert.</param>
    /// <param name="gate">The gates' policy.</param>
    /// <param name="random">Draws the initial weights.</param>
    public LayeredExtraction(int width, IReadOnlyList<int> specific, int shared, int levels, IReadOnlyList<int> expertWidths, SoftOptions gate, Philox random)
    {
        ArgumentNullException.ThrowIfNull(specific);
        ArgumentNullException.ThrowIfNull(expertWidths);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(levels);
        _tasks = specific.Count;
        Width = expertWidths[^1];
        // The owner of each expert: a task, or for the shared ones the number of tasks, which is the shared stream.
        int[] owners = [.. specific.SelectMany(static (count, task) => Enumerable.Repeat(task, count)), .. Enumerable.Repeat(_tasks, shared)];
        _levels = new MultiGateLayer[levels];
        for (int level = 0; level < levels; level++)
        {
            int input = level == 0 ? width : Width;
            double deviation = Initialisation.KaimingDeviation(input);
            List<GateSpan> gates = [];
            for (int task = 0; task < _tasks; task++) gates.Add(Span($"task{task}", owner => owner == task || owner == _tasks, task));
            if (level < levels - 1) gates.Add(Span("shared", static _ => true, _tasks));
            _levels[level] = AddChild($"level{level}", new MultiGateLayer(gates, new MlpBank(owners.Length, input, expertWidths, random), owners));

            GateSpan Span(string name, Func<int, bool> spans, int stream)
            {
                int[] experts = [.. Enumerable.Range(0, owners.Length).Where(expert => spans(owners[expert]))];
                if (experts.Length == 0) throw new ArgumentException($"the gate of task {stream} spans no expert: give it one of its own, or share one");
                return new GateSpan(name, new SoftGate(input, experts.Length, gate, random, deviation), experts, stream);
            }
        }
    }

    /// <inheritdoc/>
    public override int Width { get; }

    /// <summary>The levels, the lowest first.</summary>
    public IReadOnlyList<MultiGateLayer> Levels => _levels;

    /// <inheritdoc/>
    public override NetworkOutput Forward(Tensor x, Philox? random)
    {
        IReadOnlyList<Tensor> streams = [.. Enumerable.Repeat(x, _tasks + 1)];
        List<GateDecision> decisions = [];
        for (int level = 0; level < _levels.Length; level++)
        {
            (streams, Routing[] routings) = _levels[level].Forward(streams, new RoutingContext(random?.Split((ulong)level)));
            decisions.AddRange(_levels[level].Gates.Select((gate, i) => new GateDecision(_levels.Length == 1 ? gate.Name : $"level{level}.{gate.Name}", routings[i])));
        }
        return new NetworkOutput(streams, decisions);
    }
}

using Switchyard.Experts;
using Switchyard.Experts.Banks;
using Switchyard.Experts.Gates;
using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Networks;

/// <summary>
/// Experts that all tasks share, and a gate for each task (MMoE, Ma et al., KDD 2018, equation 6), or one for all (OMoE,
/// equation 5). With shared layers below, as experts on a wide input would be dear, the network of Zhao et al., RecSys
/// 2019, figure 1: h = relu(W x), z_k = Σ softmax(V_k h)_i · f_i(h).
/// </summary>
public sealed class MultiGateMixture : RankingNetwork
{
    private readonly int _tasks;

    /// <summary>Makes a network.</summary>
    /// <param name="width">Length of the input.</param>
    /// <param name="sharedWidths">Layers below the experts; none for MMoE and OMoE.</param>
    /// <param name="experts">How many experts.</param>
    /// <param name="expertWidths">The layers of an expert.</param>
    /// <param name="tasks">How many tasks.</param>
    /// <param name="gatePerTask">Whether each has a gate of its own.</param>
    /// <param name="gate">The gates' policy.</param>
    /// <param name="random">Draws the initial weights.</param>
    public MultiGateMixture(
        int width, IReadOnlyList<int> sharedWidths, int experts, IReadOnlyList<int> expertWidths, int tasks, bool gatePerTask, SoftOptions gate, Philox random)
    {
        ArgumentNullException.ThrowIfNull(expertWidths);
        _tasks = tasks;
        Shared = AddChild("shared", new Mlp(width, sharedWidths, random));
        double deviation = Initialisation.KaimingDeviation(Shared.Width);
        int[] all = [.. Enumerable.Range(0, experts)];
        GateSpan[] gates = [.. Enumerable.Range(0, gatePerTask ? tasks : 1).Select(task => new GateSpan(gatePerTask ? $"task{task}" : "all", new SoftGate(Shared.Width, experts, gate, random, deviation), all))];
        Bank = new MlpBank(experts, Shared.Width, expertWidths, random);
        Layer = AddChild("mixture", new MultiGateLayer(gates, Bank));
        Width = expertWidths[^1];
    }

    /// <inheritdoc/>
    public override int Width { get; }

    /// <summary>What lies below the experts; without layers in MMoE and OMoE.</summary>
    public Mlp Shared { get; }

    /// <summary>The experts.</summary>
    public MlpBank Bank { get; }

    /// <summary>The gates over the experts.</summary>
    public MultiGateLayer Layer { get; }

    /// <inheritdoc/>
    public override NetworkOutput Forward(Tensor x, Philox? random)
    {
        (Tensor[] outputs, Routing[] routings) = Layer.Forward([Shared.Forward(x)], new RoutingContext(random));
        return new NetworkOutput(
            [.. Enumerable.Range(0, _tasks).Select(task => outputs[task % outputs.Length])],
            [.. Layer.Gates.Select((gate, i) => new GateDecision(gate.Name, routings[i]))]);
    }
}

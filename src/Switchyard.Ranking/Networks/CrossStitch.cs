using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Networks;

/// <summary>
/// A network per task; after every layer each takes a learnt mixture of all: h_k ← Σ_j S_kj·h_j (Misra et al., "Cross-stitch
/// networks", CVPR 2016, equation 1), with a number per pair of tasks, or one per unit.
/// </summary>
public sealed class CrossStitch : RankingNetwork
{
    // A task begins with mostly its own, as in the paper's §4.1.
    private const double OwnShare = 0.9;

    private readonly Linear[][] _layers;
    private readonly Tensor[] _stitches;

    /// <summary>Makes a network.</summary>
    /// <param name="width">Length of the input.</param>
    /// <param name="widths">The layers of each task, at least one.</param>
    /// <param name="tasks">How many tasks.</param>
    /// <param name="perUnit">Whether every unit has its own mixture.</param>
    /// <param name="random">Draws the initial weights.</param>
    public CrossStitch(int width, IReadOnlyList<int> widths, int tasks, bool perUnit, Philox random)
    {
        ArgumentNullException.ThrowIfNull(widths);
        if (widths.Count == 0) throw new ArgumentException("a cross-stitch network has no layer: give the width of one or more");
        _layers = new Linear[widths.Count][];
        _stitches = new Tensor[widths.Count];
        for (int layer = 0; layer < widths.Count; layer++)
        {
            int input = layer == 0 ? width : widths[layer - 1], units = perUnit ? widths[layer] : 1;
            double deviation = Initialisation.KaimingDeviation(input, Initialisation.Gain(Nonlinearity.Relu));
            _layers[layer] = new Linear[tasks];
            for (int task = 0; task < tasks; task++) _layers[layer][task] = AddChild($"task{task}.{layer}", new Linear(input, widths[layer], random, deviation, bias: true));
            double others = tasks == 1 ? 0 : (1 - OwnShare) / (tasks - 1);
            double[] shares = [.. Enumerable.Range(0, tasks * tasks).SelectMany(pair => Enumerable.Repeat(pair % (tasks + 1) == 0 ? 1 - others * (tasks - 1) : others, units))];
            using Tensor initial = Tensor.From(shares, [tasks, tasks, units]);
            _stitches[layer] = AddParameter($"stitch{layer}", initial.To(ElementType.Float32));
        }
        Width = widths[^1];
    }

    /// <summary>The layers of every task [layers][tasks].</summary>
    public IReadOnlyList<IReadOnlyList<Linear>> Layers => _layers;

    /// <summary>What mixes the tasks after each layer [tasks, tasks, 1 or units].</summary>
    public IReadOnlyList<Tensor> Stitches => _stitches;

    /// <inheritdoc/>
    public override int Width { get; }

    /// <inheritdoc/>
    public override NetworkOutput Forward(Tensor x, Philox? random)
    {
        int tasks = _layers[0].Length;
        Tensor[] states = [.. Enumerable.Repeat(x, tasks)];
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            Tensor[] own = [.. _layers[layer].Select((linear, task) => linear.Forward(states[task]).Relu())]; // [tasks][rows, width]
            Tensor stitch = _stitches[layer].Reshape([tasks * tasks, _stitches[layer].Shape[2]]);
            for (int task = 0; task < tasks; task++)
            {
                Tensor mixed = own[0] * Share(task, 0);
                for (int other = 1; other < tasks; other++) mixed += own[other] * Share(task, other);
                states[task] = mixed;
            }

            Tensor Share(int task, int other) => stitch.Slice(0, task * tasks + other, task * tasks + other + 1); // [1, units]
        }
        return new NetworkOutput(states, []);
    }
}

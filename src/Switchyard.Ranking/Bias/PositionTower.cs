using Switchyard.Modules;
using Switchyard.Ranking.Data;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Bias;

/// <summary>
/// The shallow tower: b = relu(table[position, device])·out + bias, a logit that is added to those of biased tasks while
/// training (Zhao et al., RecSys 2019, §4.2, figure 4). A dropped position adds nothing, or what a learnt row for missing ones says.
/// </summary>
public sealed class PositionTower : Module
{
    private readonly PositionTable _table;
    private readonly Linear _out;
    private readonly bool _missingRow;

    /// <summary>Makes a tower.</summary>
    /// <param name="positions">How many positions are told apart.</param>
    /// <param name="devices">How many devices.</param>
    /// <param name="width">Length of a position's vector.</param>
    /// <param name="missingRow">Whether a missing position has a row of its own.</param>
    /// <param name="random">Draws the initial weights.</param>
    public PositionTower(int positions, int devices, int width, bool missingRow, Philox random)
    {
        _missingRow = missingRow;
        _table = AddChild("table", new PositionTable(positions, devices, width, random, 0.5));
        _out = AddChild("out", new Linear(width, 1, random, Initialisation.KaimingDeviation(width), bias: true));
    }

    /// <summary>What is added to the logit of each example while training [rows].</summary>
    /// <param name="batch">The examples.</param>
    /// <param name="keep">Which positions are kept [rows]; null for all.</param>
    public Tensor Forward(ExampleBatch batch, bool[]? keep)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return Forward(batch.Positions(), batch.Devices(), keep);
    }

    /// <summary>What the tower has learnt of a position, from 0, and a device.</summary>
    public double Logit(int position, int device)
    {
        using TensorScope scope = new();
        using Gradients.Pause pause = Gradients.Paused();
        return Forward([position], [device], null).ToDouble();
    }

    internal Tensor Forward(int[] positions, int[] devices, bool[]? keep)
    {
        Tensor hidden = _table.Forward(_table.Rows(positions, devices, keep)).Relu(); // [rows, width]
        Tensor logits = _out.Forward(hidden).Reshape([positions.Length]);
        if (_missingRow) return logits;
        double[] known = [.. positions.Select((position, i) => position >= 0 && keep?[i] != false ? 1.0 : 0)];
        using Tensor mask = Tensor.From(known, [known.Length]);
        return logits * mask.To(logits.Type);
    }
}

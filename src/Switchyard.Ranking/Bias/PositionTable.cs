using Switchyard.Modules;
using Switchyard.Ranking.Data;
using Switchyard.Ranking.Features;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Bias;

/// <summary>A vector for every position and device, and one per device for a position that is missing. Parameter <c>weight</c>, row position · devices + device.</summary>
public sealed class PositionTable : Module
{
    private readonly int _positions;
    private readonly int _devices;

    /// <summary>Makes a table.</summary>
    /// <param name="positions">How many positions are told apart.</param>
    /// <param name="devices">How many devices.</param>
    /// <param name="width">Length of a vector.</param>
    /// <param name="random">Draws the initial vectors.</param>
    /// <param name="deviation">Their standard deviation.</param>
    public PositionTable(int positions, int devices, int width, Philox random, double deviation)
    {
        (_positions, _devices) = (positions, devices);
        Weight = AddParameter("weight", Tensor.Normal([(positions + 1) * devices, width], 0, deviation, random));
    }

    /// <summary>The vectors [(positions + 1) · devices, width].</summary>
    public Tensor Weight { get; }

    /// <summary>The row of each example; that of a missing position where it is unknown or dropped.</summary>
    /// <param name="batch">The examples.</param>
    /// <param name="keep">Which positions are kept [rows]; null for all.</param>
    public Tensor Rows(ExampleBatch batch, bool[]? keep)
    {
        ArgumentNullException.ThrowIfNull(batch);
        int[] positions = batch.Positions(), devices = batch.Devices();
        return Rows(positions, devices, keep);
    }

    /// <summary>The vectors of rows [rows, width].</summary>
    public Tensor Forward(Tensor rows) => Tensor.Embedding(Weight, rows);

    internal Tensor Rows(int[] positions, int[] devices, bool[]? keep)
    {
        int[] rows = new int[positions.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            bool isKnown = positions[i] >= 0 && keep?[i] != false;
            rows[i] = (isKnown ? Math.Min(positions[i], _positions - 1) : _positions) * _devices + devices[i];
        }
        return Tensor.From(rows, [rows.Length]);
    }

    /// <summary>Draws which positions are kept; null where all are.</summary>
    internal static bool[]? Keep(int count, double dropout, Philox? random)
    {
        if (random is null || dropout == 0) return null;
        bool[] keep = new bool[count];
        for (int i = 0; i < count; i++) keep[i] = random.NextDouble() >= dropout;
        return keep;
    }

    internal static PositionTable For(PositionColumns position, int width, Philox random, double deviation)
        => new(position.Positions, position.DeviceCount, width, random, deviation);
}

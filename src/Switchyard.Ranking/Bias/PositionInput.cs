using Switchyard.Modules;
using Switchyard.Ranking.Data;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Bias;

/// <summary>
/// The position as one more feature. It is dropped at random while training, and served as missing or as the first,
/// whatever an example says.
/// </summary>
public sealed class PositionInput : Module
{
    private readonly PositionTable _table;
    private readonly bool _servesFirst;
    private readonly double _dropout;

    /// <summary>Makes an input.</summary>
    /// <param name="table">The vectors.</param>
    /// <param name="servesFirst">Whether it is served as the first position, or as a missing one.</param>
    /// <param name="dropout">How likely it is dropped while training.</param>
    public PositionInput(PositionTable table, bool servesFirst, double dropout)
        => (_table, _servesFirst, _dropout) = (AddChild("table", table), servesFirst, dropout);

    /// <summary>Length of the vector.</summary>
    public int Width => _table.Weight.Shape[1];

    /// <summary>The vectors of examples [rows, width].</summary>
    /// <param name="batch">The examples.</param>
    /// <param name="random">Decides what is dropped while training.</param>
    public Tensor Forward(ExampleBatch batch, Philox? random)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (IsTraining) return _table.Forward(_table.Rows(batch, PositionTable.Keep(batch.Count, _dropout, random?.Split("position"))));
        int[] served = new int[batch.Count];
        Array.Fill(served, _servesFirst ? 0 : -1);
        return _table.Forward(_table.Rows(served, batch.Devices(), null));
    }
}

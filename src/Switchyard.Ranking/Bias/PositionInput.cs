using Switchyard.Modules;
using Switchyard.Ranking.Data;
using Switchyard.Ranking.Features;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Bias;

/// <summary>
/// The position as one more feature. It is dropped at random while training, and served as missing or as the first,
/// whatever an example says.
/// </summary>
public sealed class PositionInput : Module
{
    private const double Deviation = 0.5;

    private readonly PositionTable _table;
    private readonly bool _servesFirst;
    private readonly double _dropout;

    /// <summary>Makes an input.</summary>
    /// <param name="table">The vectors.</param>
    /// <param name="servesFirst">Whether it is served as the first position, or as a missing one.</param>
    /// <param name="dropout">How likely it is dropped while training.</param>
    public PositionInput(PositionTable table, bool servesFirst, double dropout)
        => (_table, _servesFirst, _dropout) = (AddChild("table", table), servesFirst, dropout);

    /// <summary>The input of a model that has one; else null.</summary>
    /// <param name="schema">Names the positions.</param>
    /// <param name="options">How position bias is dealt with.</param>
    /// <param name="random">Draws the vectors.</param>
    internal static PositionInput? For(FeatureSchema schema, DebiasingOptions options, Philox random) => options.Kind is Debiasing.InputMissing or Debiasing.InputFirst
        ? new PositionInput(PositionTable.For(schema.Position!, options.Width, random, Deviation), options.Kind == Debiasing.InputFirst, options.PositionDropout)
        : null;

    /// <summary>Length of the vector.</summary>
    public int Width => _table.Weight.Shape[1];

    /// <summary>The vectors of examples [rows, width].</summary>
    /// <param name="batch">The examples.</param>
    /// <param name="random">Decides what is dropped while training.</param>
    public Tensor Forward(ExampleBatch batch, Philox? random)
    {
        ArgumentNullException.ThrowIfNull(batch);
        if (IsTraining) return _table.Forward(_table.Rows(batch, PositionTable.Keep(batch.Count, _dropout, random?.Split("position"))));
        return Serving(batch.Devices());
    }

    /// <summary>What is served on each device.</summary>
    internal float[][] Served(int devices)
    {
        using TensorScope scope = new();
        using Gradients.Pause pause = Gradients.Paused();
        return [.. Serving([.. Enumerable.Range(0, devices)]).ToArray<float>().Chunk(Width)];
    }

    private Tensor Serving(int[] devices)
    {
        int[] served = new int[devices.Length];
        Array.Fill(served, _servesFirst ? 0 : -1);
        return _table.Forward(_table.Rows(served, devices, null));
    }
}

using Switchyard.Modules.Optimisers;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Embeddings;

/// <summary>Changes the rows of tables that a step has touched, and no others. It keeps its state beside the tables.</summary>
public abstract class TableOptimiser : Optimiser
{
    private readonly (string Name, EmbeddingTable Table)[] _tables;
    private readonly double _rateFactor;

    /// <summary>Prepares to change some tables.</summary>
    /// <param name="tables">The tables under their names, of Float32.</param>
    /// <param name="rateFactor">What the learning rate is multiplied by for tables.</param>
    protected TableOptimiser(IReadOnlyList<(string Name, EmbeddingTable Table)> tables, double rateFactor)
        : base([])
        => (_tables, _rateFactor) = ([.. tables], rateFactor);

    /// <summary>By what share of the rate a touched row shrinks before it is changed.</summary>
    public double Decay { get; init; }

    /// <summary>The touched rows of every table that has any.</summary>
    public override IReadOnlyList<(string Name, Tensor Tensor)> Parameters => [.. Touched.Select(static entry => (entry.Name, entry.Table.Touched!.Value.Rows))];

    private IEnumerable<(int Index, string Name, EmbeddingTable Table)> Touched =>
        _tables.Select(static (entry, index) => (index, entry.Name, entry.Table)).Where(static entry => entry.Table.Touched is not null);

    /// <inheritdoc/>
    public override void ClearGradients()
    {
        foreach ((_, EmbeddingTable table) in _tables) table.Forget();
    }

    /// <inheritdoc/>
    protected override void Update(int index, Tensor parameter, Tensor gradient, double learningRate, double gradientFactor)
    {
        ArgumentNullException.ThrowIfNull(gradient);
        (int place, _, EmbeddingTable table) = Touched.ElementAt(index);
        int[] ids = table.Touched!.Value.Ids;
        int width = table.Weight.Shape[1];
        Span<float> weight = table.Weight.AsSpan<float>();
        Span<float> gradients = gradient.AsSpan<float>();
        double rate = learningRate * _rateFactor;
        for (int i = 0; i < ids.Length; i++)
        {
            Span<float> row = gradients.Slice(i * width, width);
            System.Numerics.Tensors.TensorPrimitives.Multiply(row, (float)gradientFactor, row);
            Span<float> vector = weight.Slice(ids[i] * width, width);
            if (Decay > 0) System.Numerics.Tensors.TensorPrimitives.Multiply(vector, (float)(1 - rate * Decay), vector);
            UpdateRow(place, ids[i], vector, row, (float)rate);
        }
    }

    /// <summary>Changes one row.</summary>
    /// <param name="table">The place of its table.</param>
    /// <param name="id">Its number.</param>
    /// <param name="row">The vector, changed in place.</param>
    /// <param name="gradient">Its gradient.</param>
    /// <param name="rate">The learning rate.</param>
    protected abstract void UpdateRow(int table, int id, Span<float> row, ReadOnlySpan<float> gradient, float rate);
}

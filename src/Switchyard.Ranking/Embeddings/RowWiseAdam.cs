using Switchyard.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Switchyard.Ranking.Embeddings;

/// <summary>
/// Adam (Kingma and Ba, ICLR 2015) with one second moment per row: m = β1·m + (1-β1)·g; v = β2·v + (1-β2)·mean of g²;
/// row -= rate·m̂/(√v̂ + ε). A row's moments are corrected by how often the row itself was touched: a rare one is not
/// thrown far by moments that have hardly begun.
/// </summary>
public sealed class RowWiseAdam : TableOptimiser
{
    private const float Epsilon = 1e-8f;

    private readonly float _beta1;
    private readonly float _beta2;
    private readonly Tensor[] _means;
    private readonly Tensor[] _squares;
    private readonly Tensor[] _counts;

    /// <summary>Prepares to change some tables.</summary>
    /// <param name="tables">The tables under their names, of Float32.</param>
    /// <param name="rateFactor">What the learning rate is multiplied by for tables.</param>
    /// <param name="beta1">How much of the running mean of gradients is kept at a step.</param>
    /// <param name="beta2">How much of the running mean of squared gradients is kept at a step.</param>
    public RowWiseAdam(IReadOnlyList<(string Name, EmbeddingTable Table)> tables, double rateFactor = 1, double beta1 = 0.9, double beta2 = 0.999)
        : base(tables, rateFactor)
    {
        (_beta1, _beta2) = ((float)beta1, (float)beta2);
        _means = [.. tables.Select(entry => AddState($"m.{entry.Name}", Tensor.Zeros(entry.Table.Weight.Shape)))];
        _squares = [.. tables.Select(entry => AddState($"v.{entry.Name}", Tensor.Zeros([entry.Table.Weight.Shape[0]])))];
        _counts = [.. tables.Select(entry => AddState($"touched.{entry.Name}", Tensor.Zeros([entry.Table.Weight.Shape[0]], ElementType.Int32)))];
    }

    /// <inheritdoc/>
    protected override void UpdateRow(int table, int id, Span<float> row, ReadOnlySpan<float> gradient, float rate)
    {
        Span<float> mean = _means[table].AsSpan<float>().Slice(id * row.Length, row.Length);
        ref float square = ref _squares[table].AsSpan<float>()[id];
        int touched = ++_counts[table].AsSpan<int>()[id];
        TensorPrimitives.Multiply(mean, _beta1, mean);
        TensorPrimitives.MultiplyAdd(gradient, 1 - _beta1, mean, mean);
        square = _beta2 * square + (1 - _beta2) * TensorPrimitives.SumOfSquares(gradient) / gradient.Length;
        float root = MathF.Sqrt(square / (1 - MathF.Pow(_beta2, touched))) + Epsilon;
        TensorPrimitives.MultiplyAdd(mean, -rate / (1 - MathF.Pow(_beta1, touched)) / root, row, row);
    }
}

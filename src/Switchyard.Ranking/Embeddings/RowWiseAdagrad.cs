using Switchyard.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Switchyard.Ranking.Embeddings;

/// <summary>
/// Adagrad (Duchi et al., JMLR 12, 2011) with one accumulator per row: a += mean of g²; row -= rate·g/(√a + ε). A table of n
/// rows needs n numbers of state, whatever its width.
/// </summary>
public sealed class RowWiseAdagrad : TableOptimiser
{
    private const float Epsilon = 1e-8f;

    private readonly Tensor[] _sums;

    /// <summary>Prepares to change some tables.</summary>
    /// <inheritdoc cref="TableOptimiser(IReadOnlyList{ValueTuple{string, EmbeddingTable}}, double)"/>
    public RowWiseAdagrad(IReadOnlyList<(string Name, EmbeddingTable Table)> tables, double rateFactor = 1)
        : base(tables, rateFactor)
        => _sums = [.. tables.Select(entry => AddState($"sum.{entry.Name}", Tensor.Zeros([entry.Table.Weight.Shape[0]])))];

    /// <inheritdoc/>
    protected override void UpdateRow(int table, int id, Span<float> row, ReadOnlySpan<float> gradient, float rate)
    {
        ref float sum = ref _sums[table].AsSpan<float>()[id];
        sum += TensorPrimitives.SumOfSquares(gradient) / gradient.Length;
        TensorPrimitives.MultiplyAdd(gradient, -rate / (MathF.Sqrt(sum) + Epsilon), row, row);
    }
}

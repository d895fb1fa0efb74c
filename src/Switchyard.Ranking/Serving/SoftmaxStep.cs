using System.Numerics.Tensors;

namespace Switchyard.Ranking.Serving;

/// <summary>The softmax of every row, in place.</summary>
/// <param name="x">[rows, experts]</param>
internal sealed class SoftmaxStep(Place x) : ServingStep
{
    /// <inheritdoc/>
    public override void Run(float[] numbers, int rows)
    {
        for (int row = 0; row < rows; row++)
        {
            Span<float> own = x.Row(numbers, row);
            TensorPrimitives.SoftMax(own, own);
        }
    }
}

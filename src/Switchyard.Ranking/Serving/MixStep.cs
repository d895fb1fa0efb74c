using System.Numerics.Tensors;

namespace Switchyard.Ranking.Serving;

/// <summary>y = Σ g_e·a_e: the answers of experts mixed by a gate.</summary>
/// <param name="gate">[rows, experts]</param>
/// <param name="answers">Of each expert [rows, width].</param>
/// <param name="y">[rows, width]</param>
internal sealed class MixStep(Place gate, Place[] answers, Place y) : ServingStep
{
    /// <inheritdoc/>
    public override void Run(float[] numbers, int rows)
    {
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<float> weights = gate.Row(numbers, row);
            Span<float> mixed = y.Row(numbers, row);
            mixed.Clear();
            for (int expert = 0; expert < answers.Length; expert++) TensorPrimitives.MultiplyAdd(answers[expert].Row(numbers, row), weights[expert], mixed, mixed);
        }
    }
}

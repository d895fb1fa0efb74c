using System.Numerics.Tensors;

namespace Switchyard.Ranking.Serving;

/// <summary>y = Σ s_j·h_j with a weight per state, or per unit: one output of a cross-stitch.</summary>
/// <param name="states">The states of all tasks [rows, width].</param>
/// <param name="shares">Their weights, of length 1 or width each.</param>
/// <param name="y">[rows, width]</param>
internal sealed class StitchStep(Place[] states, float[][] shares, Place y) : ServingStep
{
    /// <inheritdoc/>
    public override void Run(float[] numbers, int rows)
    {
        for (int row = 0; row < rows; row++)
        {
            Span<float> mixed = y.Row(numbers, row);
            mixed.Clear();
            for (int state = 0; state < states.Length; state++)
            {
                if (shares[state].Length == 1) TensorPrimitives.MultiplyAdd(states[state].Row(numbers, row), shares[state][0], mixed, mixed);
                else TensorPrimitives.MultiplyAdd(states[state].Row(numbers, row), shares[state], mixed, mixed);
            }
        }
    }
}

using System.Numerics.Tensors;

namespace Switchyard.Experts.Classic;

/// <summary>The M-step of a linear Gaussian expert: Σ_n h_n |y_n - W φ_n|² at its least.</summary>
/// <param name="design">φ, [rows, columns].</param>
/// <param name="columns">The length of φ.</param>
/// <param name="targets">y, [rows, outputs].</param>
/// <param name="outputs">The length of y.</param>
/// <param name="weights">h, not negative, [rows].</param>
internal sealed class WeightedLeastSquares(ReadOnlyMemory<double> design, int columns, ReadOnlyMemory<double> targets, int outputs, ReadOnlyMemory<double> weights)
{
    /// <summary>Solves the normal equations (Φᵀ H Φ + ridge I) w = Φᵀ H y for every output.</summary>
    /// <param name="coefficients">W, [outputs, columns]; changed in place.</param>
    /// <param name="ridge">How strongly W is drawn to 0, times the variance.</param>
    public void Minimise(Span<double> coefficients, double ridge)
    {
        ReadOnlySpan<double> rows = design.Span, h = weights.Span, y = targets.Span;
        double[] matrix = new double[columns * columns];
        for (int i = 0; i < columns; i++) matrix[i * columns + i] = ridge;
        for (int n = 0; n < h.Length; n++)
        {
            ReadOnlySpan<double> row = rows.Slice(n * columns, columns);
            for (int i = 0; i < columns; i++)
                for (int j = 0; j < columns; j++) matrix[i * columns + j] += h[n] * row[i] * row[j];
        }

        double[] remainder = new double[columns];
        for (int output = 0; output < outputs; output++)
        {
            Span<double> w = coefficients.Slice(output * columns, columns);
            // The second and third round remove what rounding left of the first.
            for (int round = 0; round < 3; round++)
            {
                for (int i = 0; i < columns; i++) remainder[i] = -ridge * w[i];
                for (int n = 0; n < h.Length; n++)
                {
                    ReadOnlySpan<double> row = rows.Slice(n * columns, columns);
                    double error = h[n] * (y[n * outputs + output] - TensorPrimitives.Dot(row, w));
                    for (int i = 0; i < columns; i++) remainder[i] += error * row[i];
                }
                double[] step = SymmetricSystem.Solve(matrix, remainder);
                for (int i = 0; i < columns; i++) w[i] += step[i];
            }
        }
    }
}

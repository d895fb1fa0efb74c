using Switchyard.Tensors;

namespace Switchyard.Experts.Classic;

/// <summary>The M-step of a linear Gaussian expert.</summary>
internal static class WeightedLeastSquares
{
    /// <summary>Brings Σ_n h_n |y_n - W φ_n|² + ridge |W|² to its least, by the normal equations.</summary>
    /// <param name="design">φ, [rows, columns].</param>
    /// <param name="targets">y, [rows, outputs].</param>
    /// <param name="weights">h, not negative, [rows, 1].</param>
    /// <param name="coefficients">W, [outputs, columns]; changed in place.</param>
    /// <param name="ridge">How strongly W is drawn to 0.</param>
    public static void Minimise(Tensor design, Tensor targets, Tensor weights, Tensor coefficients, double ridge)
    {
        using TensorScope scope = new();
        (int outputs, int columns) = (coefficients.Shape[0], coefficients.Shape[1]);
        Tensor weighted = design * weights;
        double[] matrix = Tensor.MatMul(weighted, design, transposeA: true).ToArray<double>(); // [columns, columns]
        for (int i = 0; i < columns; i++) matrix[i * columns + i] += ridge;
        // The second and third round remove what rounding left of the first.
        for (int round = 0; round < 3; round++)
        {
            Tensor errors = targets - Tensor.Linear(design, coefficients); // [rows, outputs]
            double[] right = (Tensor.MatMul(errors, weighted, transposeA: true) - coefficients * ridge).ToArray<double>(); // [outputs, columns]
            double[] step = [.. Enumerable.Range(0, outputs).SelectMany(output => SymmetricSystem.Solve(matrix, right.AsSpan(output * columns, columns)))];
            coefficients.AddInPlace(Tensor.From(step, coefficients.Shape));
        }
    }
}

using MathNet.Numerics.LinearAlgebra.Double;

namespace Switchyard.Experts.Classic;

/// <summary>Linear equations with a symmetric matrix that is positive definite, or nearly so.</summary>
internal static class SymmetricSystem
{
    private const double Relief = 1e-13;

    /// <summary>
    /// Solves matrix · x = right by Cholesky's decomposition. A hair is added to the diagonal, and more where that is
    /// not enough, so that a direction which the data do not see gets a finite answer; callers iterate, which takes
    /// away what the hair changes elsewhere.
    /// </summary>
    /// <param name="matrix">[order, order], both halves set.</param>
    /// <param name="right">[order]</param>
    public static double[] Solve(ReadOnlySpan<double> matrix, ReadOnlySpan<double> right)
    {
        int order = right.Length;
        double largest = double.Epsilon;
        for (int i = 0; i < order; i++) largest = Math.Max(largest, matrix[i * order + i]);
        for (double relief = Relief; ; relief *= 100)
        {
            double[] relieved = matrix.ToArray();
            for (int i = 0; i < order; i++) relieved[i * order + i] += relief * largest;
            try
            {
                return new DenseMatrix(order, order, relieved).Cholesky().Solve(new DenseVector(right.ToArray())).AsArray();
            }
            catch (ArgumentException) when (relief < 1)
            {
                // Not positive definite as it stands: the only way in which the library tells.
            }
        }
    }
}

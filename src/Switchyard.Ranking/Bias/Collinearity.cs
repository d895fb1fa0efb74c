using MathNet.Numerics.LinearAlgebra;
using Switchyard.Ranking.Data;

namespace Switchyard.Ranking.Bias;

/// <summary>
/// The share of the variance of ln(1 + position) that a linear map of the features explains, R². Where it is near 1, what is due to the position and
/// what to the features cannot be told apart, by whatever means.
/// </summary>
public static class Collinearity
{
    /// <summary>Above this, a warning is due.</summary>
    public const double Alarming = 0.5;

    private const double Ridge = 1e-6;

    /// <summary>R² of position on the numbers of some examples, 0 to 1; 0 where the position is constant or unknown.</summary>
    public static double Of(IEnumerable<ExampleBatch> examples)
    {
        ArgumentNullException.ThrowIfNull(examples);
        Matrix<double>? gram = null;
        Vector<double>? product = null;
        double squares = 0, sum = 0, count = 0;
        foreach (ExampleBatch batch in examples)
        {
            int width = batch.Layout.Dense + 1;
            gram ??= Matrix<double>.Build.Dense(width, width);
            product ??= Vector<double>.Build.Dense(width);
            int[] positions = batch.Positions();
            double[] x = new double[width];
            for (int row = 0; row < batch.Count; row++)
            {
                if (positions[row] < 0) continue;
                x[0] = 1;
                ReadOnlySpan<float> dense = batch.Layout.DenseOf(batch[row]);
                for (int i = 0; i < dense.Length; i++) x[i + 1] = dense[i];
                double y = Math.Log(1 + positions[row]);
                for (int i = 0; i < width; i++)
                {
                    product[i] += x[i] * y;
                    for (int j = 0; j < width; j++) gram[i, j] += x[i] * x[j];
                }
                (squares, sum, count) = (squares + y * y, sum + y, count + 1);
            }
        }
        if (gram is null || product is null || count == 0) return 0;
        double variance = squares - sum * sum / count;
        if (variance <= 0) return 0;
        for (int i = 0; i < gram.RowCount; i++) gram[i, i] += Ridge * count;
        double explained = product.DotProduct(gram.Solve(product)) - sum * sum / count;
        return Math.Clamp(explained / variance, 0, 1);
    }
}

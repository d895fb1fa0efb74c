using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.Classic;

/// <summary>Small problems whose best mixture is known.</summary>
internal static class Regimes
{
    public const int Rows = 500;

    /// <summary>x uniform in [-2, 2]; y = 2x + 1 left of 0, -3x + 0.5 right of it, with noise of deviation 0.1.</summary>
    public static (Tensor X, Tensor Y) Piecewise(Philox random) => Draw(random, x => x < 0 ? 2 * x + 1 : -3 * x + 0.5);

    /// <summary>x uniform in [-2, 2]; y = x or y = -x by the toss of a coin, with noise of deviation 0.1.</summary>
    public static (Tensor X, Tensor Y) Crossing(Philox random) => Draw(random, x => random.NextDouble() < 0.5 ? x : -x);

    private static (Tensor X, Tensor Y) Draw(Philox random, Func<double, double> line)
    {
        (double[] x, double[] y) = (new double[Rows], new double[Rows]);
        for (int i = 0; i < Rows; i++)
        {
            x[i] = 4 * random.NextDouble() - 2;
            y[i] = line(x[i]) + 0.1 * random.NextNormal();
        }
        return (Tensor.From(x, [Rows, 1]), Tensor.From(y, [Rows, 1]));
    }
}

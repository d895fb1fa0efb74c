namespace Switchyard.Ranking.Bias;

/// <summary>How well a learnt bias follows the true one.</summary>
/// <param name="Slope">Of the least-squares line of the learnt on the true logarithm.</param>
/// <param name="Correlation">Pearson's.</param>
public readonly record struct BiasRecovery(double Slope, double Correlation)
{
    /// <summary>Compares logarithms.</summary>
    /// <param name="truth">True log θ.</param>
    /// <param name="learnt">What was learnt of it, up to a constant.</param>
    public static BiasRecovery Of(ReadOnlySpan<double> truth, ReadOnlySpan<double> learnt)
    {
        if (truth.Length != learnt.Length || truth.Length < 2) throw new ArgumentException($"{truth.Length} true and {learnt.Length} learnt numbers: give as many, and at least two");
        double meanX = System.Numerics.Tensors.TensorPrimitives.Sum(truth) / truth.Length, meanY = System.Numerics.Tensors.TensorPrimitives.Sum(learnt) / truth.Length;
        double xx = 0, yy = 0, xy = 0;
        for (int i = 0; i < truth.Length; i++)
        {
            double x = truth[i] - meanX, y = learnt[i] - meanY;
            (xx, yy, xy) = (xx + x * x, yy + y * y, xy + x * y);
        }
        return new BiasRecovery(xy / xx, xy / Math.Sqrt(xx * yy));
    }
}

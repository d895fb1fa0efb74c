namespace Switchyard.Ranking.Metrics;

/// <summary>How the scores of several tasks become the one by which candidates are ranked.</summary>
public static class ScoreCombination
{
    /// <summary>Σ w·s.</summary>
    public static double Sum(ReadOnlySpan<double> scores, ReadOnlySpan<double> weights) => System.Numerics.Tensors.TensorPrimitives.Dot(scores, weights);

    /// <summary>Π s^w (Zhao et al., RecSys 2019, §4); 0⁰ is 1. Scores are 0 or more.</summary>
    public static double Product(ReadOnlySpan<double> scores, ReadOnlySpan<double> weights)
    {
        double product = 1;
        for (int task = 0; task < scores.Length; task++) product *= Math.Pow(scores[task], weights[task]);
        return product;
    }
}

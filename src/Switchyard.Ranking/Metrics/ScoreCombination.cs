namespace Switchyard.Ranking.Metrics;

/// <summary>Makes one score of those of the tasks.</summary>
/// <param name="scores">One per task.</param>
/// <param name="weights">One per task; without meaning for an expression.</param>
public delegate double Combining(ReadOnlySpan<double> scores, ReadOnlySpan<double> weights);

/// <summary>How the scores of several tasks become the one by which candidates are ranked.</summary>
public static class ScoreCombination
{
    /// <summary>The name of the weighted sum.</summary>
    public const string SumName = "sum";

    /// <summary>The name of the weighted product.</summary>
    public const string ProductName = "product";

    /// <summary>The combinations that weigh the tasks.</summary>
    public static IReadOnlyList<string> Weighted { get; } = [SumName, ProductName];

    /// <summary>The combination of a name, or of an expression in the names of the tasks: <c>click * (1 + like) ^ 0.5</c>.</summary>
    /// <param name="text">The name, or the expression; see <see cref="ScoreExpression"/>.</param>
    /// <param name="tasks">The names of the tasks.</param>
    /// <exception cref="SwitchyardException">It is neither.</exception>
    public static Combining Parse(string text, IReadOnlyList<string> tasks)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text switch
        {
            SumName => Sum,
            ProductName => Product,
            _ => ScoreExpression.Parse(text, tasks).Of,
        };
    }

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

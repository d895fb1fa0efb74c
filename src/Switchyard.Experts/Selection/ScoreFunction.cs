using Switchyard.Tensors;

namespace Switchyard.Experts.Selection;

/// <summary>What makes scores out of router logits.</summary>
public enum ScoreFunction
{
    /// <summary>eᶻ over its sum: the experts of a token compete.</summary>
    Softmax,

    /// <summary>1/(1 + e⁻ᶻ): every expert is judged by itself (DeepSeek-V3, arXiv 2412.19437, §2.1.2).</summary>
    Sigmoid,

    /// <summary>√ln(1 + eᶻ): positive, and not bounded from above.</summary>
    SquareRootSoftplus,
}

/// <summary>The score functions.</summary>
internal static class ScoreFunctions
{
    private const double SmallestNormal = 1.1754943508222875e-38;

    /// <summary>The scores of router logits [tokens, experts].</summary>
    public static Tensor Of(this ScoreFunction function, Tensor logits) => function switch
    {
        ScoreFunction.Softmax => logits.Softmax(),
        ScoreFunction.Sigmoid => logits.Sigmoid(),
        ScoreFunction.SquareRootSoftplus => logits.Softplus().Sqrt(),
        _ => throw new ArgumentOutOfRangeException(nameof(function), function, "no such score function"),
    };

    /// <summary>Scores whose sum over the experts is one, as the balance loss wants them.</summary>
    public static Tensor Normalised(this ScoreFunction function, Tensor scores)
        => function == ScoreFunction.Softmax ? scores : scores.OverSum();

    /// <summary>
    /// Numbers divided by their sum along the last axis. A row of zeros stays one: its sum is taken for the smallest
    /// normal number. A larger guard, added to every sum, would let a router shrink all its scores to escape its loss.
    /// </summary>
    public static Tensor OverSum(this Tensor numbers) => numbers / numbers.Sum([-1], keepAxes: true).Clamp(SmallestNormal, null);

    /// <summary>Weights [tokens, choices] divided by the norm of each token's own: norm 1 is their sum, 2 the Euclidean length.</summary>
    /// <param name="weights">[tokens, choices]</param>
    /// <param name="norm">Which norm.</param>
    /// <param name="mayVanish">Whether all weights of a token can be 0. A softmax's cannot.</param>
    public static Tensor OverNorm(this Tensor weights, double norm, bool mayVanish)
        => norm != 1 ? weights / weights.Power(norm).Sum([-1], keepAxes: true).Clamp(SmallestNormal, null).Power(1 / norm)
            : mayVanish ? weights.OverSum()
            : weights / weights.Sum([-1], keepAxes: true);
}

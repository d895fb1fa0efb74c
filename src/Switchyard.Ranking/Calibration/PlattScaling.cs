namespace Switchyard.Ranking.Calibration;

/// <summary>p ↦ σ(slope·logit(p) + intercept), by maximum likelihood (Platt 1999).</summary>
/// <param name="Slope">What the logit is multiplied by.</param>
/// <param name="Intercept">What is added.</param>
public sealed record PlattScaling(double Slope, double Intercept)
{
    private const double Epsilon = 1e-6;
    private const int MostSteps = 100;

    // Keeps the system solvable where all scores are alike.
    private const double Ridge = 1e-12;

    // Near the optimum the loss changes by less than it is rounded.
    private const double Rounding = 1e-12;

    /// <summary>Fits by Newton's method, halving steps that go too far; logits of probabilities kept 1e-6 away from 0 and 1.</summary>
    /// <param name="labels">1 or 0.</param>
    /// <param name="scores">Probabilities.</param>
    /// <param name="isSmoothed">
    /// Whether n₊ examples of yes aim at (n₊ + 1)/(n₊ + 2) and n₋ of no at 1/(n₋ + 2) (Platt 1999, §2.2): labels that the scores set apart
    /// without a mistake would otherwise make the slope infinite.
    /// </param>
    /// <exception cref="ArgumentException">The labels are all alike: there is no best fit.</exception>
    public static PlattScaling Fit(ReadOnlySpan<double> labels, ReadOnlySpan<double> scores, bool isSmoothed = true)
    {
        if (labels.IndexOfAnyExcept(0) < 0 || labels.IndexOfAnyExcept(1) < 0) throw new ArgumentException("every label is the same: give examples of both to calibrate on");
        double positives = System.Numerics.Tensors.TensorPrimitives.Sum(labels), negatives = labels.Length - positives;
        (double yes, double no) = isSmoothed ? ((positives + 1) / (positives + 2), 1 / (negatives + 2)) : (1, 0);
        double[] logits = new double[labels.Length], targets = new double[labels.Length];
        for (int i = 0; i < logits.Length; i++) (logits[i], targets[i]) = (Logit(scores[i]), labels[i] == 1 ? yes : no);
        PlattScaling best = new(1, 0);
        double loss = best.Loss(logits, targets);
        for (int step = 0; step < MostSteps; step++)
        {
            (double da, double db) = best.NewtonStep(logits, targets);
            PlattScaling next = best;
            double nextLoss = loss;
            for (double share = 1; share > Rounding; share /= 2)
            {
                next = new PlattScaling(best.Slope - share * da, best.Intercept - share * db);
                nextLoss = next.Loss(logits, targets);
                if (nextLoss <= loss * (1 + Rounding)) break;
            }
            (best, loss) = (next, nextLoss);
            if (Math.Abs(da) + Math.Abs(db) < 1e-13) break;
        }
        return best;
    }

    /// <summary>The calibrated probability.</summary>
    public double Of(double score) => Sigmoid(Slope * Logit(score) + Intercept);

    private (double Slope, double Intercept) NewtonStep(double[] logits, double[] targets)
    {
        double g0 = 0, g1 = 0, h00 = Ridge, h01 = 0, h11 = Ridge;
        for (int i = 0; i < logits.Length; i++)
        {
            double z = logits[i], p = Sigmoid(Slope * z + Intercept), error = p - targets[i], curve = p * (1 - p);
            (g0, g1) = (g0 + error * z, g1 + error);
            (h00, h01, h11) = (h00 + curve * z * z, h01 + curve * z, h11 + curve);
        }
        double determinant = h00 * h11 - h01 * h01;
        return determinant > 0 ? ((h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant) : (0, 0);
    }

    private double Loss(double[] logits, double[] targets)
    {
        double sum = 0;
        for (int i = 0; i < logits.Length; i++)
        {
            double z = Slope * logits[i] + Intercept;
            sum += Math.Max(z, 0) + Math.Log(1 + Math.Exp(-Math.Abs(z))) - targets[i] * z;
        }
        return sum;
    }

    private static double Logit(double p)
    {
        double clipped = Math.Clamp(p, Epsilon, 1 - Epsilon);
        return Math.Log(clipped / (1 - clipped));
    }

    private static double Sigmoid(double z) => z >= 0 ? 1 / (1 + Math.Exp(-z)) : Math.Exp(z) / (1 + Math.Exp(z));
}

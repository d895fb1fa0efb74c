namespace Switchyard.Ranking.Calibration;

/// <summary>p ↦ σ(slope·logit(p) + intercept), by maximum likelihood (Platt 1999).</summary>
/// <param name="Slope">What the logit is multiplied by.</param>
/// <param name="Intercept">What is added.</param>
public sealed record PlattScaling(double Slope, double Intercept)
{
    private const double Epsilon = 1e-6;
    private const int MostSteps = 100;

    /// <summary>Fits by Newton's method; logits of probabilities kept 1e-6 away from 0 and 1.</summary>
    /// <exception cref="ArgumentException">The labels are all alike: there is no best fit.</exception>
    public static PlattScaling Fit(ReadOnlySpan<double> labels, ReadOnlySpan<double> scores)
    {
        if (labels.IndexOfAnyExcept(0) < 0 || labels.IndexOfAnyExcept(1) < 0) throw new ArgumentException("every label is the same: give examples of both to calibrate on");
        double slope = 1, intercept = 0;
        for (int step = 0; step < MostSteps; step++)
        {
            double g0 = 0, g1 = 0, h00 = 0, h01 = 0, h11 = 0;
            for (int i = 0; i < labels.Length; i++)
            {
                double z = Logit(scores[i]), p = Sigmoid(slope * z + intercept), error = p - labels[i], curve = p * (1 - p);
                (g0, g1) = (g0 + error * z, g1 + error);
                (h00, h01, h11) = (h00 + curve * z * z, h01 + curve * z, h11 + curve);
            }
            double determinant = h00 * h11 - h01 * h01;
            if (!(determinant > 1e-300)) break;
            (double da, double db) = ((h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant);
            (slope, intercept) = (slope - da, intercept - db);
            if (Math.Abs(da) + Math.Abs(db) < 1e-13) break;
        }
        return new PlattScaling(slope, intercept);
    }

    /// <summary>The calibrated probability.</summary>
    public double Of(double score) => Sigmoid(Slope * Logit(score) + Intercept);

    private static double Logit(double p)
    {
        double clipped = Math.Clamp(p, Epsilon, 1 - Epsilon);
        return Math.Log(clipped / (1 - clipped));
    }

    private static double Sigmoid(double z) => z >= 0 ? 1 / (1 + Math.Exp(-z)) : Math.Exp(z) / (1 + Math.Exp(z));
}

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// The error function to the last bits of a double: a Taylor polynomial about the nearest of a few centres, made at
/// start-up. With g(x) = 2/√π e^(-x²), its derivative, g' = -2xg gives the coefficients of g about a centre c by
/// (n+1) g[n+1] = -2 (c g[n] + g[n-1]), and those of the error function by integrating.
/// </summary>
internal static class ErrorFunction
{
    private const double Spacing = 0.5;
    private const int Centres = 13;
    private const int Terms = 17;

    // From here on the nearest double is 1.
    private const double Limit = 6;

    private static readonly double[] Coefficients = [.. Enumerable.Range(0, Centres).SelectMany(centre => About(centre * Spacing))];

    public static double Of(double x)
    {
        double size = Math.Abs(x);
        if (!(size < Limit)) return double.IsNaN(x) ? x : Math.Sign(x);
        int centre = (int)(size / Spacing + 0.5);
        double h = size - centre * Spacing;
        ReadOnlySpan<double> coefficients = Coefficients.AsSpan(centre * Terms, Terms);
        double y = coefficients[^1];
        for (int n = Terms - 2; n >= 0; n--) y = y * h + coefficients[n];
        return Math.CopySign(y, x);
    }

    private static double[] About(double centre)
    {
        double[] y = new double[Terms];
        double g = 2 / Math.Sqrt(Math.PI) * Math.Exp(-centre * centre), former = 0;
        y[0] = Series(centre);
        for (int n = 0; n < Terms - 1; n++)
        {
            y[n + 1] = g / (n + 1);
            (g, former) = (-2 * (centre * g + former) / (n + 1), g);
        }
        return y;
    }

    // 2/√π e^(-x²) Σ 2ⁿ x^(2n+1) / (1·3·…·(2n+1)): every term is positive, so nothing cancels.
    private static double Series(double x)
    {
        double term = x, sum = 0;
        for (int n = 1; term > sum * 1e-18; n++)
        {
            sum += term;
            term *= 2 * x * x / (2 * n + 1);
        }
        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }
}

namespace Switchyard.Ranking.Metrics;

/// <summary>How a gate spread its weights over some examples.</summary>
/// <param name="Name">The gate.</param>
/// <param name="Mean">The mean weight of every expert.</param>
/// <param name="MeanEntropy">The mean entropy of an example's weights, in nats.</param>
/// <param name="PolarisedShare">The share of examples whose largest weight exceeds 0.95.</param>
public sealed record GateReport(string Name, IReadOnlyList<double> Mean, double MeanEntropy, double PolarisedShare)
{
    /// <summary>A weight above this leaves next to nothing for other experts.</summary>
    public const double Polarised = 0.95;

    /// <summary>Sums up weights.</summary>
    /// <param name="name">The gate.</param>
    /// <param name="weights">[examples, experts], row by row.</param>
    /// <param name="experts">How many experts.</param>
    public static GateReport Of(string name, ReadOnlySpan<double> weights, int experts)
    {
        double[] mean = new double[experts];
        double entropy = 0;
        int rows = weights.Length / experts, polarised = 0;
        for (int row = 0; row < rows; row++)
        {
            double largest = 0;
            for (int expert = 0; expert < experts; expert++)
            {
                double weight = weights[row * experts + expert];
                mean[expert] += weight / rows;
                largest = Math.Max(largest, weight);
                if (weight > 0) entropy -= weight * Math.Log(weight);
            }
            if (largest > Polarised) polarised++;
        }
        return new GateReport(name, mean, entropy / rows, (double)polarised / rows);
    }

    /// <summary>The cosine between the mean weights of two gates over the same experts: 1 where they mix alike.</summary>
    public double Similarity(GateReport other)
    {
        ArgumentNullException.ThrowIfNull(other);
        double[] a = [.. Mean], b = [.. other.Mean];
        return System.Numerics.Tensors.TensorPrimitives.CosineSimilarity<double>(a, b);
    }
}

using System.Numerics.Tensors;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Simulation;

/// <summary>
/// A world whose truth is known: how relevant a candidate is, and how likely a place on the page is looked at. A click is
/// a candidate that was looked at and is relevant.
/// </summary>
/// <param name="Directions">a0, a1, a2 [3][features].</param>
/// <param name="Wrong">What a wrong score looks at [features].</param>
public sealed record RankingWorld(double[][] Directions, double[] Wrong)
{
    /// <summary>Features of a candidate.</summary>
    public const int Features = 12;

    /// <summary>Places on a page.</summary>
    public const int Slots = 10;

    /// <summary>How fast attention falls on each device: desktop and mobile.</summary>
    private static readonly double[] Eta = [1.0, 1.6];

    /// <summary>How many devices there are.</summary>
    public static int Devices => Eta.Length;

    /// <summary>A world drawn at random: unit directions.</summary>
    public static RankingWorld Draw(Philox random)
    {
        ArgumentNullException.ThrowIfNull(random);
        return new RankingWorld([Unit(random), Unit(random), Unit(random)], Unit(random));
    }

    /// <summary>r(x) = 1.2 x·a0 + 0.8 sin(2 x·a1) + 0.7 (x·a2)² - 0.6; the candidate is relevant with probability σ(r).</summary>
    public double Relevance(ReadOnlySpan<double> x)
    {
        double first = TensorPrimitives.Dot(x, Directions[0]), second = TensorPrimitives.Dot(x, Directions[1]), third = TensorPrimitives.Dot(x, Directions[2]);
        return 1.2 * first + 0.8 * Math.Sin(2 * second) + 0.7 * third * third - 0.6;
    }

    /// <summary>θ = (1/(position + 1))^η, of a position from 0.</summary>
    public static double Examination(int position, int device) => Math.Pow(1.0 / (position + 1), Eta[device]);

    /// <summary>σ(r).</summary>
    public static double Probability(double logit) => logit >= 0 ? 1 / (1 + Math.Exp(-logit)) : Math.Exp(logit) / (1 + Math.Exp(logit));

    /// <summary>The places of candidates that are sorted, the largest score first; of equals the lower index.</summary>
    /// <param name="scores">One per candidate.</param>
    /// <returns>The position of each candidate.</returns>
    public static int[] Positions(ReadOnlySpan<double> scores)
    {
        int[] order = Metrics.BinaryMetrics.Falling(scores), positions = new int[scores.Length];
        for (int rank = 0; rank < order.Length; rank++) positions[order[rank]] = rank;
        return positions;
    }

    private static double[] Unit(Philox random)
    {
        double[] vector = [.. Enumerable.Range(0, Features).Select(_ => random.NextNormal())];
        double length = TensorPrimitives.Norm<double>(vector);
        return Array.ConvertAll(vector, x => x / length);
    }
}

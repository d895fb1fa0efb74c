using Switchyard.Tensors;

namespace Switchyard.Ranking.Simulation;

/// <summary>
/// Two regression tasks whose correlation is chosen (Ma et al., KDD 2018, §3.2): w1 = c·u1, w2 = c·(p·u1 + √(1 - p²)·u2),
/// y_k = w_k·x + Σ_i sin(α_i·w_k·x + β_i) + ε. The paper does not say α, β: they are i and (i - 1)², as in its authors' public
/// generator, which has noise of standard deviation 0.01.
/// </summary>
public sealed class SyntheticPair
{
    private readonly double[][] _weights;
    private readonly int _terms;

    /// <summary>Makes a pair of tasks.</summary>
    /// <param name="units">u1 and u2, orthonormal [2][features].</param>
    /// <param name="correlation">p, -1 to 1.</param>
    /// <param name="scale">c.</param>
    /// <param name="terms">How many sines.</param>
    public SyntheticPair(double[][] units, double correlation, double scale = 1, int terms = 4)
    {
        ArgumentNullException.ThrowIfNull(units);
        if (!(correlation is >= -1 and <= 1)) throw new ArgumentException($"a correlation of {correlation}: give -1 to 1");
        _terms = terms;
        double across = Math.Sqrt(1 - correlation * correlation);
        _weights = [Array.ConvertAll(units[0], u => scale * u), [.. units[0].Zip(units[1], (a, b) => scale * (correlation * a + across * b))]];
    }

    /// <summary>w1 and w2.</summary>
    public IReadOnlyList<double[]> Weights => _weights;

    /// <summary>The label of a task without noise.</summary>
    public double Label(int task, ReadOnlySpan<double> x)
    {
        double dot = System.Numerics.Tensors.TensorPrimitives.Dot(x, _weights[task]), sum = dot;
        for (int i = 1; i <= _terms; i++) sum += Math.Sin(i * dot + (i - 1) * (i - 1));
        return sum;
    }

    /// <summary>Two orthonormal vectors drawn at random.</summary>
    public static double[][] Units(int features, Philox random)
    {
        ArgumentNullException.ThrowIfNull(random);
        double[] first = Normalised([.. Enumerable.Range(0, features).Select(_ => random.NextNormal())]);
        double[] second = [.. Enumerable.Range(0, features).Select(_ => random.NextNormal())];
        double overlap = System.Numerics.Tensors.TensorPrimitives.Dot<double>(first, second);
        return [first, Normalised([.. second.Zip(first, (b, a) => b - overlap * a)])];
    }

    private static double[] Normalised(double[] vector)
    {
        double length = System.Numerics.Tensors.TensorPrimitives.Norm<double>(vector);
        return Array.ConvertAll(vector, x => x / length);
    }
}

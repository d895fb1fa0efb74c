using Switchyard.Experts;
using Switchyard.Experts.Gates;
using Switchyard.Experts.Losses;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.Gates;

/// <summary>Closed forms of router gradients, against what flows.</summary>
public sealed class GradientIdentityTests
{
    private const int Tokens = 6, Experts = 5, TopK = 3;

    /// <summary>dL/dp_te = (c_te - Σ g·c)/Σ p over the chosen, then the softmax.</summary>
    [Fact]
    public void Renormalised_top_k() => Compare(new TopKOptions { TopK = TopK, BalanceCoefficient = 0 }, static (z, chosen, c) =>
    {
        double[] p = Softmax(z), dp = new double[Experts];
        double sum = chosen.Sum(e => p[e]), mean = chosen.Sum(e => p[e] / sum * c[e]);
        foreach (int e in chosen) dp[e] = (c[e] - mean) / sum;
        double inner = Enumerable.Range(0, Experts).Sum(e => p[e] * dp[e]);
        return [.. Enumerable.Range(0, Experts).Select(e => p[e] * (dp[e] - inner))];
    });

    /// <summary>dL/dz_te = (c_te - Σ g·c)/Σ s · s(1 - s) on the chosen.</summary>
    [Fact]
    public void Normalised_sigmoid() => Compare(new TopKOptions { TopK = TopK, BalanceCoefficient = 0, Score = ScoreFunction.Sigmoid }, static (z, chosen, c) =>
    {
        double[] s = [.. z.Select(static value => 1 / (1 + Math.Exp(-value)))], dz = new double[Experts];
        double sum = chosen.Sum(e => s[e]), mean = chosen.Sum(e => s[e] / sum * c[e]);
        foreach (int e in chosen) dz[e] = (c[e] - mean) / sum * s[e] * (1 - s[e]);
        return dz;
    });

    /// <summary>dCV²/dI_e = 2(I_e - μ)/((E - 1)μ²) - 2CV²/(E·μ).</summary>
    [Fact]
    public void Squared_variation()
    {
        using TensorScope scope = new();
        Tensor importance = Tensor.Uniform([Experts], 1, 3, new Philox(4), ElementType.Float64);
        importance.RequiresGradient = true;
        Tensor loss = importance.SquaredVariation(Variance.Sample);
        double[] i = importance.ToArray<double>(), gradient = Gradients.Of(loss, [importance])[0].ToArray<double>();
        double mean = i.Average(), squared = i.Sum(x => (x - mean) * (x - mean)) / (Experts - 1) / (mean * mean);
        Assert.Equal(squared, loss.ToDouble(), 1e-12);
        for (int e = 0; e < Experts; e++) Assert.Equal(2 * (i[e] - mean) / ((Experts - 1) * mean * mean) - 2 * squared / (Experts * mean), gradient[e], 1e-12);
        Assert.Equal(0, Tensor.Full([1], 3).SquaredVariation(Variance.Sample).ToDouble());
        Assert.Equal(0, Tensor.Zeros([4]).SquaredVariation(Variance.Sample).ToDouble());
    }

    /// <summary>The router learns nothing from the task while all experts say the same: p_j(⟨δ, E_j⟩ - Σ p⟨δ, E⟩) = 0.</summary>
    [Fact]
    public void Equal_experts_teach_a_full_softmax_nothing()
    {
        using TensorScope scope = new();
        Tensor logits = Tensor.Normal([Tokens, Experts], 0, 1, new Philox(3), ElementType.Float64);
        logits.RequiresGradient = true;
        using TopKGate gate = new(1, Experts, new TopKOptions { TopK = Experts, BalanceCoefficient = 0 }, new Philox(0));
        Routing routing = gate.Decide(logits, default);
        Tensor answers = routing.Gather(Tensor.Normal([Tokens, 4], 0, 1, new Philox(5), ElementType.Float64));
        double[] gradient = Gradients.Of(routing.Combine(answers).Square().Sum(), [logits])[0].ToArray<double>();
        Assert.All(gradient, number => Assert.Equal(0, number, 1e-12));
    }

    private static void Compare(TopKOptions options, Func<double[], int[], double[], double[]> identity)
    {
        using TensorScope scope = new();
        Tensor logits = Tensor.Normal([Tokens, Experts], 0, 1, new Philox(2), ElementType.Float64);
        logits.RequiresGradient = true;
        Tensor upstream = Tensor.Normal([Tokens, Experts], 0, 1, new Philox(7), ElementType.Float64);
        using TopKGate gate = new(1, Experts, options, new Philox(0));
        Routing routing = gate.Decide(logits, default);
        double[] gradient = Gradients.Of(MoeFixtures.RoutingChecks.Combined(routing, upstream), [logits])[0].ToArray<double>();
        double[][] z = [.. logits.ToArray<double>().Chunk(Experts)], c = [.. upstream.ToArray<double>().Chunk(Experts)];
        int[][] chosen = [.. routing.Choices!.ToArray<int>().Chunk(TopK)];
        for (int t = 0; t < Tokens; t++)
        {
            double[] expected = identity(z[t], chosen[t], c[t]);
            for (int e = 0; e < Experts; e++) Assert.Equal(expected[e], gradient[t * Experts + e], 1e-12);
        }
    }

    private static double[] Softmax(double[] z)
    {
        double sum = z.Sum(Math.Exp);
        return [.. z.Select(value => Math.Exp(value) / sum)];
    }
}

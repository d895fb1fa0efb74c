using Switchyard.Ranking.Losses;
using Switchyard.Tensors;

namespace Switchyard.Tests.Ranking.Losses;

public sealed class GradNormTests
{
    /// <summary>Two losses aᵢ·|p - cᵢ|² of one vector: norms and losses are known in closed form, and the algorithm is retold over plain numbers.</summary>
    [Fact]
    public void Weights_follow_the_algorithm()
    {
        double[] scale = [10, 0.5], p = [1, -2];
        double[][] centre = [[3, 1], [-1, 0.5]];
        double[] weights = [1, 1], first = [0, 0];
        using GradNorm norm = new(2);
        for (int step = 0; step < 30; step++)
        {
            using TensorScope scope = new();
            Tensor parameter = Tensor.From(p, [2]);
            parameter.RequiresGradient = true;
            norm.Step([.. centre.Select((c, task) => (parameter - Tensor.From(c, [2])).Square().Sum() * scale[task])], [parameter]);

            double[] losses = [.. centre.Select((c, task) => scale[task] * (Square(p[0] - c[0]) + Square(p[1] - c[1])))];
            double[] norms = [.. centre.Select((c, task) => 2 * scale[task] * Math.Sqrt(Square(p[0] - c[0]) + Square(p[1] - c[1])))];
            if (step == 0) losses.CopyTo(first, 0);
            double[] rates = [losses[0] / first[0], losses[1] / first[1]];
            double meanRate = (rates[0] + rates[1]) / 2, meanNorm = (weights[0] * norms[0] + weights[1] * norms[1]) / 2;
            double[] moved = [.. weights.Select((weight, task) =>
            {
                double target = meanNorm * Math.Pow(rates[task] / meanRate, 1.5);
                return Math.Max(1e-3, weight - 0.025 * norms[task] * (weight * norms[task] > target ? 1 : -1));
            })];
            weights = [2 * moved[0] / (moved[0] + moved[1]), 2 * moved[1] / (moved[0] + moved[1])];
            for (int task = 0; task < 2; task++) Assert.Equal(weights[task], norm.Weights[task], 1e-12);
            for (int i = 0; i < 2; i++) p[i] -= 0.01 * Enumerable.Range(0, 2).Sum(task => weights[task] * 2 * scale[task] * (p[i] - centre[task][i]));
        }
        // What pulls twenty times as hard is held back.
        Assert.True(norm.Weights[0] < 0.5 * norm.Weights[1], string.Join(", ", norm.Weights));
    }

    [Fact]
    public void A_total_weighs_by_the_weights_of_the_step_before()
    {
        using TensorScope scope = new();
        using TaskWeights weights = new([1, 2], TaskWeighting.GradNorm);
        Tensor shared = Tensor.From([2.0], [1]);
        shared.RequiresGradient = true;
        Tensor[] losses = [(shared * 3).Sum(), shared.Sum()];
        Assert.Equal(1 * 6 + 2 * 2, weights.Total(losses, 0, [shared]).ToDouble(), 1e-12);
        double[] balance = [.. weights.Buffers().First(static one => one.Name.EndsWith("weights", StringComparison.Ordinal)).Tensor.AsReadOnlySpan<double>()];
        Assert.Equal(2, balance.Sum(), 1e-12);
        // Norms of 3 and 2 · 1: the first is above their mean, the second below.
        Assert.True(balance[0] < 1 && balance[1] > 1);
        Assert.Equal(balance[0] * 6 + balance[1] * 4, weights.Total(losses, 1, [shared]).ToDouble(), 1e-12);
        weights.Train(false);
        double before = weights.Total(losses, 2, [shared]).ToDouble();
        Assert.Equal(before, weights.Total(losses, 2, [shared]).ToDouble(), 1e-12);
    }

    private static double Square(double x) => x * x;
}

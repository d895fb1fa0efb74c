using Switchyard.Experts;
using Switchyard.Experts.Gates;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.Gates;

public sealed class TopKGateTests
{
    [Fact]
    public void TiesGoToTheLowestExpert()
    {
        using TensorScope scope = new();
        Routing routing = Gate(4, new() { TopK = 2 }).Decide(Tensor.Zeros([3, 4]), default);
        Assert.Equal([0, 3, 6, 6, 6], routing.Offsets.ToArray<int>());
        Assert.Equal([0, 1, 2, 0, 1, 2], routing.TokenOf.ToArray<int>());
        Assert.All(routing.Weights.ToArray<float>(), weight => Assert.Equal(0.5f, weight));
    }

    [Theory]
    [InlineData(CombineWeights.Score, Renormalisation.None)]
    [InlineData(CombineWeights.Score, Renormalisation.BeforeDropping)]
    [InlineData(CombineWeights.Score, Renormalisation.AfterDropping)]
    [InlineData(CombineWeights.SoftmaxOverChosen, Renormalisation.None)]
    public void WeightsAreThoseOfAPlainLoop(CombineWeights weights, Renormalisation renormalise)
    {
        const int Tokens = 17, Experts = 5, TopK = 2, Capacity = 5;
        using TensorScope scope = new();
        Tensor logits = Tensor.Normal([Tokens, Experts], 0, 2, new Philox(3));
        Routing routing = Gate(Experts, new() { TopK = TopK, Weights = weights, Renormalise = renormalise, CapacityFactor = 0.7m }).Decide(logits, default);

        float[] z = logits.ToArray<float>();
        Dictionary<(int Expert, int Token), double> expected = [];
        int[] used = new int[Experts];
        int[][] chosen = [.. Enumerable.Range(0, Tokens).Select(t => Enumerable.Range(0, Experts).OrderByDescending(e => z[t * Experts + e]).Take(TopK).ToArray())];
        bool[,] kept = new bool[Tokens, TopK];
        for (int choice = 0; choice < TopK; choice++)
            for (int t = 0; t < Tokens; t++) kept[t, choice] = used[chosen[t][choice]]++ < Capacity;
        for (int t = 0; t < Tokens; t++)
        {
            double[] p = [.. Enumerable.Range(0, Experts).Select(e => Math.Exp(z[t * Experts + e]))];
            double all = p.Sum(), ofChosen = chosen[t].Sum(e => p[e]);
            double ofKept = Enumerable.Range(0, TopK).Where(j => kept[t, j]).Sum(j => p[chosen[t][j]]);
            for (int j = 0; j < TopK; j++)
            {
                double divisor = renormalise switch
                {
                    Renormalisation.BeforeDropping => ofChosen,
                    Renormalisation.AfterDropping => ofKept,
                    _ => weights == CombineWeights.Score ? all : ofChosen,
                };
                if (kept[t, j]) expected[(chosen[t][j], t)] = p[chosen[t][j]] / divisor;
            }
        }

        Assert.Equal(expected.Count, routing.TokenOf.Elements);
        Assert.Equal(Tokens * TopK - expected.Count, routing.Statistics.Dropped);
        ForEachPair(routing, (expert, token, weight) => Assert.Equal(expected[(expert, token)], weight, 1e-6));
    }

    [Fact]
    public void TheBalanceLossIsOneWhenBalancedAndTheNumberOfExpertsAtCollapse()
    {
        const int Experts = 4;
        using TensorScope scope = new();
        TopKGate gate = Gate(Experts, new() { TopK = 1, BalanceCoefficient = 0.5 });
        float[] oneEach = new float[Experts * Experts], oneForAll = new float[Experts * Experts];
        for (int token = 0; token < Experts; token++) (oneEach[token * Experts + token], oneForAll[token * Experts]) = (50, 50);
        Assert.Equal(0.5, Loss(gate.Decide(Tensor.From(oneEach, [Experts, Experts]), default), "balance"), 1e-6);
        Assert.Equal(0.5 * Experts, Loss(gate.Decide(Tensor.From(oneForAll, [Experts, Experts]), default), "balance"), 1e-5);
    }

    [Fact]
    public void RouterLossesHaveTheirClosedFormGradients()
    {
        const int Tokens = 6, Experts = 5, TopK = 2;
        const double Balance = 0.3, Z = 0.2;
        using TensorScope scope = new();
        Tensor logits = Tensor.Normal([Tokens, Experts], 0, 1, new Philox(5), ElementType.Float64);
        logits.RequiresGradient = true;
        Routing routing = Gate(Experts, new() { TopK = TopK, BalanceCoefficient = Balance, ZCoefficient = Z }).Decide(logits, default);
        routing.TotalLoss()!.Backward();

        double[] z = logits.ToArray<double>(), gradient = logits.Gradient!.ToArray<double>();
        for (int t = 0; t < Tokens; t++)
        {
            double[] p = [.. Enumerable.Range(0, Experts).Select(e => Math.Exp(z[t * Experts + e]))];
            double sum = p.Sum(), logSum = Math.Log(sum);
            for (int e = 0; e < Experts; e++) p[e] /= sum;
            double[] share = [.. routing.Statistics.Load.Select(load => load / (double)(Tokens * TopK))];
            double mean = p.Zip(share, (a, b) => a * b).Sum();
            for (int e = 0; e < Experts; e++)
            {
                double expected = Balance * Experts / Tokens * p[e] * (share[e] - mean) + 2 * Z / Tokens * logSum * p[e];
                Assert.Equal(expected, gradient[t * Experts + e], 1e-12);
            }
        }
    }

    [Fact]
    public void JitterDisturbsOnlyTraining()
    {
        using TensorScope scope = new();
        using TopKGate gate = new(8, 4, new() { TopK = 1, Jitter = 0.5 }, new Philox(1), deviation: 1);
        Tensor tokens = Tensor.Normal([32, 8], 0, 1, new Philox(2));
        float[] Logits(bool training, ulong seed)
        {
            gate.Train(training);
            return gate.Route(tokens, new RoutingContext(new Philox(seed))).Logits!.ToArray<float>();
        }
        Assert.Equal(Logits(false, 1), Logits(false, 2));
        Assert.Equal(Logits(true, 1), Logits(true, 1));
        Assert.NotEqual(Logits(true, 1), Logits(true, 2));
    }

    [Fact]
    public void StatisticsSayWhatHappened()
    {
        using TensorScope scope = new();
        float[] logits = [9, 0, 0, 9, 0, 0, 9, 0, 0, 0, 9, 0];
        RoutingStatistics statistics = Gate(3, new() { TopK = 1, CapacityFactor = 1.5m }).Decide(Tensor.From(logits, [4, 3]), default).Statistics;
        Assert.Equal([3L, 1L, 0L], statistics.Load);
        Assert.Equal(1, statistics.Dropped);
        Assert.Equal(0.25, statistics.DroppedFraction);
        Assert.Equal(9.0 / 4, statistics.MaxOverMean, 1e-12);
        Assert.Equal(-(0.75 * Math.Log(0.75) + 0.25 * Math.Log(0.25)) / Math.Log(3), statistics.LoadEntropy, 1e-12);
        Assert.Equal(0.25, RoutingStatistics.Fluctuation([0, 1, 2, 2], [0, 1, 2, 0]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public void MoreChoicesThanExpertsAreRefused(int topK)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => Gate(4, new() { TopK = topK }));
        Assert.Contains("4 experts", error.Message, StringComparison.Ordinal);
    }

    private static TopKGate Gate(int experts, TopKOptions options) => new(8, experts, options, new Philox(0));

    private static double Loss(Routing routing, string name) => routing.Losses.Single(loss => loss.Name == name).Value.ToDouble();

    private static void ForEachPair(Routing routing, Action<int, int, float> visit)
    {
        int[] offsets = routing.Offsets.ToArray<int>(), tokenOf = routing.TokenOf.ToArray<int>();
        float[] weights = routing.Weights.ToArray<float>();
        for (int expert = 0; expert < routing.Experts; expert++)
            for (int pair = offsets[expert]; pair < offsets[expert + 1]; pair++) visit(expert, tokenOf[pair], weights[pair]);
    }
}

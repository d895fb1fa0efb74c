using Switchyard.Ranking.Bias;
using Switchyard.Ranking.Runs;
using Switchyard.Ranking.Simulation;

namespace Switchyard.Tests.Ranking.Runs;

public sealed class PropensityEstimationTests
{
    [Fact]
    public void Propensities_are_found_without_a_page_in_random_order()
    {
        using RankingData data = RankingData.Simulate(new SimulationOptions { Pages = 6000, HeldOutPages = 1, Policy = "wrong" });
        double[,] theta = PropensityEstimation.Run(data.Training, 1, cancellation: TestContext.Current.CancellationToken);
        double[,] plain = Propensities.FromRandomPages(data.Training.Batches(1000), 0);
        Assert.Equal(1, theta[0, 0]);
        Assert.Equal(1, theta[0, 1]);
        BiasRecovery found = Recovery(data, theta), clickRates = Recovery(data, plain);
        Assert.InRange(found.Correlation, 0.95, 1);
        // Clicks alone take for position what is the sorting's doing.
        Assert.True(Math.Abs(found.Slope - 1) < Math.Abs(clickRates.Slope - 1), $"{found} against {clickRates}");
    }

    [Fact]
    public void An_estimation_can_be_ended_before_anything_is_written()
    {
        using TemporaryFolder folder = new();
        using RankingData data = RankingData.Simulate(new SimulationOptions { Pages = 60, HeldOutPages = 5, Policy = "wrong" });
        using CancellationTokenSource ended = new();
        ended.Cancel();
        string run = Path.Combine(folder.Path, "run");
        RankingOptions options = new() { Debiasing = new DebiasingOptions { Kind = Debiasing.Ipw } };
        Assert.Throws<OperationCanceledException>(() => RankingTraining.Begin(run, options, data with { Propensities = null }, null, ended.Token));
        Assert.False(Directory.Exists(run));
    }

    [Fact]
    public void A_log_without_a_biased_task_has_none()
    {
        using RankingData data = RankingData.Simulate(new SimulationOptions { World = World.Synthetic, Pages = 5, HeldOutPages = 1 });
        Assert.Throws<ArgumentException>(() => PropensityEstimation.Run(data.Training, 1, cancellation: TestContext.Current.CancellationToken));
    }

    private static BiasRecovery Recovery(RankingData data, double[,] theta) => BiasRecovery.Of([.. data.TrueLogBias!.Cast<double>()], [.. theta.Cast<double>().Select(static one => Math.Log(one))]);
}

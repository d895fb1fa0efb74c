using Switchyard.Cli;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Cli;

public sealed class RankTableTests
{
    [Fact]
    public void The_means_of_the_last_ranks_stand_there_and_the_slowest_is_named()
    {
        // The run began on one rank more.
        StepMetrics[] metrics = [Record(1, 9, 9, 9), Record(2, 0.1, 0.3), Record(3, 0.2, 0.5)];
        RankTable table = new(RankMetrics.MeanOf(metrics));
        Assert.Equal(
        [
            "ms per step    compute   exchange       wait",
            "rank 0          150.00      50.00      25.00",
            "rank 1          400.00      50.00      25.00",
            "rank 1 computes longest, 1.45 times the mean; not computing: 25 % of a step",
        ], table.Lines());
        Assert.Equal(0.4, (double)table.ToJson()[1]!["compute_seconds"]!, 1e-12);
    }

    private static StepMetrics Record(long step, params double[] computed) => new()
    {
        Step = step,
        Tokens = step,
        TrainLoss = 1,
        LearningRate = 1,
        GradientNorm = 1,
        TokensPerSecond = 1,
        Layers = [],
        Ranks = [.. computed.Select(static seconds => new RankMetrics { ComputeSeconds = seconds, ExchangeSeconds = 0.05, WaitSeconds = 0.025 })],
    };
}

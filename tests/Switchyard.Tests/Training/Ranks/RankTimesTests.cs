using Switchyard.Collectives;
using Switchyard.Tests.Cli;
using Switchyard.Training.Ranks;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Training.Ranks;

public sealed class RankTimesTests
{
    [Fact]
    public void A_rank_that_computes_longer_is_named_once()
        => InProcessGroup.Run(3, group =>
        {
            ManualClock clock = new();
            RankTimes times = new(group, clock);
            List<string> told = [];
            for (int step = 0; step < 40; step++)
            {
                times.Begin();
                clock.Advance(group.Rank == 1 ? 500 : 200);
                group.Barrier();
                times.End();
                IReadOnlyList<RankMetrics> metrics = times.Gather();
                // What was waited is real, and next to nothing beside these seconds.
                Assert.Equal((double[])[200, 500, 200], metrics.Select(static rank => Math.Round(rank.ComputeSeconds / 100) * 100));
                if (times.Slow() is { } slow) told.Add(slow);
            }
            Assert.Equal("rank 1 is slow: it computes 2.5 times as long as the rank in the middle, and the others wait for it", Assert.Single(told));
        });

    [Fact]
    public void Ranks_alike_are_not_named()
        => InProcessGroup.Run(4, group =>
        {
            ManualClock clock = new();
            RankTimes times = new(group, clock);
            for (int step = 0; step < 30; step++)
            {
                times.Begin();
                clock.Advance(1000 + 50 * group.Rank);
                times.End();
                times.Gather();
                Assert.Null(times.Slow());
            }
        });
}

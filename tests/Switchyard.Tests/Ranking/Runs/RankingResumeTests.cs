using Switchyard.Ranking.Losses;
using Switchyard.Ranking.Runs;
using Switchyard.Ranking.Simulation;
using Switchyard.Tests.Training;
using Switchyard.Training;

namespace Switchyard.Tests.Ranking.Runs;

public sealed class RankingResumeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(TaskWeighting.Fixed)]
    [InlineData(TaskWeighting.GradNorm)] // weights that are state
    public void An_interrupted_run_comes_to_the_bits_of_one_that_was_not(TaskWeighting weighting)
    {
        string log = Path.Combine(_folder.Path, "log.csv"), whole = Path.Combine(_folder.Path, "whole"), broken = Path.Combine(_folder.Path, "broken");
        SimulatedLogFile.Write(log, new SimulationOptions { Pages = 60 });
        RankingOptions options = new() { Data = log, Learning = new RankingLearning { Batch = 32, Passes = 2, Weighting = weighting } };
        long steps;
        using (RankingData data = RankingData.Open(options, SimulatedLog.Schema, cancellation: TestContext.Current.CancellationToken))
        using (RankingTraining training = RankingTraining.Begin(whole, options, data, cancellation: TestContext.Current.CancellationToken))
        {
            Assert.False(training.Run(cancellation: TestContext.Current.CancellationToken).IsInterrupted);
            training.Finish();
            steps = training.Plan.Steps!.Value;
        }
        using (RankingData data = RankingData.Open(options, SimulatedLog.Schema, cancellation: TestContext.Current.CancellationToken))
        using (RankingTraining training = RankingTraining.Begin(broken, options, data, cancellation: TestContext.Current.CancellationToken)) Assert.True(Until(training, 5).IsInterrupted);
        for (int stop = 9; ; stop += 7)
        {
            using RankingData data = RankingTraining.OpenData(broken, cancellation: TestContext.Current.CancellationToken);
            using RankingTraining training = RankingTraining.Resume(broken, data, cancellation: TestContext.Current.CancellationToken);
            if (Until(training, stop).IsInterrupted) continue;
            training.Finish();
            break;
        }
        TrainingRun.AssertSame(whole, broken, steps);
        foreach (string file in (string[])[RankingTraining.ModelFile, "calibration.json", "schema.json"])
            Assert.Equal(File.ReadAllBytes(Path.Combine(whole, file)), File.ReadAllBytes(Path.Combine(broken, file)));
    }

    [Fact]
    public void A_log_that_has_changed_is_refused()
    {
        string log = Path.Combine(_folder.Path, "log.csv"), run = Path.Combine(_folder.Path, "run");
        SimulatedLogFile.Write(log, new SimulationOptions { Pages = 60 });
        RankingOptions options = new() { Data = log, Learning = new RankingLearning { Batch = 32, Passes = 1 } };
        using (RankingData data = RankingData.Open(options, SimulatedLog.Schema, cancellation: TestContext.Current.CancellationToken))
        using (RankingTraining training = RankingTraining.Begin(run, options, data, cancellation: TestContext.Current.CancellationToken)) Until(training, 3);
        File.AppendAllText(log, File.ReadLines(log).Last() + "\n");
        using RankingData changed = RankingTraining.OpenData(run, cancellation: TestContext.Current.CancellationToken);
        Assert.Contains("not the data", Assert.Throws<SwitchyardException>(() => RankingTraining.Resume(run, changed, cancellation: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    private static TrainingResult Until(RankingTraining training, long step)
    {
        using CancellationTokenSource cancellation = new();
        return training.Run(new TrainingObserver { Recorded = metrics => { if (metrics.Step >= step) cancellation.Cancel(); } }, cancellation: cancellation.Token);
    }
}

using Switchyard.Training;

namespace Switchyard.Tests.Training;

public sealed class ResumeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Straight => Path.Combine(_folder.Path, "straight");

    private string Broken => Path.Combine(_folder.Path, "broken");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void A_run_that_dies_in_any_step_comes_to_the_same_bits(long step)
    {
        TrainingRun.Train(Straight);
        Assert.Throws<InvalidOperationException>(() => TrainingRun.Train(Broken, change: task => task.Entered = microBatch =>
        {
            if (microBatch == step) throw new InvalidOperationException("killed");
        }));
        TrainingRun.Train(Broken);
        TrainingRun.AssertSame(Straight, Broken, 6);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Records_after_the_checkpoint_are_made_anew(long step)
    {
        TrainingPlan rarely = TrainingRun.Plan with { CheckpointEvery = 3 };
        TrainingRun.Train(Straight, rarely);
        Assert.Throws<InvalidOperationException>(() => TrainingRun.Train(Broken, rarely, task => task.Entered = microBatch =>
        {
            if (microBatch == step) throw new InvalidOperationException("killed");
        }));
        TrainingRun.Train(Broken, rarely);
        TrainingRun.AssertSame(Straight, Broken, 6);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(5)]
    public void A_cancelled_run_finishes_its_step_and_comes_to_the_same_bits(long step)
    {
        TrainingPlan once = TrainingRun.Plan with { CheckpointEvery = null };
        TrainingRun.Train(Straight, once);
        using CancellationTokenSource cancellation = new();
        TrainingResult result = TrainingRun.Train(Broken, once, cancellation: cancellation, change: task => task.Entered = microBatch =>
        {
            if (microBatch == step) cancellation.Cancel();
        });
        Assert.True(result.IsInterrupted);
        Assert.Equal(step + 1, result.State.Step);
        Assert.NotNull(RunFolder.Open(Broken).Checkpoints.OpenNewest());
        Assert.False(TrainingRun.Train(Broken, once).IsInterrupted);
        TrainingRun.AssertSame(Straight, Broken, 6);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void An_evaluation_that_was_cancelled_is_made_up_for(int evaluation)
    {
        TrainingRun.Train(Straight);
        using CancellationTokenSource cancellation = new();
        int seen = 0;
        TrainingResult result = TrainingRun.Train(Broken, cancellation: cancellation, change: task => task.Evaluating = () =>
        {
            if (++seen == evaluation) cancellation.Cancel();
        });
        Assert.True(result.IsInterrupted);
        Assert.Equal(2 * evaluation, result.State.Step);
        Assert.True(result.State.EvaluationPending);
        Assert.False(TrainingRun.Train(Broken).IsInterrupted);
        TrainingRun.AssertSame(Straight, Broken, 6);
    }

    [Fact]
    public void A_run_that_is_done_is_left_alone()
    {
        TrainingRun.Train(Straight);
        byte[] weights = TrainingRun.Weights(Straight, 6);
        TrainingResult again = TrainingRun.Train(Straight);
        Assert.False(again.IsInterrupted);
        Assert.Equal(6, again.State.Step);
        Assert.Equal(weights, TrainingRun.Weights(Straight, 6));
        Assert.Equal(6, TrainingRun.Records(Straight).Length);
    }

    [Fact]
    public void A_damaged_checkpoint_is_reported_and_the_one_before_used()
    {
        TrainingRun.Train(Straight);
        TrainingRun.Train(Broken);
        string newest = Path.Combine(Broken, "checkpoints", "step-00000006");
        string model = Path.Combine(newest, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(model);
        bytes[^1] ^= 1;
        File.WriteAllBytes(model, bytes);
        List<string> warnings = [];
        TrainingRun.Train(Broken, observer: new TrainingObserver { Warned = warnings.Add });
        Assert.Contains("step-00000006 is damaged", Assert.Single(warnings));
        TrainingRun.AssertSame(Straight, Broken, 6);
    }

    [Fact]
    public void A_checkpoint_of_another_model_is_refused_with_both_named()
    {
        TrainingRun.Train(Straight);
        using CurveFitting larger = new(hidden: 9);
        SwitchyardException failure = Assert.Throws<SwitchyardException>(() => new Trainer(larger, TrainingRun.Plan, RunFolder.Open(Straight)).Run(TestContext.Current.CancellationToken));
        Assert.Contains("network of 5 hidden numbers", failure.Message);
        Assert.Contains("network of 9 hidden numbers", failure.Message);
    }

    [Fact]
    public void Another_seed_is_refused()
    {
        TrainingRun.Train(Straight);
        SwitchyardException failure = Assert.Throws<SwitchyardException>(() => TrainingRun.Train(Straight, TrainingRun.Plan with { Seed = 12 }));
        Assert.Contains("seed 11, not 12", failure.Message);
    }

    [Fact]
    public void A_folder_is_trained_in_by_one_at_a_time()
    {
        SwitchyardException? failure = null;
        TrainingRun.Train(Straight, change: task => task.Entered = _ => failure ??= Assert.Throws<SwitchyardException>(() => TrainingRun.Train(Straight)));
        Assert.Contains("another process trains in", failure!.Message);
        Assert.Equal(["checkpoints", "config.json", "metrics.jsonl"], Directory.GetFileSystemEntries(Straight).Select(path => Path.GetFileName(path)!).Order());
    }
}

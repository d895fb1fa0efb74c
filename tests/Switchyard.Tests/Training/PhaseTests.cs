using Switchyard.Modules;
using Switchyard.Tensors;
using Switchyard.Training;
using Switchyard.Training.Checkpoints;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Training;

/// <summary>The trainer goes through phases of a task, whatever they mean.</summary>
public sealed class PhaseTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_phase_ends_at_its_share_and_lasts_a_step_at_least()
    {
        Assert.Equal("aaabcc", Train([new() { Name = "a", Until = 0.5 }, new() { Name = "b", Until = 0.51 }, new() { Name = "c" }]));
    }

    [Fact]
    public void A_phase_ends_once_tokens_have_few_experts()
    {
        // Six steps in which a token has 6, 5, 4, 3, 2 and 1 experts.
        Assert.Equal("aaaabb", Train([new() { Name = "a", UntilActive = 3 }, new() { Name = "b" }]));
        Assert.Equal("aabbbb", Train([new() { Name = "a", UntilActive = 3, Until = 0.3 }, new() { Name = "b" }]));
        Assert.Equal("aaaaaa", Train([new() { Name = "a", UntilActive = 1 }, new() { Name = "b" }]));
    }

    [Fact]
    public void Schedules_run_from_the_beginning_of_a_phase_to_its_end()
    {
        List<double> progress = [];
        Train([new() { Name = "a", Until = 0.5 }, new() { Name = "b" }], progress);
        // The second phase is begun before its first step too.
        Assert.Equal([0, 1.0 / 3, 2.0 / 3, 0, 0, 1.0 / 3, 2.0 / 3], progress.Select(static share => Math.Round(share, 12)).Select(static share => share == Math.Round(1.0 / 3, 12) ? 1.0 / 3 : share == Math.Round(2.0 / 3, 12) ? 2.0 / 3 : share));
    }

    [Fact]
    public void The_state_tells_the_phase()
    {
        Train([new() { Name = "a", Until = 0.5 }, new() { Name = "b" }]);
        TrainingState[] states = [.. RunFolder.Open(_folder.Path + "/1").Checkpoints.All().Reverse().Select(static path => Checkpoint.Open(path).State)];
        Assert.Equal([0, 0, 1, 1, 1, 1], states.Select(static state => state.Phase));
        Assert.Equal([0, 0, 0.5, 0.5, 0.5, 0.5], states.Select(static state => state.PhaseStart));
        Assert.DoesNotContain(states, static state => state.IsPhaseOver);
    }

    [Theory]
    [InlineData(0.5, 0.5, "a later share")]
    [InlineData(0.5, 0.4, "a later share")]
    [InlineData(null, null, "never ends")]
    [InlineData(0.5, 1.5, "a later share")]
    public void Phases_that_cannot_follow_one_another_are_refused(double? first, double? second, string named)
        => Assert.Contains(named, Assert.Throws<ArgumentException>(() => TrainingPhase.Check([new() { Name = "a", Until = first }, new() { Name = "b", Until = second }, new() { Name = "c" }])).Message, StringComparison.Ordinal);

    private string Train(IReadOnlyList<TrainingPhase> phases, List<double>? progress = null)
    {
        string path = Path.Combine(_folder.Path, $"{Directory.GetDirectories(_folder.Path).Length + 1}");
        using Shrinking task = new(phases, progress);
        new Trainer(task, TrainingRun.Plan, TrainingRun.Start(path)).Run(TestContext.Current.CancellationToken);
        return string.Concat(MetricsFile.Read(Path.Combine(path, MetricsFile.Name)).Select(static record => record.Phase));
    }

    /// <summary>A task whose tokens have one expert fewer at every step.</summary>
    private sealed class Shrinking(IReadOnlyList<TrainingPhase> phases, List<double>? progress) : TrainingTask, IDisposable
    {
        private readonly CurveFitting _curve = new();

        public override IReadOnlyList<TrainingPhase> Phases => phases;

        public override Module Model => _curve.Model;

        public override string ModelDescription => _curve.ModelDescription;

        public override long TokensPerMicroBatch => _curve.TokensPerMicroBatch;

        public override void BeginStep(double share) => progress?.Add(share);

        public override TaskLoss Loss(long microBatch, Philox random)
        {
            TaskLoss loss = _curve.Loss(microBatch, random);
            return loss with { Layers = [.. loss.Layers.Select(layer => layer with { ActivePerToken = 6 - microBatch })] };
        }

        public override Evaluation Evaluate(IProgress<WorkProgress>? working, CancellationToken cancellation) => _curve.Evaluate(working, cancellation);

        public void Dispose() => _curve.Dispose();
    }
}

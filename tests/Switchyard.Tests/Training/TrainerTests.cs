using Switchyard.Modules.Optimisers;
using Switchyard.Modules.Schedules;
using Switchyard.Tensors;
using Switchyard.Training;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Training;

public sealed class TrainerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Run => Path.Combine(_folder.Path, "run");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_learns()
    {
        TrainingPlan plan = TrainingRun.Plan with { Steps = 300, EvaluateEvery = 100, CheckpointEvery = null };
        TrainingResult result = TrainingRun.Train(Run, plan);
        IReadOnlyList<StepMetrics> records = MetricsFile.Read(Path.Combine(Run, "metrics.jsonl"));
        double[] validation = [.. records.Where(record => record.ValidationLoss is not null).Select(record => record.ValidationLoss!.Value)];
        Assert.Equal(3, validation.Length);
        Assert.True(validation[^1] < 0.5 * records[0].TrainLoss, $"{records[0].TrainLoss} to {validation[^1]}");
        Assert.Equal(validation.Min(), result.State.BestValidation);
        Assert.Equal(validation[^1], result.Evaluation!.Loss);
        Assert.Equal(300 * 8, result.State.Tokens);
    }

    [Fact]
    public void One_step_is_that_of_the_optimiser_alone()
    {
        TrainingRun.Train(Run, TrainingRun.Plan with { Steps = 1 });
        using CurveFitting task = new();
        using AdamW optimiser = new(task.Model.Parameters(), 0.9, 0.95, 1e-8, new WeightDecay(0.1));
        using TensorScope scope = new();
        TaskLoss loss = task.Loss(0, new Philox(11).Split("micro-batch").Split(0UL));
        loss.Total.Backward();
        double norm = GradientNorm.Euclidean(optimiser.Parameters);
        optimiser.Step(0.02 / 2, GradientNorm.Clip(norm, 1));

        using CurveFitting trained = new(weights: 99);
        RunFolder.Open(Run).Checkpoints.OpenNewest()!.Load(trained.Model);
        foreach (((_, Tensor expected), (string name, Tensor actual)) in task.Model.Parameters().Zip(trained.Model.Parameters()))
            Assert.True(expected.AsReadOnlySpan<float>().SequenceEqual(actual.AsReadOnlySpan<float>()), name);
        StepMetrics record = Assert.Single(MetricsFile.Read(Path.Combine(Run, "metrics.jsonl")));
        Assert.Equal((1, 8, loss.Loss, 0.01, norm), (record.Step, record.Tokens, record.TrainLoss, record.LearningRate, record.GradientNorm));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void The_gradient_does_not_depend_on_how_a_step_is_cut(int parts)
    {
        StepMetrics[] whole = Steps(16, 1), cut = Steps(16 / parts, parts);
        for (int step = 0; step < whole.Length; step++)
        {
            Assert.Equal(whole[step].Tokens, cut[step].Tokens);
            Assert.Equal(whole[step].TrainLoss, cut[step].TrainLoss, 1e-5 * Math.Abs(whole[step].TrainLoss));
            Assert.Equal(whole[step].GradientNorm, cut[step].GradientNorm, 1e-5 * whole[step].GradientNorm);
        }

        StepMetrics[] Steps(int examples, int microBatches)
        {
            using TemporaryFolder folder = new();
            using CurveFitting task = new(examples, noise: false);
            // With a large epsilon AdamW feels the size of gradients.
            new Trainer(task, TrainingRun.Plan with { MicroBatchesPerStep = microBatches, Epsilon = 1, ClipNorm = null }, TrainingRun.Start(Path.Combine(folder.Path, "run"))).Run(TestContext.Current.CancellationToken);
            return [.. MetricsFile.Read(Path.Combine(folder.Path, "run", "metrics.jsonl"))];
        }
    }

    [Fact]
    public void Routing_is_averaged_over_the_micro_batches_of_a_step()
    {
        TrainingRun.Train(Run, TrainingRun.Plan with { Steps = 2, MicroBatchesPerStep = 3 });
        LayerMetrics layer = Assert.Single(MetricsFile.Read(Path.Combine(Run, "metrics.jsonl"))[1].Layers);
        double load = 0.25 + 0.5 * (1 / 4.0 + 1 / 5.0 + 1 / 6.0) / 3;
        Assert.Equal(1, layer.Layer);
        Assert.Equal(load, layer.Load[0], 1e-12);
        Assert.Equal(1 - load, layer.Load[1], 1e-12);
        Assert.Equal(load, layer.Entropy, 1e-12);
        Assert.Equal(2 * (1 - load), layer.MaxOverMean, 1e-12);
    }

    [Fact]
    public void It_stops_after_so_many_tokens()
    {
        TrainingResult result = TrainingRun.Train(Run, TrainingRun.Plan with { Steps = null, Tokens = 33 });
        Assert.Equal((5, 40), (result.State.Step, result.State.Tokens));
    }

    [Fact]
    public void It_stops_after_so_many_minutes_and_the_rate_falls_with_the_clock()
    {
        SteppingClock clock = new(TimeSpan.FromSeconds(5));
        using CurveFitting task = new();
        LearningRateSchedule schedule = new() { Peak = 0.02, Decay = Decay.Linear };
        TrainingResult result = new Trainer(task, TrainingRun.Plan with { Steps = null, Minutes = 1, LearningRate = schedule }, TrainingRun.Start(Run), clock: clock).Run(TestContext.Current.CancellationToken);
        Assert.False(result.IsInterrupted);
        Assert.InRange(result.State.ElapsedSeconds, 60, 75);
        double[] rates = [.. MetricsFile.Read(Path.Combine(Run, "metrics.jsonl")).Select(record => record.LearningRate)];
        Assert.True(rates.Length > 2);
        Assert.Equal(0.02, rates[0]);
        Assert.Equal(rates.OrderDescending(), rates);
        Assert.True(rates[^1] < 0.01);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(1e30f)]
    public void A_loss_that_is_not_finite_ends_it_before_the_update(float scale)
    {
        SwitchyardException failure = Assert.Throws<SwitchyardException>(() => TrainingRun.Train(Run, change: task => task.Scale = microBatch => microBatch == 3 ? scale : 1));
        Assert.Contains("step 4: the loss is", failure.Message);
        Assert.Equal(3, RunFolder.Open(Run).Checkpoints.OpenNewest()!.State.Step);
        Assert.Equal(3, TrainingRun.Records(Run).Length);
    }

    [Fact]
    public void The_layer_of_the_first_value_that_is_not_finite_is_named()
    {
        SwitchyardException failure = Assert.Throws<SwitchyardException>(() => TrainingRun.Train(Run, change: task =>
        {
            task.Entered = microBatch =>
            {
                if (microBatch == 2) task.Model.Parameters().First(parameter => parameter.Name == "outer.weight").Tensor.AsSpan<float>().Fill(3e38f);
            };
        }));
        Assert.Contains("step 3: the loss is", failure.Message);
        Assert.Contains("what was computed with outer.", failure.Message);
    }

    [Fact]
    public void A_parameter_that_is_not_finite_is_named()
    {
        SwitchyardException failure = Assert.Throws<SwitchyardException>(() => TrainingRun.Train(Run, change: task => task.Entered = microBatch =>
        {
            if (microBatch == 2) task.Model.Parameters().First(parameter => parameter.Name == "outer.weight").Tensor.AsSpan<float>()[3] = float.NaN;
        }));
        Assert.Contains("the parameter outer.weight", failure.Message);
    }

    [Fact]
    public void Metrics_are_recorded_as_often_as_asked_for()
    {
        TrainingRun.Train(Run, TrainingRun.Plan with { Steps = 9, EvaluateEvery = 4, RecordEvery = 3 });
        Assert.Equal([3, 4, 6, 8, 9], MetricsFile.Read(Path.Combine(Run, "metrics.jsonl")).Select(record => record.Step));
    }

    [Fact]
    public void The_trainer_allocates_little_in_a_step()
    {
        using CurveFitting task = new(layers: 4, experts: 8);
        List<long> allocated = new(1000);
        TrainingObserver observer = new() { Recorded = _ => allocated.Add(GC.GetAllocatedBytesForCurrentThread()) };
        new Trainer(task, TrainingRun.Plan with { Steps = 200, EvaluateEvery = null, CheckpointEvery = null }, TrainingRun.Start(Run), observer).Run(TestContext.Current.CancellationToken);
        long perStep = (allocated[^2] - allocated[^102]) / 100;
        Tensor[] parameters = [.. task.Model.Parameters().Select(parameter => parameter.Tensor)];
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            using TensorScope scope = new();
            task.Loss(i, new Philox(1)).Total.Backward();
            foreach (Tensor parameter in parameters)
            {
                parameter.Gradient!.Dispose();
                parameter.Gradient = null;
            }
        }
        long ofModel = (GC.GetAllocatedBytesForCurrentThread() - before) / 100;
        Assert.True(perStep - ofModel < 4096, $"{perStep} bytes in a step, {ofModel} of them of the model");
    }

    [Fact]
    public void A_full_disk_ends_it_and_the_last_checkpoint_is_good()
    {
        using SmallDisk disk = SmallDisk.Mount(Path.Combine(_folder.Path, "disk"), kilobytes: 160);
        string run = Path.Combine(disk.Path, "run");
        TrainingPlan plan = TrainingRun.Plan with { Steps = 4000, LearningRate = new LearningRateSchedule { Peak = 0.02, Decay = Decay.Constant }, EvaluateEvery = null, CheckpointEvery = 10, KeepCheckpoints = 2 };
        SwitchyardException failure = Assert.Throws<SwitchyardException>(() => TrainingRun.Train(run, plan));
        Assert.Contains("free some space", failure.Hint);
        Assert.Contains(run, failure.Message);
        Assert.DoesNotContain('\n', failure.Message);

        string roomy = Path.Combine(_folder.Path, "roomy");
        Directory.CreateDirectory(roomy);
        foreach (string file in Directory.GetFiles(run, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(roomy, Path.GetRelativePath(run, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
        long reached = RunFolder.Open(roomy).Checkpoints.OpenNewest()!.State.Step;
        TrainingPlan little = plan with { Steps = reached + 3 };
        TrainingRun.Train(roomy, little);
        TrainingRun.Train(Run, little);
        Assert.Equal(TrainingRun.Records(Run)[(int)reached..], TrainingRun.Records(roomy)[(int)reached..]);
    }

    [Fact]
    public void A_plan_must_make_sense()
    {
        Assert.Throws<ArgumentException>(() => (TrainingRun.Plan with { Tokens = 5 }).Check());
        Assert.Throws<ArgumentException>(() => (TrainingRun.Plan with { Steps = null }).Check());
        Assert.Throws<ArgumentException>(() => (TrainingRun.Plan with { Steps = 0 }).Check());
        Assert.Throws<ArgumentException>(() => (TrainingRun.Plan with { ClipNorm = 0 }).Check());
        Assert.Throws<ArgumentException>(() => (TrainingRun.Plan with { EvaluateEvery = 0 }).Check());
        Assert.Throws<ArgumentException>(() => (TrainingRun.Plan with { MicroBatchesPerStep = 0 }).Check());
    }

    /// <summary>Every look at it takes a while.</summary>
    private sealed class SteppingClock(TimeSpan step) : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks += step.Ticks;
    }
}

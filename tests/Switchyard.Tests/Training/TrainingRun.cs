using Switchyard.Modules.Schedules;
using Switchyard.Training;
using Switchyard.Training.Checkpoints;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Training;

/// <summary>What a training leaves behind, to be compared bit for bit; times are left out.</summary>
internal static class TrainingRun
{
    public static TrainingPlan Plan { get; } = new()
    {
        Steps = 6,
        LearningRate = new LearningRateSchedule { Peak = 0.02, WarmUpSteps = 2, MinimumRatio = 0.1 },
        EvaluateEvery = 2,
        CheckpointEvery = 1,
        KeepCheckpoints = 100,
        Seed = 11,
    };

    /// <summary>A new run folder.</summary>
    public static RunFolder Start(string path)
    {
        RunFolder run = RunFolder.At(path);
        run.Start("{}");
        return run;
    }

    /// <summary>Trains a fresh network in a run folder, from its newest checkpoint if it has one.</summary>
    public static TrainingResult Train(string path, TrainingPlan? plan = null, Action<CurveFitting>? change = null, TrainingObserver? observer = null, CancellationTokenSource? cancellation = null)
    {
        using CurveFitting task = new();
        change?.Invoke(task);
        RunFolder run = File.Exists(Path.Combine(path, "config.json")) ? RunFolder.Open(path) : Start(path);
        return new Trainer(task, plan ?? Plan, run, observer).Run(cancellation?.Token ?? TestContext.Current.CancellationToken);
    }

    /// <summary>The bytes of weights and moments at a step.</summary>
    public static byte[] Weights(string path, long step)
    {
        string checkpoint = Path.Combine(path, "checkpoints", $"step-{step:D8}");
        return [.. File.ReadAllBytes(Path.Combine(checkpoint, "model.safetensors")), .. File.ReadAllBytes(Path.Combine(checkpoint, "optimiser.safetensors"))];
    }

    /// <summary>The records of a run, without their times.</summary>
    public static string[] Records(string path)
        => [.. MetricsFile.Read(Path.Combine(path, "metrics.jsonl")).Select(record =>
            $"{record with { TokensPerSecond = 0, Layers = [] }} {string.Join(';', record.Layers.Select(layer => $"{layer.Layer} {string.Join(' ', layer.Load)} {layer.Entropy} {layer.MaxOverMean}"))}")];

    /// <summary>The state at a step, without its time.</summary>
    public static TrainingState State(string path, long step)
        => Checkpoint.Open(Path.Combine(path, "checkpoints", $"step-{step:D8}")).State with { ElapsedSeconds = 0 };

    public static void AssertSame(string expected, string actual, long step)
    {
        Assert.Equal(Weights(expected, step), Weights(actual, step));
        Assert.Equal(State(expected, step), State(actual, step));
        Assert.Equal(Records(expected), Records(actual));
    }
}

using Switchyard.Modules.Optimisers;
using Switchyard.Modules.Schedules;

namespace Switchyard.Training;

/// <summary>How long and how fast a model learns. Exactly one of <see cref="Steps"/>, <see cref="Tokens"/>, <see cref="Flops"/> and <see cref="Minutes"/> is given.</summary>
public sealed record TrainingPlan
{
    /// <summary>Training ends after so many optimiser steps.</summary>
    public long? Steps { get; init; }

    /// <summary>Training ends with the first step that completes so many tokens, or examples.</summary>
    public long? Tokens { get; init; }

    /// <summary>Training ends with the first step that completes so many floating-point operations; see <see cref="TrainingTask.FlopsPerToken"/>. The learning rate falls with them.</summary>
    public double? Flops { get; init; }

    /// <summary>
    /// Training ends with the first step that completes so many minutes, those before an interruption included.
    /// The learning rate then falls with the clock: such a run is not repeated bit for bit.
    /// </summary>
    public double? Minutes { get; init; }

    /// <summary>How many micro-batches make the gradient of a step. Each counts by its tokens, so that the mean is over all of them.</summary>
    public int MicroBatchesPerStep { get; init; } = 1;

    /// <summary>The learning rate.</summary>
    public required LearningRateSchedule LearningRate { get; init; }

    /// <summary>How much of the running mean of gradients is kept at a step.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>How much of the running mean of squared gradients is kept at a step.</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>Keeps AdamW's denominator from 0.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Which parameters decay, and how strongly.</summary>
    public WeightDecay WeightDecay { get; init; } = new(0.1);

    /// <summary>Gradients are shrunk to this global norm where it is larger; null for never.</summary>
    public double? ClipNorm { get; init; } = 1;

    /// <summary>Every how many steps the model is evaluated; null for only at the end, where it always is.</summary>
    public long? EvaluateEvery { get; init; }

    /// <summary>Every how many steps a checkpoint is written; null for only at the end, where one always is.</summary>
    public long? CheckpointEvery { get; init; }

    /// <summary>How many checkpoints are kept.</summary>
    public int KeepCheckpoints { get; init; } = 3;

    /// <summary>Every how many steps the metrics are recorded. Steps that are evaluated always are.</summary>
    public long RecordEvery { get; init; } = 1;

    /// <summary>Decides all randomness of the training.</summary>
    public ulong Seed { get; init; }

    /// <summary>The number of steps, or null where it shows only on the way: where operations or minutes decide.</summary>
    /// <param name="tokensPerMicroBatch">How many tokens a micro-batch has.</param>
    public long? TotalSteps(long tokensPerMicroBatch)
    {
        long tokensPerStep = checked(tokensPerMicroBatch * MicroBatchesPerStep);
        return Steps ?? (Tokens is { } tokens ? (tokens + tokensPerStep - 1) / tokensPerStep : null);
    }

    /// <summary>Checks that the plan can be carried out.</summary>
    /// <exception cref="ArgumentException">It cannot; the message says why.</exception>
    public void Check()
    {
        (double Value, string Unit)[] limits = [.. Limits()];
        if (limits.Length != 1) throw new ArgumentException($"{limits.Length} of steps, tokens, operations and minutes are given: give exactly one");
        if (limits[0] is var (value, unit) && !(value > 0)) throw new ArgumentException($"a training of {value} {unit}: give more than 0");
        AtLeastOne(MicroBatchesPerStep, "micro-batches per step");
        AtLeastOne(EvaluateEvery ?? 1, "steps between evaluations");
        AtLeastOne(CheckpointEvery ?? 1, "steps between checkpoints");
        AtLeastOne(KeepCheckpoints, "checkpoints to keep");
        AtLeastOne(RecordEvery, "steps between records");
        if (ClipNorm is { } limit && !(limit > 0)) throw new ArgumentException($"a gradient norm limit of {limit}: give more than 0, or null for none");
        if (!(LearningRate.Peak > 0 && double.IsFinite(LearningRate.Peak))) throw new ArgumentException($"a learning rate of {LearningRate.Peak}: give more than 0");
        if (!(WeightDecay.Rate >= 0 && double.IsFinite(WeightDecay.Rate))) throw new ArgumentException($"a weight decay of {WeightDecay.Rate}: give 0 or more");
        if (!(Beta1 is >= 0 and < 1 && Beta2 is >= 0 and < 1)) throw new ArgumentException($"running means that keep {Beta1} and {Beta2}: give 0 to below 1");
        if (LearningRate.WarmUpSteps < 0) throw new ArgumentException($"{LearningRate.WarmUpSteps} warm-up steps: give 0 or more");
        if (!(LearningRate.MinimumRatio is >= 0 and <= 1)) throw new ArgumentException($"a smallest learning rate of {LearningRate.MinimumRatio} of the peak: give 0 to 1");

        static void AtLeastOne(long value, string what)
        {
            if (value < 1) throw new ArgumentException($"{value} {what}: give 1 or more");
        }
    }

    private IEnumerable<(double Value, string Unit)> Limits()
    {
        if (Steps is { } steps) yield return (steps, "steps");
        if (Tokens is { } tokens) yield return (tokens, "tokens");
        if (Flops is { } flops) yield return (flops, "operations");
        if (Minutes is { } minutes) yield return (minutes, "minutes");
    }
}

using Switchyard.Modules.Optimisers;
using Switchyard.Modules.Schedules;
using Switchyard.Training;

namespace Switchyard.Language.Runs;

/// <summary>How long and how fast a language model learns. Exactly one of steps, tokens, operations and minutes is given.</summary>
public sealed record LearningOptions
{
    // What a run that is limited by operations or minutes is taken for when evaluations and checkpoints are spread.
    private const long UnknownSteps = 1000;

    /// <summary>Optimiser steps.</summary>
    public long? Steps { get; init; }

    /// <summary>Tokens to learn from, those seen again included.</summary>
    public long? Tokens { get; init; }

    /// <summary>Floating-point operations of training, forward and backward.</summary>
    public double? Flops { get; init; }

    /// <summary>Minutes of training; the result then depends on the machine.</summary>
    public double? Minutes { get; init; }

    /// <summary>Windows, or pairs of sentences, per micro-batch.</summary>
    public int Batch { get; init; } = 16;

    /// <summary>Micro-batches per optimiser step.</summary>
    public int MicroBatches { get; init; } = 1;

    /// <summary>The largest learning rate.</summary>
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>Steps over which the learning rate rises.</summary>
    public long WarmUpSteps { get; init; } = 100;

    /// <summary>How the learning rate falls after that.</summary>
    public Decay Decay { get; init; } = Decay.Cosine;

    /// <summary>The last learning rate, as a share of the largest.</summary>
    public double MinimumRatio { get; init; } = 0.05;

    /// <summary>Decay of matrices; norms do not decay.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>How much of the running mean of gradients AdamW keeps.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>How much of the running mean of squared gradients AdamW keeps.</summary>
    public double Beta2 { get; init; } = 0.98;

    /// <summary>Gradients are shrunk to this global norm; null for never.</summary>
    public double? ClipNorm { get; init; } = 1;

    /// <summary>How much of each target is shared among all tokens of the vocabulary.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Steps between evaluations on the held-out text.</summary>
    public long? EvaluateEvery { get; init; }

    /// <summary>Steps between checkpoints.</summary>
    public long? CheckpointEvery { get; init; }

    /// <summary>Checkpoints that are kept.</summary>
    public int KeepCheckpoints { get; init; } = 2;

    /// <summary>Decides the initial weights, the order of the windows and all noise.</summary>
    public ulong Seed { get; init; }

    /// <summary>Checks that a micro-batch can be made.</summary>
    /// <param name="tokens">Tokens that a window predicts.</param>
    /// <exception cref="ArgumentException">It cannot; the message says why.</exception>
    internal void CheckBatch(int tokens)
    {
        if (Batch < 1 || (long)Batch * tokens > int.MaxValue) throw new ArgumentException($"the batch is {Batch} windows of {tokens} tokens: give 1 window or more, and at most {int.MaxValue:N0} tokens");
        if (LabelSmoothing is not (>= 0 and < 1)) throw new ArgumentException($"the label smoothing is {LabelSmoothing}: give a share from 0 to below 1");
    }

    /// <summary>The trainer's plan. Evaluations and checkpoints that were not asked for are spread over the run.</summary>
    /// <param name="tokensPerStep">Tokens in a step.</param>
    /// <param name="heldOutTokens">Tokens that an evaluation predicts.</param>
    public TrainingPlan ToPlan(long tokensPerStep, long heldOutTokens)
    {
        long steps = Steps ?? (Tokens + tokensPerStep - 1) / tokensPerStep ?? UnknownSteps;
        // Predicting costs a third of learning: so many evaluations add about a twentieth to the time, a little more in a short run.
        long evaluations = Math.Clamp(steps * tokensPerStep * 3 / 20 / heldOutTokens, 5, 20);
        return new TrainingPlan
        {
            Steps = Steps,
            Tokens = Tokens,
            Flops = Flops,
            Minutes = Minutes,
            MicroBatchesPerStep = MicroBatches,
            LearningRate = new LearningRateSchedule { Peak = LearningRate, WarmUpSteps = WarmUpSteps, Decay = Decay, MinimumRatio = MinimumRatio },
            Beta1 = Beta1,
            Beta2 = Beta2,
            WeightDecay = new WeightDecay(WeightDecay),
            ClipNorm = ClipNorm,
            EvaluateEvery = EvaluateEvery ?? Math.Max(1, steps / evaluations),
            CheckpointEvery = CheckpointEvery ?? Math.Max(1, steps / 10),
            KeepCheckpoints = KeepCheckpoints,
            Seed = Seed,
        };
    }
}

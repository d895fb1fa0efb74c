using Switchyard.Training.Checkpoints;
using Switchyard.Training.Reports;

namespace Switchyard.Training;

/// <summary>Whom the trainer tells what it does, on the thread that trains.</summary>
public sealed record TrainingObserver
{
    /// <summary>A step was recorded.</summary>
    public Action<StepMetrics>? Recorded { get; init; }

    /// <summary>The model was evaluated after so many steps.</summary>
    public Action<long, Evaluation>? Evaluated { get; init; }

    /// <summary>A phase was entered after so many steps. Where this is wanted, the model is evaluated then too.</summary>
    public Action<PhaseEntry>? Entered { get; init; }

    /// <summary>Is told how far an evaluation has come.</summary>
    public IProgress<WorkProgress>? Working { get; init; }

    /// <summary>A checkpoint was written to that folder.</summary>
    public Action<string>? Saved { get; init; }

    /// <summary>Training goes on from that checkpoint, which came so far.</summary>
    public Action<string, TrainingState>? Resumed { get; init; }

    /// <summary>Something is not as it should be, and how it was helped: one line.</summary>
    public Action<string>? Warned { get; init; }
}

/// <summary>How a phase began.</summary>
/// <param name="Step">The steps done before.</param>
/// <param name="Phase">The phase.</param>
/// <param name="Before">The loss on held-out data with which the phase before ended; null where it was not measured in this process.</param>
/// <param name="After">The same of the model that the phase begins with; null where measuring it was interrupted.</param>
public sealed record PhaseEntry(long Step, TrainingPhase Phase, double? Before, double? After)
{
    /// <summary>Whether the two losses are the same but for rounding.</summary>
    public bool PreservesLoss => Math.Abs(After - Before ?? double.NaN) <= 1e-5 * Math.Abs(Before ?? 0);
}

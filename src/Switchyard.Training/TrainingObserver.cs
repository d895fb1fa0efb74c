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

    /// <summary>Is told how far an evaluation has come.</summary>
    public IProgress<WorkProgress>? Working { get; init; }

    /// <summary>A checkpoint was written to that folder.</summary>
    public Action<string>? Saved { get; init; }

    /// <summary>Training goes on from that checkpoint, which came so far.</summary>
    public Action<string, TrainingState>? Resumed { get; init; }

    /// <summary>Something is not as it should be, and how it was helped: one line.</summary>
    public Action<string>? Warned { get; init; }
}

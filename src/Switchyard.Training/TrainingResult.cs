using Switchyard.Training.Checkpoints;

namespace Switchyard.Training;

/// <summary>How a training ended.</summary>
/// <param name="IsInterrupted">Whether it was cancelled before its end; it can then be resumed.</param>
/// <param name="State">How far it came, as in its last checkpoint.</param>
/// <param name="Evaluation">The last evaluation, or null where none was made in this process.</param>
public sealed record TrainingResult(bool IsInterrupted, TrainingState State, Evaluation? Evaluation);

using Switchyard.Training;

namespace Switchyard.Cli;

/// <summary>Shows work that is part of a longer one, such as an evaluation inside a training, while it lasts.</summary>
internal sealed class WorkDisplay(Output output) : IProgress<WorkProgress>
{
    private string? _activity;
    private Progress? _progress;

    /// <inheritdoc/>
    public void Report(WorkProgress value)
    {
        if (_progress is null || value.Activity != _activity) (_activity, _progress) = (value.Activity, output.Progress(value.Activity, value.Unit, value.Total));
        _progress.Report(value.Done);
        if (value.Done < value.Total) return;
        // No closing line: what came of the work is said by the one who asked for it.
        _progress.Hide();
        _progress = null;
    }
}

using Switchyard.Training.Reports;

namespace Switchyard.Training;

/// <summary>A stretch of training with settings of its own; a task may change its model from one to the next. It lasts a step at least.</summary>
public record TrainingPhase
{
    /// <summary>What it is called, such as <c>sparsify</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The share of the training, from its beginning, at which the phase ends; null for the end.</summary>
    public double? Until { get; init; }

    /// <summary>The phase ends earlier where a token has no more than so many experts, on average over the mixture layers; null for never.</summary>
    public double? UntilActive { get; init; }

    /// <summary>Whether the phase ends with a step.</summary>
    /// <param name="progress">The share of the training that is done with that step.</param>
    /// <param name="layers">The routing of the step.</param>
    internal bool EndsWith(double progress, IReadOnlyList<LayerMetrics> layers)
        => progress >= Until || (layers.Count > 0 && layers.Average(static layer => layer.ActivePerToken) <= UntilActive);

    /// <summary>How far a phase has come, from 0 to 1 at <see cref="Until"/>.</summary>
    /// <param name="start">The share of the training at which it began.</param>
    /// <param name="progress">The share that is done.</param>
    internal double ProgressAt(double start, double progress) => Until <= start ? 1 : (progress - start) / ((Until ?? 1) - start);

    /// <summary>Checks that phases can follow one another.</summary>
    /// <exception cref="ArgumentException">They cannot; the message says why.</exception>
    public static void Check(IReadOnlyList<TrainingPhase> phases)
    {
        ArgumentNullException.ThrowIfNull(phases);
        double before = 0;
        for (int i = 0; i < phases.Count; i++)
        {
            (string name, double? until, double? active) = (phases[i].Name, phases[i].Until, phases[i].UntilActive);
            if (string.IsNullOrWhiteSpace(name)) throw new ArgumentException($"phase {i + 1} has no name: give it one");
            if (until is { } share && !(share > before && share <= 1)) throw new ArgumentException($"the phase '{name}' lasts until {share} of the training, and it begins at {before}: give a later share, of at most 1");
            if (until is null && active is null && i < phases.Count - 1) throw new ArgumentException($"the phase '{name}' never ends, and '{phases[i + 1].Name}' is to follow: say until what share of the training, or until how few active experts");
            if (active is { } few && !(few >= 1)) throw new ArgumentException($"the phase '{name}' lasts until a token has {few} experts: give 1 or more");
            before = until ?? before;
        }
    }
}

using Switchyard.Training.Reports;

namespace Switchyard.Training;

/// <summary>How well a model does on held-out data. A task may derive its own, with more figures.</summary>
/// <param name="Loss">The mean loss per token, or example; smaller is better.</param>
/// <param name="Tokens">How many tokens, or examples, it is over.</param>
/// <param name="Layers">The routing of each layer that has experts, in order of layer; empty where there is none.</param>
public record Evaluation(double Loss, long Tokens, IReadOnlyList<LayerMetrics> Layers)
{
    /// <summary>More figures under names of the task's own, for the record of the step; null for none.</summary>
    public IReadOnlyDictionary<string, double>? Figures { get; init; }
}

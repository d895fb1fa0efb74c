using Switchyard.Training;
using Switchyard.Training.Reports;

namespace Switchyard.Language.Runs;

/// <summary>An evaluation on held-out text, with the figures of its task.</summary>
/// <param name="Loss">Nats per token that was predicted.</param>
/// <param name="Tokens">How many these were.</param>
/// <param name="Layers">The routing of each mixture layer.</param>
public abstract record LanguageEvaluation(double Loss, long Tokens, IReadOnlyList<LayerMetrics> Layers) : Evaluation(Loss, Tokens, Layers)
{
    /// <summary>The figure that is followed while training, in words, such as <c>1.2345 nats per byte</c>.</summary>
    public abstract string Headline { get; }

    /// <summary>All figures in words.</summary>
    public abstract string Description { get; }

    /// <summary>All figures under the names of <c>--json</c>.</summary>
    public abstract IReadOnlyList<(string Name, double? Value)> Summary { get; }

    /// <summary>Share of all (token, expert) pairs that found no slot.</summary>
    public abstract double DroppedFraction { get; }
}

using Switchyard.Training.Reports;

namespace Switchyard.Language.Runs;

/// <summary>What the report of a run shows of its task, beside the curves. What is null or empty is left out.</summary>
public sealed record TaskReport
{
    /// <summary>What the loss is, in a sentence.</summary>
    public required string Loss { get; init; }

    /// <summary>What the model writes.</summary>
    public required IReadOnlyList<TextSample> Samples { get; init; }

    /// <summary>Texts with the expert that handled each token.</summary>
    public IReadOnlyList<RoutedText> RoutedTexts { get; init; } = [];

    /// <summary>Which experts handle which domain, per layer.</summary>
    public IReadOnlyList<DomainLoad> Domains { get; init; } = [];

    /// <summary>The mean number of bytes per token, where losses per byte mean something.</summary>
    public double? BytesPerToken { get; init; }

    /// <summary>The entropy of the source in nats per token, where it is known.</summary>
    public double? SourceEntropy { get; init; }
}

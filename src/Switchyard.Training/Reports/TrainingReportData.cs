namespace Switchyard.Training.Reports;

/// <summary>All that the report of a training run shows. What is null or empty is left out.</summary>
public sealed record TrainingReportData
{
    /// <summary>The title, such as the name of the text and the model.</summary>
    public required string Title { get; init; }

    /// <summary>A line under the title, or null.</summary>
    public string? Subtitle { get; init; }

    /// <summary>The exact command line.</summary>
    public required string CommandLine { get; init; }

    /// <summary>The run's records, in order of step.</summary>
    public required IReadOnlyList<StepMetrics> Metrics { get; init; }

    /// <summary>The configuration, names and values in reading order.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Configuration { get; init; }

    /// <summary>The time that the run took.</summary>
    public TimeSpan? Elapsed { get; init; }

    /// <summary>The number of parameters.</summary>
    public long? TotalParameters { get; init; }

    /// <summary>The number of parameters that one token uses.</summary>
    public long? ActiveParameters { get; init; }

    /// <summary>What the loss is, in a sentence.</summary>
    public string LossNote { get; init; } = "Cross-entropy of the next token: on each batch while training, and on text that was held out.";

    /// <summary>The mean number of bytes per token of the held-out text, from which losses per byte follow.</summary>
    public double? BytesPerToken { get; init; }

    /// <summary>The entropy of the source in nats per token, where it is known: no model can do better.</summary>
    public double? SourceEntropy { get; init; }

    /// <summary>Texts that the trained model wrote.</summary>
    public IReadOnlyList<TextSample> Samples { get; init; } = [];

    /// <summary>Texts with the expert that handled each token.</summary>
    public IReadOnlyList<RoutedText> RoutedTexts { get; init; } = [];

    /// <summary>Which experts handle which domain, per layer.</summary>
    public IReadOnlyList<DomainLoad> Domains { get; init; } = [];
}

/// <summary>A text with the expert that handled each token, layer by layer.</summary>
/// <param name="Name">What the text is.</param>
/// <param name="Tokens">The tokens as text.</param>
/// <param name="Layers">The choices of every layer that has experts.</param>
public sealed record RoutedText(string Name, IReadOnlyList<string> Tokens, IReadOnlyList<LayerChoices> Layers);

/// <summary>The expert that handled each token of a text in one layer.</summary>
/// <param name="Layer">The layer's number in the model, from 0.</param>
/// <param name="Experts">How many experts the layer has.</param>
/// <param name="Choices">The expert of the largest weight for each token, from 0; -1 where none saw it.</param>
public sealed record LayerChoices(int Layer, int Experts, IReadOnlyList<int> Choices);

/// <summary>How one layer's experts share the tokens of each domain.</summary>
/// <param name="Layer">The layer's number in the model, from 0.</param>
/// <param name="Domains">The names of the domains.</param>
/// <param name="Shares">The share of the domain's pairs that each expert got, [domains, experts].</param>
public sealed record DomainLoad(int Layer, IReadOnlyList<string> Domains, double[,] Shares);

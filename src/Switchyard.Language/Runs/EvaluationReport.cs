using System.Globalization;
using Switchyard.Experts;
using Switchyard.Training.Reports;

namespace Switchyard.Language.Runs;

/// <summary>An evaluation as a page: the figures, how every layer's experts share the tokens, and texts.</summary>
public sealed record EvaluationReport
{
    /// <summary>What was evaluated on what.</summary>
    public required string Title { get; init; }

    /// <summary>The model, in a line.</summary>
    public required string Subtitle { get; init; }

    /// <summary>What was typed.</summary>
    public required string CommandLine { get; init; }

    /// <summary>The figures.</summary>
    public required IReadOnlyList<HeadlineFigure> Figures { get; init; }

    /// <summary>The number of each layer with experts, and what its gate did.</summary>
    public required IReadOnlyList<(int Layer, RoutingStatistics Routing)> Layers { get; init; }

    /// <summary>A text with the expert that handled each token; null where none is shown.</summary>
    public RoutedText? Routed { get; init; }

    /// <summary>What the model wrote.</summary>
    public IReadOnlyList<TextSample> Samples { get; init; } = [];

    /// <summary>Composes the page.</summary>
    public ReportPage Compose()
    {
        List<ReportSection> sections = [new("Result", null, [new HeadlineFigures(Figures)])];
        if (Layers.Count > 0) sections.Add(Load());
        if (Routed is not null) sections.Add(TrainingReport.Routing(Routed));
        if (Samples.Count > 0) sections.Add(new("What it writes", "What was given is set in bold; the model wrote the rest.", Samples));
        return new() { Title = Title, Subtitle = Subtitle, CommandLine = CommandLine, Sections = sections };
    }

    private ReportSection Load()
    {
        int experts = Layers.Max(static layer => layer.Routing.Load.Count);
        double[,] shares = new double[Layers.Count, experts];
        for (int row = 0; row < Layers.Count; row++)
            for (int expert = 0; expert < experts; expert++)
                shares[row, expert] = expert < Layers[row].Routing.Load.Count ? (double)Layers[row].Routing.Load[expert] / Math.Max(1, Layers[row].Routing.Pairs) : double.NaN;
        return new("Expert load", "The share of each layer's tokens that every expert handled. The middle of the scale is an even share, the bright end twice that or more.",
        [
            new HeatMap
            {
                Title = "All layers",
                RowLabel = "layer",
                ColumnLabel = "expert",
                ValueLabel = "share of the tokens",
                Rows = [.. Layers.Select(static layer => $"{layer.Layer}")],
                Columns = [.. Enumerable.Range(0, experts).Select(static expert => $"{expert}")],
                Values = shares,
                Scale = (0, 2.0 / experts),
                Reference = (1.0 / experts, "even:"),
            },
            new Table
            {
                Header = ["layer", "busiest expert, times the mean", "load entropy, 1 = even", "entropy of a token, nats", "experts of a token", "dropped pairs"],
                Rows = [.. Layers.Select(static layer => (string[])
                [
                    $"{layer.Layer}", Text(layer.Routing.MaxOverMean), Text(layer.Routing.LoadEntropy), Text(layer.Routing.TokenEntropy), Text(layer.Routing.ActivePerToken), layer.Routing.DroppedFraction.ToString("p2", CultureInfo.InvariantCulture),
                ])],
            },
        ]);
    }

    private static string Text(double? value) => value?.ToString("0.000", CultureInfo.InvariantCulture) ?? "–";
}

using System.Globalization;
using System.Text;
using Switchyard.Experts;
using Switchyard.Training.Reports;

namespace Switchyard.Cli;

/// <summary>What the gates do while a model trains, in a few figures: for the line of progress, and for each evaluation.</summary>
/// <param name="before">The routing of the held-out text when it was last evaluated; null where it was not.</param>
internal sealed class RoutingView(IReadOnlyList<LayerMetrics>? before)
{
    private IReadOnlyList<LayerMetrics>? _before = before;

    /// <summary>The figures of a step, the loss first. Gates that always choose the same number of experts have no more to show.</summary>
    public static Figure[] Figures(StepMetrics metrics)
    {
        List<Figure> figures = [new("loss", metrics.TrainLoss)];
        if (Mean(metrics.Layers, static layer => layer.Temperature) is not { } temperature) return [.. figures];
        figures.Add(new("temperature", temperature));
        if (Mean(metrics.Layers, static layer => layer.ActivePerToken) is { } active) figures.Add(new("active", active));
        return [.. figures];
    }

    /// <summary>The routing of an evaluation in a few words, and what moved since the one before; empty for a dense model.</summary>
    public string Describe(IReadOnlyList<LayerMetrics> layers)
    {
        StringBuilder text = new();
        if (Mean(layers, static layer => layer.ActivePerToken) is { } active) text.Append(CultureInfo.InvariantCulture, $"; {active:0.##} experts per token");
        if (Mean(layers, static layer => layer.MaxOverMean) is { } largest) text.Append(CultureInfo.InvariantCulture, $", busiest {largest:0.00} times the mean");
        if (Moved(layers) is { } moved) text.Append(CultureInfo.InvariantCulture, $", {moved:p0} of tokens moved");
        if (Mean(layers, static layer => layer.ExpertDistance) is { } distance) text.Append(CultureInfo.InvariantCulture, $", experts {distance:0.000} apart");
        _before = layers;
        return text.ToString();
    }

    private double? Moved(IReadOnlyList<LayerMetrics> layers)
        => _before is null || _before.Count != layers.Count ? null
            : layers.Zip(_before, static (now, then) => now.MainExperts is { } a && then.MainExperts is { } b && a.Length == b.Length ? (double?)RoutingStatistics.Fluctuation(b, a) : null).Average();

    private static double? Mean(IReadOnlyList<LayerMetrics> layers, Func<LayerMetrics, double?> value) => layers.Average(value);
}

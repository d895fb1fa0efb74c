using Switchyard.Experts;

namespace Switchyard.Training.Reports;

/// <summary>The section of a training report that shows how a gate becomes sparse and how experts become different.</summary>
internal static class EvolutionSection
{
    /// <summary>The section; null where nothing of this was measured.</summary>
    /// <param name="metrics">The run's records.</param>
    /// <param name="layers">The layers that have experts.</param>
    public static ReportSection? Of(IReadOnlyList<StepMetrics> metrics, IReadOnlyList<int> layers)
    {
        StepMetrics[] evaluated = [.. metrics.Where(static record => record.ValidationLayers is not null)];
        (double, string)[] phases = [.. metrics.Where((record, index) => index > 0 && record.Phase != metrics[index - 1].Phase).Select(static record => ((double)record.Step, record.Phase ?? ""))];
        LineChart[] charts =
        [
            Chart("Experts of a token", "on average", metrics, static record => record.Layers, static layer => layer.ActivePerToken),
            Chart("Temperature", "of the gate", metrics, static record => record.Layers, static layer => layer.Temperature),
            Chart("Distance between experts", "1 − cosine of their weights", evaluated, static record => record.ValidationLayers, static layer => layer.ExpertDistance),
            Moved("Moved", "share of tokens, since the evaluation before", evaluated, layers, phases, static (all, at) => at == 0 ? null : RoutingStatistics.Fluctuation(all[at - 1], all[at])),
            Moved("Still to move", "share of tokens", evaluated, layers, phases, static (all, at) => StillToMove(all, at)),
        ];
        LineChart[] shown = [.. charts.Where(static chart => chart.Series.Any(static series => series.Points.Any(static point => double.IsFinite(point.Y))))];
        return shown.Length == 0 ? null : new("Evolution", "How many experts a token has, and under which temperature; how far experts have come from one another; how many of the first tokens of the held-out text went to another main expert than at the evaluation before, and how many will yet go to another one.", shown);

        LineChart Chart(string title, string unit, IReadOnlyList<StepMetrics> records, Func<StepMetrics, IReadOnlyList<LayerMetrics>?> of, Func<LayerMetrics, double?> value) => new()
        {
            Title = title,
            XLabel = "step",
            YLabel = unit,
            Width = FigureWidth.Third,
            FromZero = true,
            Marks = phases,
            Series = [.. layers.Select(layer => new LineSeries($"layer {layer}", [.. records.Select(record =>
                new ChartPoint(record.Step, of(record)?.FirstOrDefault(one => one.Layer == layer) is { } found ? value(found) ?? double.NaN : double.NaN))]))],
        };
    }

    private static LineChart Moved(string title, string unit, StepMetrics[] evaluated, IReadOnlyList<int> layers, IReadOnlyList<(double, string)> phases, Func<int[][], int, double?> share) => new()
    {
        Title = title,
        XLabel = "step",
        YLabel = unit,
        Width = FigureWidth.Third,
        FromZero = true,
        Marks = phases,
        Series = [.. layers.Select(layer =>
        {
            (long Step, int[] Experts)[] choices = [.. evaluated
                .Select(record => (record.Step, record.ValidationLayers!.FirstOrDefault(one => one.Layer == layer)?.MainExperts))
                .Where(static at => at.MainExperts is not null)
                .Select(static at => (at.Step, at.MainExperts!))];
            int[][] experts = [.. choices.Select(static at => at.Experts)];
            return new LineSeries($"layer {layer}", [.. choices.Select((at, index) => new ChartPoint(at.Step, share(experts, index) ?? double.NaN))]);
        })],
    };

    /// <summary>The share of tokens whose main expert is another one at some later evaluation (last fluctuation; StableMoE, arXiv 2204.08396, §2.2).</summary>
    private static double? StillToMove(int[][] all, int at)
        => Enumerable.Range(0, all[at].Length).Average(token => (double?)(all.Skip(at + 1).Any(later => later[token] != all[at][token]) ? 1 : 0));
}

using System.Globalization;
using Switchyard.Training.Reports;

namespace Switchyard.Language.Comparisons;

/// <summary>Composes the report of a comparison: what each recipe came to, which differences are sure, and the curves.</summary>
public static class ComparisonReport
{
    /// <summary>The report as a page.</summary>
    /// <param name="title">What was learnt.</param>
    /// <param name="commandLine">What was typed.</param>
    /// <param name="result">What came of it.</param>
    public static ReportPage Compose(string title, string commandLine, ComparisonResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new()
        {
            Title = title,
            Subtitle = $"{result.Recipes.Count} recipes, {result.Recipes[0].Seeds.Count} seeds: {string.Join(", ", result.Recipes[0].Seeds)}",
            CommandLine = commandLine,
            Sections =
            [
                new("Result", "Means over the seeds with 95 % intervals by Student's t. The height of the curve is the mean validation loss over the training.", [Recipes(result)]),
                new("Differences", "Of two runs with the same seed, the same data in the same order and the same initial weights outside experts and gates. A difference is sure where its interval leaves 0 out. Operations to reach: the share of the other's operations after which its last loss was reached.", [.. Intervals(result), Pairs(result)]),
                new("Curves", "The loss on the held-out data, the mean over the seeds: against steps, which flatters recipes that do more in a step, and against operations.",
                [
                    Chart("Against steps", "step", result, static point => point.Step, FigureWidth.Full),
                    Chart("Against operations", "floating-point operations", result, static point => point.Flops, FigureWidth.Full),
                ]),
                new("Routing", null, [.. Routing(result)]),
            ],
        };
    }

    private static Table Recipes(ComparisonResult result) => new()
    {
        Header = ["recipe", "validation loss", "height of the curve", "operations"],
        Rows = [.. result.Recipes.OrderBy(static recipe => recipe.ValidationLoss.Mean).Select(static recipe => (string[])[recipe.Recipe, Text(recipe.ValidationLoss), Text(recipe.Area), recipe.Flops.ToString("0.00e+0", CultureInfo.InvariantCulture)])],
    };

    private static IEnumerable<IntervalChart> Intervals(ComparisonResult result)
    {
        if (result.Pairs.Count == 0) yield break;
        yield return new()
        {
            Title = "Validation loss: mean and 95 % interval",
            XLabel = "difference; to the left of 0 the first of the two is better",
            Rows = [.. result.Pairs.Select(static pair =>
            {
                (double mean, double half) = (pair.ValidationLoss.Mean, pair.ValidationLoss.HalfWidth ?? 0);
                return new IntervalRow(NameOf(pair), mean - half, mean, mean + half);
            })],
        };
    }

    private static Table Pairs(ComparisonResult result) => new()
    {
        Header = ["difference", "validation loss", "height of the curve", "operations to reach", "sure"],
        Rows = [.. result.Pairs.Select(static pair => (string[])
        [
            NameOf(pair),
            Text(pair.ValidationLoss),
            Text(pair.Area),
            pair.FlopsToReach is { } share ? Text(share) : "not reached",
            pair.ValidationLoss.ExcludesZero ? pair.ValidationLoss.Mean < 0 ? "better" : "worse" : "–",
        ])],
    };

    private static LineChart Chart(string title, string xLabel, ComparisonResult result, Func<CurvePoint, double> x, FigureWidth width) => new()
    {
        Title = title,
        XLabel = xLabel,
        YLabel = "validation loss",
        Width = width,
        Series = [.. result.Recipes.Select(recipe => new LineSeries(recipe.Recipe, [.. recipe.OwnSteps.Select(step =>
        {
            CurvePoint[] points = [.. recipe.Curves.Select(curve => curve.Points.First(point => point.Step == step))];
            return new ChartPoint(points.Average(x), points.Average(static point => point.Loss));
        })]))],
    };

    private static IEnumerable<LineChart> Routing(ComparisonResult result)
    {
        yield return Layers("Experts of a token", "in training", static record => record.Layers, static layer => layer.ActivePerToken, result);
        yield return Layers("Largest load", "times the mean, held-out text", static record => record.ValidationLayers, static layer => layer.MaxOverMean, result);
        yield return Layers("Distance between experts", "1 − cosine", static record => record.ValidationLayers, static layer => layer.ExpertDistance, result);
    }

    private static LineChart Layers(string title, string unit, Func<StepMetrics, IReadOnlyList<LayerMetrics>?> layers, Func<LayerMetrics, double?> value, ComparisonResult result) => new()
    {
        Title = title,
        XLabel = "step",
        YLabel = unit,
        Width = FigureWidth.Third,
        Series = [.. result.Recipes.Select(recipe => new LineSeries(recipe.Recipe, [.. recipe.Curves[0].Metrics
            .Where(record => layers(record) is { Count: > 0 })
            .Select(record => new ChartPoint(record.Step, layers(record)!.Average(value) ?? double.NaN))]))],
    };

    private static string NameOf(PairedResult pair) => $"{pair.Recipe.Recipe} − {pair.Against.Recipe}";

    private static string Text(MeanInterval interval)
        => interval.HalfWidth is { } half ? string.Create(CultureInfo.InvariantCulture, $"{interval.Mean:0.0000} ± {half:0.0000}") : interval.Mean.ToString("0.0000", CultureInfo.InvariantCulture);
}

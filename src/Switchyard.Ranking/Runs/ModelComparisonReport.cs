using System.Globalization;
using Switchyard.Ranking.Metrics;
using Switchyard.Training.Reports;

namespace Switchyard.Ranking.Runs;

/// <summary>A comparison as a page: what every model gains for one task against what it gains for another, and all differences with their intervals.</summary>
public static class ModelComparisonReport
{
    /// <summary>Composes the page.</summary>
    /// <param name="comparison">The comparison, of one seed or more.</param>
    /// <param name="commandLine">What was typed.</param>
    public static ReportPage Compose(ModelComparison comparison, string commandLine)
    {
        ArgumentNullException.ThrowIfNull(comparison);
        Contender[] others = [.. comparison.Contenders.Skip(1)];
        string reference = comparison.Contenders[0].Name;
        List<ReportSection> sections = [];
        if (comparison.TaskFigures is [{ } first, { } second, ..]) sections.Add(Seesaw(comparison, reference, others, first, second));
        sections.Add(new("Differences", "To the first of each table, pair by pair; in brackets 95 % of resampled means.",
            [.. comparison.Names.SelectMany(figure => Differences(comparison, comparison.With(figure), figure))]));
        sections.Add(new("Models", null, [new Table { Rows = [.. comparison.Contenders.Select(one => (string[])[one.Name, comparison.DescriptionOf(one.Name)])] }]));
        return new ReportPage { Title = "Rankers compared", Subtitle = $"{comparison.Contenders.Count} models, {comparison.Of(reference, comparison.Names[0]).Length} seeds", CommandLine = commandLine, Sections = sections };
    }

    /// <summary>Where one task gains at the cost of the other, a point lies up and left, or down and right (Tang et al., RecSys 2020, figure 1).</summary>
    private static ReportSection Seesaw(ModelComparison comparison, string reference, Contender[] others, string first, string second)
    {
        return new("Seesaw", $"What each model gains over {reference} for two tasks, seed by seed; up and right is better.",
        [
            new ScatterChart
            {
                Title = "Gains",
                XLabel = first,
                YLabel = second,
                CategoryLabel = "model",
                Categories = [.. others.Select(static other => other.Name)],
                Points = [.. others.SelectMany((other, model) => Gains(other, first).Zip(Gains(other, second), (x, y) => new ScatterPoint(x, y, model)))],
            },
        ]);

        IEnumerable<double> Gains(Contender other, string figure)
            => comparison.Of(other.Name, figure).Zip(comparison.Of(reference, figure), (own, before) => ModelComparison.IsBetterWhenSmaller(figure) ? before - own : own - before);
    }

    private static IReportPart[] Differences(ModelComparison comparison, Contender[] contenders, string figure)
    {
        double[] reference = comparison.Of(contenders[0].Name, figure);
        (string Name, double Mean, PairedDifference Difference)[] others =
            [.. contenders.Skip(1).Select(other => (other.Name, Own: comparison.Of(other.Name, figure))).Select(other => (other.Name, other.Own.Average(), PairedDifference.Of(other.Own, reference)))];
        return
        [
            new IntervalChart
            {
                Title = figure,
                XLabel = $"difference to {contenders[0].Name}",
                Rows = [.. others.Select(static other => new IntervalRow(other.Name, other.Difference.Low, other.Difference.Mean, other.Difference.High))],
            },
            new Table
            {
                Header = [figure, "mean", "difference", "95 %", "larger in", "sign test"],
                Rows =
                [
                    (string[])[contenders[0].Name, Text(reference.Average()), "", "", "", ""],
                    .. others.Select(static other => (string[])
                    [
                        other.Name, Text(other.Mean), Signed(other.Difference.Mean), $"[{Signed(other.Difference.Low)}, {Signed(other.Difference.High)}]",
                        string.Create(CultureInfo.InvariantCulture, $"{other.Difference.Wins} of {other.Difference.Pairs}"), other.Difference.SignTest.ToString("f3", CultureInfo.InvariantCulture),
                    ]),
                ],
            },
        ];
    }

    private static string Text(double value) => value.ToString("f4", CultureInfo.InvariantCulture);

    private static string Signed(double value) => value.ToString("+0.0000;-0.0000", CultureInfo.InvariantCulture);
}

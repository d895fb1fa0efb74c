using System.Globalization;
using Switchyard.Files;
using Switchyard.Ranking.Features;
using Switchyard.Ranking.Metrics;
using Switchyard.Training.Reports;

namespace Switchyard.Ranking.Runs;

/// <summary>Writes the report of a ranking run: curves, figures, gates, bias, and what the heads can bring together.</summary>
public static class RankingReport
{
    /// <summary>Writes <c>report.html</c> into the run folder.</summary>
    /// <param name="training">The run.</param>
    /// <param name="evaluation">The figures of the test part.</param>
    /// <param name="gain">What de-biasing gained; null where the truth is not known.</param>
    /// <param name="front">What the heads can bring together; see <see cref="ParetoFront"/>.</param>
    /// <param name="commandLine">What was typed.</param>
    public static void Write(RankingTraining training, RankingEvaluation evaluation, DebiasingGain? gain, IReadOnlyList<ParetoPoint> front, string commandLine)
    {
        ArgumentNullException.ThrowIfNull(training);
        ArgumentNullException.ThrowIfNull(evaluation);
        ArgumentNullException.ThrowIfNull(front);
        FeatureSchema schema = training.Data.Schema;
        IReadOnlyList<StepMetrics> metrics = MetricsFile.Read(training.Folder.MetricsPath);
        List<ReportSection> sections = [Result(evaluation, gain, "On the test part"), Curves(metrics), Calibration(evaluation)];
        if (evaluation.Gates.Count > 0) sections.Add(Gates(evaluation.Gates));
        if (training.Model.LogBias() is { } learnt) sections.Add(Position(learnt, training.Data.TrueLogBias, schema.Position!));
        if (front.Count > 0) sections.Add(Front(front, schema));
        ReportPage page = new()
        {
            Title = training.Options.Data is { } path ? $"Ranking {Path.GetFileName(path)}" : "Ranking a simulated world",
            Subtitle = training.Task.ModelDescription,
            CommandLine = commandLine,
            Sections = sections,
        };
        AtomicFile.WriteText(training.Folder.ReportPath, page.Render());
    }

    /// <summary>The report of an evaluation on a log of its own.</summary>
    /// <param name="title">Names the log.</param>
    /// <param name="evaluation">The figures.</param>
    /// <param name="commandLine">What was typed.</param>
    public static ReportPage Compose(string title, RankingEvaluation evaluation, string commandLine)
    {
        ArgumentNullException.ThrowIfNull(evaluation);
        List<ReportSection> sections = [Result(evaluation, null, "All of the log"), Calibration(evaluation)];
        if (evaluation.Gates.Count > 0) sections.Add(Gates(evaluation.Gates));
        return new ReportPage { Title = title, Subtitle = $"{evaluation.Examples.ToString("N0", CultureInfo.InvariantCulture)} examples", CommandLine = commandLine, Sections = sections };
    }

    private static ReportSection Result(RankingEvaluation evaluation, DebiasingGain? gain, string part)
    {
        List<HeadlineFigure> figures = [.. evaluation.Tasks.Select(static task => task.Task.Kind == TaskKind.Binary
            ? new HeadlineFigure(task.Task.Name, Text(task.Auc), "AUC")
            : new HeadlineFigure(task.Task.Name, Text(task.Rmse), "RMSE"))];
        if (gain is not null)
        {
            figures.Add(new("Against the truth", Text(gain.Debiased), $"AUC; naive {Text(gain.Naive)}, oracle {Text(gain.Oracle)}"));
            if (gain.Recovery is { } recovery) figures.Add(new("Learnt bias", Text(recovery.Correlation), "correlation with the true one"));
        }
        return new("Result", $"{part}, with calibrated heads.",
        [
            new HeadlineFigures(figures),
            new Table
            {
                Header = ["task", "examples", "AUC", "GAUC", "NDCG@10", "log-loss", "calibration error", "RMSE", "MAE"],
                Rows = [.. evaluation.Tasks.Select(static task => (string[])
                [
                    task.Task.Name, task.Examples.ToString(CultureInfo.InvariantCulture), Text(task.Auc), Text(task.Gauc), Text(task.Ndcg), Text(task.LogLoss), Text(task.CalibrationError), Text(task.Rmse), Text(task.Mae),
                ])],
            },
        ]);
    }

    private static ReportSection Curves(IReadOnlyList<StepMetrics> metrics)
    {
        List<IReportPart> charts = [new LineChart { Title = "Loss while training", XLabel = "step", YLabel = "weighted sum of the tasks", Series = [new("training", [.. metrics.Select(static record => new ChartPoint(record.Step, record.TrainLoss))])] }];
        StepMetrics[] evaluated = [.. metrics.Where(static record => record.Figures is not null)];
        foreach (IGrouping<string, string> kind in evaluated.SelectMany(static record => record.Figures!.Keys).Distinct().GroupBy(static name => name[(name.LastIndexOf('.') + 1)..]))
        {
            charts.Add(new LineChart
            {
                Title = kind.Key.Replace('_', '-').ToUpperInvariant() is "AUC" or "RMSE" ? kind.Key.ToUpperInvariant() : "Log-loss",
                XLabel = "step",
                YLabel = "validation part",
                Width = FigureWidth.Third,
                Series = [.. kind.Select(name => new LineSeries(name[..name.LastIndexOf('.')], [.. evaluated.Select(record => new ChartPoint(record.Step, record.Figures!.GetValueOrDefault(name, double.NaN)))]))],
            });
        }
        return new("Learning", null, charts);
    }

    private static ReportSection Calibration(RankingEvaluation evaluation) => new(
        "Calibration",
        "Of the examples with a probability, the share that came true, where the diagonal is right.",
        [
            .. evaluation.Tasks.Where(static task => task.Reliability is not null).Select(static task => new LineChart
            {
                Title = task.Task.Name,
                XLabel = "probability",
                YLabel = "share that came true",
                Width = FigureWidth.Third,
                FromZero = true,
                Series =
                [
                    new("right", [new(0, 0), new(1, 1)]) { Weight = LineWeight.Thin },
                    new(task.Task.Name, [.. task.Reliability!.Bins.Where(static bin => bin.Count > 0).Select(static bin => new ChartPoint(bin.MeanScore, bin.SharePositive))]) { Weight = LineWeight.Bold },
                ],
            }),
        ]);

    private static ReportSection Gates(IReadOnlyList<GateReport> gates)
    {
        List<IReportPart> parts = [];
        // Gates over different numbers of experts make pictures of their own.
        foreach (IGrouping<int, GateReport> alike in gates.GroupBy(static gate => gate.Mean.Count))
        {
            GateReport[] own = [.. alike];
            (double[,] means, double[,] cosines) = (new double[own.Length, alike.Key], new double[own.Length, own.Length]);
            for (int i = 0; i < own.Length; i++)
            {
                for (int expert = 0; expert < alike.Key; expert++) means[i, expert] = own[i].Mean[expert];
                for (int j = 0; j < own.Length; j++) cosines[i, j] = own[i].Similarity(own[j]);
            }
            string[] names = [.. own.Select(static gate => gate.Name)];
            parts.Add(new HeatMap { Title = "Mean weight", RowLabel = "gate", ColumnLabel = "expert", ValueLabel = "weight", Rows = names, Columns = [.. Enumerable.Range(0, alike.Key).Select(static expert => $"{expert}")], Values = means, Scale = (0, Math.Min(1, 3.0 / alike.Key)), Reference = (1.0 / alike.Key, "even:") });
            parts.Add(new HeatMap { Title = "Similarity", RowLabel = "gate", ColumnLabel = "gate", ValueLabel = "cosine", Rows = names, Columns = names, Values = cosines, Scale = (0, 1) });
        }
        parts.Add(new Table
        {
            Header = ["gate", "entropy, nats", "polarised examples"],
            Rows = [.. gates.Select(static gate => (string[])[gate.Name, Text(gate.MeanEntropy), string.Create(CultureInfo.InvariantCulture, $"{100 * gate.PolarisedShare:f1} %")])],
        });
        return new("Gates", "How each task mixes the experts. A polarised example has more than 0.95 of its weight on one expert.", parts);
    }

    private static ReportSection Position(double[,] learnt, double[,]? truth, PositionColumns place)
    {
        List<LineSeries> series = [];
        for (int device = 0; device < learnt.GetLength(1); device++)
        {
            string name = place.Devices.Count > device ? place.Devices[device] : "all";
            series.Add(new($"learnt, {name}", Column(learnt, device)) { Weight = LineWeight.Bold });
            if (truth is not null) series.Add(new($"true, {name}", Column(truth, device)) { Weight = LineWeight.Thin });
        }
        return new("Position bias", "What the position adds to a click in logarithms, less that of the first position.",
            [new LineChart { Title = "By position", XLabel = "position", YLabel = "log bias", Series = series }]);

        static ChartPoint[] Column(double[,] bias, int device) => [.. Enumerable.Range(0, bias.GetLength(0)).Select(position => new ChartPoint(position + 1, bias[position, device] - bias[0, device]))];
    }

    private static ReportSection Front(IReadOnlyList<ParetoPoint> front, FeatureSchema schema)
    {
        string[] heads = [.. schema.Tasks.Where(static task => task.Kind == TaskKind.Binary).Take(2).Select(static task => task.Name)];
        return new("Two goals", $"What ranking by a mixture of {heads[0]} and {heads[1]} brings to both: each point is a weight, from only the one to only the other.",
        [
            new ScatterChart
            {
                Title = "NDCG@10 of both labels",
                XLabel = heads[0],
                YLabel = heads[1],
                CategoryLabel = "combination",
                Categories = [.. ScoreCombination.Weighted],
                Points = [.. front.Select(static point => new ScatterPoint(point.First, point.Second, point.Combination == ScoreCombination.SumName ? 0 : 1))],
            },
        ]);
    }

    private static string Text(double value) => double.IsNaN(value) ? "–" : value.ToString("0.0000", CultureInfo.InvariantCulture);
}

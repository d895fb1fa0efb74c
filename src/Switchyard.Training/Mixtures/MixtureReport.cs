using Switchyard.Experts.Classic;
using Switchyard.Files;
using Switchyard.Training.Reports;

namespace Switchyard.Training.Mixtures;

/// <summary>The report of a fitted mixture: what each expert owns, how it shares the rows with the others, how the fit went.</summary>
public static class MixtureReport
{
    private const int Shown = 200;

    /// <summary>Writes <c>report.html</c> into the run folder.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="run">The fitted mixture.</param>
    /// <param name="data">The rows that it was fitted to, and those held out.</param>
    /// <param name="fit">The course of the fit.</param>
    /// <param name="commandLine">What was typed.</param>
    public static void Write(RunFolder folder, MixtureRun run, MixtureData data, MixtureFit fit, string commandLine)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(fit);
        MixtureRunOptions options = run.Config.Run;
        MixturePredictions fitted = run.Predict(data.Fitted);
        MixturePredictions? heldOut = data.HeldOut.Count > 0 ? run.Predict(data.HeldOut) : null;
        string levels = options.Levels == 2 ? $" in {run.Config.Model.Groups} groups" : "";
        ReportPage page = new()
        {
            Title = $"{options.Target} of {Path.GetFileName(options.Data)}",
            Subtitle = $"A mixture of {run.Config.Model.Experts} {options.Expert.ToString().ToLowerInvariant()} experts{levels} over {string.Join(", ", run.Config.Features.Select(Describe))}",
            CommandLine = commandLine,
            Sections =
            [
                new("Result", null, [new HeadlineFigures(Headline(run, data, fit, fitted, heldOut))]),
                Regions(run, data.Fitted, fitted),
                Shares(run, data.Fitted, fitted),
                new("Convergence", "The log-likelihood of the fitted rows after each iteration. Less the ridge it is what a fit raises: EM never lowers that, gradient descent may.",
                [
                    new LineChart
                    {
                        Title = "Log-likelihood",
                        XLabel = "iteration",
                        YLabel = "nats, all fitted rows",
                        Series = [Course("Log-likelihood", fit, static point => point.LogLikelihood), Course("Less the ridge", fit, static point => point.Penalised)],
                    },
                ]),
            ],
        };
        AtomicFile.WriteText(folder.ReportPath, page.Render());
    }

    private static LineSeries Course(string name, MixtureFit fit, Func<FitPoint, double> value) => new(name, [.. fit.Trace.Select((point, i) => new ChartPoint(i, value(point))).Skip(1)]);

    private static List<HeadlineFigure> Headline(MixtureRun run, MixtureData data, MixtureFit fit, MixturePredictions fitted, MixturePredictions? heldOut)
    {
        string Score(MixturePredictions predictions) => run.Config.Classes is null ? NumberText.Short(predictions.Score!.Value) : NumberText.Percent(predictions.Score!.Value);
        string scored = run.Config.Classes is null ? "mean squared error" : "of the classes right";
        List<HeadlineFigure> figures = [];
        if (heldOut is not null)
        {
            figures.Add(new("Held out", Score(heldOut), $"{scored}, {data.HeldOut.Count} rows"));
            figures.Add(new("Held-out log-likelihood", NumberText.Short(heldOut.LogLikelihood!.Value / data.HeldOut.Count), "nats per row"));
        }
        figures.Add(new("Fitted", Score(fitted), $"{scored}, {data.Fitted.Count} rows"));
        figures.Add(new("Iterations", NumberText.Short(fit.Iterations), fit.Converged ? "then nothing more was gained" : "all that were allowed"));
        figures.Add(new("Collapsed experts", fit.Collapsed.Count == 0 ? "none" : string.Join(", ", fit.Collapsed), fit.Collapsed.Count == 0 ? "every expert has rows" : "own next to no row"));
        return figures;
    }

    private static ReportSection Regions(MixtureRun run, MixtureRows rows, MixturePredictions predictions)
    {
        if (run.Config.Features.Count == 1) return Line(run, rows, predictions);
        (int x, int y) = MostDecisive(run);
        int[] owners = [.. predictions.Responsibilities!.Select(row => Array.IndexOf(row, row.Max()))];
        (double Low, double High) xs = Range(rows, x), ys = Range(rows, y);
        const int Columns = 160, GridRows = 90;
        double[] middle = [.. Enumerable.Range(0, run.Config.Features.Count).Select(i => Middle(rows, i))];
        MixtureRows grid = new([.. Enumerable.Range(0, Columns * GridRows).Select(cell =>
        {
            double[] values = [.. middle];
            values[x] = Between(xs, (cell % Columns + 0.5) / Columns);
            values[y] = Between(ys, (cell / Columns + 0.5) / GridRows);
            return values;
        })], null, null);
        double[][] gate = run.Predict(grid).Gate;
        (int[,] owner, double[,] share) = (new int[GridRows, Columns], new double[GridRows, Columns]);
        for (int cell = 0; cell < gate.Length; cell++)
        {
            double most = gate[cell].Max();
            (owner[cell / Columns, cell % Columns], share[cell / Columns, cell % Columns]) = (Array.IndexOf(gate[cell], most), most);
        }
        bool isSlice = run.Config.Features.Count > 2;
        bool areLetters = run.Config.Classes is { } classes && classes.All(label => label.Length <= 3);
        string others = isSlice ? " The other features stand at their medians: this is a slice, and points far from it may lie in other regions." : "";
        return new(
            "Regions",
            $"The colour behind is the expert with the largest gate probability, the paler the less sure; every fitted row has the colour of the expert that is most responsible for it.{others}",
            [
                new ScatterChart
                {
                    Title = isSlice ? "The two features that decide most" : "What each expert owns",
                    XLabel = run.Config.Features[x].Name,
                    YLabel = run.Config.Features[y].Name,
                    CategoryLabel = "expert",
                    Categories = Experts(run),
                    Points = [.. rows.Values.Select((row, n) => new ScatterPoint(row[x], row[y], owners[n], areLetters ? rows.Labels![n] : null))],
                    Regions = new(xs, ys, owner, share),
                },
            ]);
    }

    private static ReportSection Line(MixtureRun run, MixtureRows rows, MixturePredictions predictions)
    {
        (double Low, double High) range = Range(rows, 0);
        double[] xs = [.. Enumerable.Range(0, Shown + 1).Select(i => Between(range, i / (double)Shown))];
        MixtureRows grid = new([.. xs.Select(x => (double[])[x])], null, null);
        MixturePredictions along = run.Predict(grid);
        string name = run.Config.Features[0].Name;
        LineSeries Series(string title, Func<int, double> value) => new(title, [.. xs.Select((x, i) => new ChartPoint(x, value(i)))]);
        List<IReportPart> parts = [];
        if (run.Config.Classes is { } classes)
        {
            parts.Add(new LineChart { Title = "Classes", XLabel = name, YLabel = "probability", Series = [.. classes.Select((label, k) => Series(label, i => along.Outputs[i][k]))] });
        }
        else
        {
            double[][][] alone = run.PredictByExpert(grid);
            parts.Add(new ScatterChart
            {
                Title = "Data and experts",
                XLabel = name,
                YLabel = run.Config.Run.Target,
                CategoryLabel = "expert",
                Categories = Experts(run),
                Points = [.. rows.Values.Select((row, n) => new ScatterPoint(row[0], rows.Numbers![n], Array.IndexOf(predictions.Responsibilities![n], predictions.Responsibilities[n].Max())))],
                Lines = [.. Enumerable.Range(0, run.Config.Model.Experts).Select(expert => Series($"expert {expert}", i => alone[i][expert][0])), Series("the mixture", i => along.Outputs[i][0])],
            });
        }
        parts.Add(new LineChart { Title = "Gate", XLabel = name, YLabel = "probability of each expert", FromZero = true, Series = [.. Enumerable.Range(0, run.Config.Model.Experts).Select(expert => Series($"expert {expert}", i => along.Gate[i][expert]))] });
        return new("Regions", "Every row has the colour of the expert that is most responsible for it; the dotted line is what the mixture predicts. Below, how the gate shares the axis.", parts);
    }

    private static ReportSection Shares(MixtureRun run, MixtureRows rows, MixturePredictions predictions)
    {
        (string Name, int[] Rows)[] kinds = run.Config.Classes is { } classes
            ? [.. classes.Select(label => (label, Enumerable.Range(0, rows.Count).Where(n => rows.Labels![n] == label).ToArray()))]
            : Fifths(rows.Numbers!);
        int experts = run.Config.Model.Experts;
        double[,] shares = new double[kinds.Length, experts];
        for (int kind = 0; kind < kinds.Length; kind++)
            foreach (int n in kinds[kind].Rows)
                for (int expert = 0; expert < experts; expert++) shares[kind, expert] += predictions.Responsibilities![n][expert];
        double[][][] alone = run.PredictByExpert(rows);
        string score = run.Config.Classes is null ? "squared error alone" : "right alone";
        return new(
            "Responsibilities",
            "How the experts share the fitted rows once the target is known. The scores are each expert's own, on the rows that it is responsible for.",
            [
                new StackedBars { Title = $"By {run.Config.Run.Target}", CategoryLabel = "expert", Categories = Experts(run), Rows = [.. kinds.Select(kind => kind.Name)], Values = shares, Width = FigureWidth.Full },
                new Table { Header = ["expert", "rows", "share", score], Rows = [.. Enumerable.Range(0, experts).Select(Row)] },
            ]);

        string[] Row(int expert)
        {
            double total = 0, sum = 0;
            for (int n = 0; n < rows.Count; n++)
            {
                double h = predictions.Responsibilities![n][expert];
                total += h;
                sum += h * (rows.Numbers is { } numbers ? Math.Pow(alone[n][expert][0] - numbers[n], 2) : run.Class(alone[n][expert]) == rows.Labels![n] ? 1 : 0);
            }
            string own = total < MixtureFit.CollapsedShare * rows.Count ? "–" : run.Config.Classes is null ? NumberText.Short(sum / total) : NumberText.Percent(sum / total);
            return [$"{expert}", NumberText.Short(Math.Round(total, 1)), NumberText.Percent(total / rows.Count), own];
        }
    }

    private static (string Name, int[] Rows)[] Fifths(double[] numbers)
    {
        int[] order = [.. Enumerable.Range(0, numbers.Length).OrderBy(n => numbers[n])];
        return [.. order.Chunk(Math.Max(1, (order.Length + 4) / 5)).Select(part => ($"{NumberText.Short(numbers[part[0]])} to {NumberText.Short(numbers[part[^1]])}", part))];
    }

    /// <summary>The two features by which the rows of the top gate differ most, in the order of the table.</summary>
    private static (int X, int Y) MostDecisive(MixtureRun run)
    {
        int columns = run.Mixture.TopGate.Shape[1], gates = run.Mixture.TopGate.Shape[0];
        double[] weights = run.Mixture.TopGate.ToArray<double>();
        double Spread(int feature)
        {
            double[] own = [.. Enumerable.Range(0, gates).Select(gate => weights[gate * columns + 1 + feature])];
            double mean = own.Average();
            return own.Sum(weight => (weight - mean) * (weight - mean));
        }
        int[] most = [.. Enumerable.Range(0, columns - 1).OrderByDescending(Spread).Take(2).Order()];
        return (most[0], most[1]);
    }

    private static string Describe(FeatureScale feature) => feature.Logarithm ? $"ln {feature.Name}" : feature.Name;

    private static string[] Experts(MixtureRun run) => [.. Enumerable.Range(0, run.Config.Model.Experts).Select(expert => $"{expert}")];

    private static double Between((double Low, double High) range, double share) => range.Low + (range.High - range.Low) * share;

    private static double Middle(MixtureRows rows, int feature)
    {
        double[] sorted = [.. rows.Values.Select(row => row[feature]).Order()];
        return sorted[sorted.Length / 2];
    }

    private static (double Low, double High) Range(MixtureRows rows, int feature)
    {
        double low = rows.Values.Min(row => row[feature]), high = rows.Values.Max(row => row[feature]);
        return low < high ? (low, high) : (low - 0.5, high + 0.5);
    }
}

namespace Switchyard.Training.Reports;

/// <summary>Composes the report of a training run.</summary>
public static class TrainingReport
{
    /// <summary>The file's name in a run's folder.</summary>
    public const string FileName = "report.html";

    /// <summary>The report as a page, ready to be rendered.</summary>
    public static ReportPage Compose(TrainingReportData data)
    {
        List<ReportSection> sections = [new("Result", null, [Headline(data)])];
        if (data.Metrics.Count > 0)
        {
            sections.Add(Learning(data));
            sections.Add(Progress(data.Metrics));
        }

        int[] layers = [.. data.Metrics.SelectMany(record => record.Layers).Select(layer => layer.Layer).Distinct().Order()];
        if (layers.Length > 0) sections.AddRange(Load(data.Metrics, layers), Balance(data.Metrics, layers));
        if (data.Metrics.Any(static record => record.Ranks is not null)) sections.Add(Ranks(data.Metrics));
        if (EvolutionSection.Of(data.Metrics, layers) is { } evolution) sections.Add(evolution);
        if (data.Domains.Count > 0) sections.Add(Domains(data.Domains));
        foreach (RoutedText text in data.RoutedTexts) sections.Add(Routing(text));
        if (data.Samples.Count > 0) sections.Add(new("What it writes", "The prompt is set in bold; the model wrote the rest.", data.Samples));
        sections.Add(new("Configuration", null, [new Table { Rows = [.. data.Configuration.Select(entry => (string[])[entry.Key, entry.Value])] }]));
        return new()
        {
            Title = data.Title,
            Subtitle = data.Subtitle,
            CommandLine = data.CommandLine,
            Sections = sections,
        };
    }

    private static HeadlineFigures Headline(TrainingReportData data)
    {
        List<HeadlineFigure> figures = [];
        StepMetrics? evaluated = data.Metrics.LastOrDefault(record => record.ValidationLoss is not null);
        if (evaluated?.ValidationLoss is { } validation)
        {
            figures.Add(new("Validation loss", NumberText.Short(validation), "nats per token"));
            if (data.BytesPerToken is { } bytes) figures.Add(new("Per byte", NumberText.Short(validation / bytes), "nats, held-out text"));
            figures.Add(new("Perplexity", NumberText.Short(Math.Exp(validation)), "per token, held-out text"));
        }

        if (data.Metrics.Count > 0)
        {
            StepMetrics last = data.Metrics[^1];
            figures.Add(new("Training loss", NumberText.Short(last.TrainLoss), "last batch, nats per token"));
            figures.Add(new("Tokens", NumberText.Compact(last.Tokens), $"in {NumberText.Short(last.Step)} steps"));
        }

        if (data.Elapsed is { } elapsed) figures.Add(new("Time", NumberText.Duration(elapsed)));
        if (data.Metrics.Count > 0)
        {
            double[] rates = [.. data.Metrics.Select(record => record.TokensPerSecond).Order()];
            figures.Add(new("Throughput", NumberText.Compact(rates[rates.Length / 2]), "tokens per second, median"));
        }

        if (data.TotalParameters is { } total) figures.Add(new("Parameters", NumberText.Compact(total)));
        if (data.ActiveParameters is { } active) figures.Add(new("Active", NumberText.Compact(active), "parameters per token"));
        return new(figures);
    }

    private static ReportSection Learning(TrainingReportData data)
    {
        long half = data.Metrics[^1].Step / 2;
        List<IReportPart> charts =
        [
            LossChart("The whole run", data, 0, FigureWidth.Full),
            LossChart("The second half", data, half, FigureWidth.Half),
        ];
        List<ChartPoint> gap = Gap(data.Metrics.Where(record => record.Step >= half));
        if (gap.Count > 1)
        {
            charts.Add(new LineChart
            {
                Title = "Overfitting in the second half",
                XLabel = "step",
                YLabel = "nats per token",
                Width = FigureWidth.Half,
                Series = [new("validation less training", gap)],
            });
        }

        return new("Loss", data.LossNote, charts);
    }

    private static LineChart LossChart(string title, TrainingReportData data, long from, FigureWidth width)
    {
        StepMetrics[] shown = [.. data.Metrics.Where(record => record.Step >= from)];
        LineSeries train = Series("training", shown, record => record.TrainLoss) with { Weight = LineWeight.Thin };
        IEnumerable<StepMetrics> evaluated = shown.Where(record => record.ValidationLoss is not null);
        LineSeries validation = Series("validation", evaluated, record => record.ValidationLoss!.Value) with { Weight = LineWeight.Bold };
        return new()
        {
            Title = title,
            XLabel = "step",
            YLabel = "nats per token",
            Series = validation.Points.Count > 0 ? [train, validation] : [train],
            Reference = data.SourceEntropy is { } entropy ? (entropy, "entropy of the source") : null,
            Width = width,
        };
    }

    // The validation loss less the mean loss of the batches since the evaluation before: rises when the model overfits.
    private static List<ChartPoint> Gap(IEnumerable<StepMetrics> metrics)
    {
        List<ChartPoint> points = [];
        double sum = 0;
        int batches = 0;
        foreach (StepMetrics record in metrics)
        {
            if (double.IsFinite(record.TrainLoss))
            {
                sum += record.TrainLoss;
                batches++;
            }

            if (record.ValidationLoss is not { } validation) continue;
            points.Add(new(record.Step, batches == 0 ? double.NaN : validation - sum / batches));
            (sum, batches) = (0, 0);
        }

        return points;
    }

    private static ReportSection Progress(IReadOnlyList<StepMetrics> metrics)
    {
        LineChart Chart(string title, string unit, Func<StepMetrics, double> value, bool logarithmic = false) => new()
        {
            Title = title,
            XLabel = "step",
            YLabel = unit,
            Series = [Series(title, metrics, value)],
            Width = FigureWidth.Third,
            Logarithmic = logarithmic,
            FromZero = !logarithmic,
        };

        return new("Course of training", null,
        [
            Chart("Learning rate", "per step", record => record.LearningRate),
            Chart("Gradient norm", "before clipping", record => record.GradientNorm, logarithmic: true),
            Chart("Throughput", "tokens per second", record => record.TokensPerSecond),
        ]);
    }

    private static ReportSection Load(IReadOnlyList<StepMetrics> metrics, int[] layers)
    {
        List<HeatMap> maps = [];
        foreach (int layer in layers)
        {
            (long Step, double[] Load)[] loads = [.. metrics
                .Select(record => (record.Step, record.Layers.FirstOrDefault(one => one.Layer == layer)?.Load))
                .Where(at => at.Load is not null)
                .Select(at => (at.Step, at.Load!))];
            int experts = loads.Max(at => at.Load.Length);
            double[,] values = new double[experts, loads.Length];
            for (int expert = 0; expert < experts; expert++)
            {
                for (int i = 0; i < loads.Length; i++) values[expert, i] = expert < loads[i].Load.Length ? loads[i].Load[expert] : double.NaN;
            }

            maps.Add(new()
            {
                Title = $"Layer {layer}",
                RowLabel = "expert",
                ColumnLabel = "step",
                ValueLabel = "share of the tokens",
                Rows = ExpertNames(experts),
                Columns = [.. loads.Select(at => NumberText.Short(at.Step))],
                Values = values,
                Scale = (0, 2.0 / experts),
                Reference = (1.0 / experts, "even:"),
            });
        }

        return new("Expert load", "The share of each layer's tokens that every expert handled over the run. The middle of the scale is an even share, the bright end twice that or more; a dark row is an expert that fell silent.", maps);
    }

    private static ReportSection Balance(IReadOnlyList<StepMetrics> metrics, int[] layers)
    {
        bool dropped = metrics.SelectMany(record => record.Layers).Any(layer => layer.DroppedFraction != 0);
        LineChart Chart(string title, string unit, Func<LayerMetrics, double> value, bool fromZero = false) => new()
        {
            Title = title,
            XLabel = "step",
            YLabel = unit,
            Width = dropped ? FigureWidth.Third : FigureWidth.Half,
            FromZero = fromZero,
            Series = [.. layers.Select(layer => Series(
                $"layer {layer}",
                metrics,
                record => record.Layers.FirstOrDefault(one => one.Layer == layer) is { } found ? value(found) : double.NaN))],
        };

        List<IReportPart> charts =
        [
            Chart("Routing entropy", "1 = even", layer => layer.Entropy),
            Chart("Largest load", "times the mean load", layer => layer.MaxOverMean),
        ];
        if (dropped) charts.Add(Chart("Dropped pairs", "share of all pairs", layer => layer.DroppedFraction, fromZero: true));
        string note = "How evenly each gate spreads its tokens." + (dropped ? "" : " Dropped pairs: none at any step.");
        return new("Balance", note, charts);
    }

    private static ReportSection Ranks(IReadOnlyList<StepMetrics> metrics)
    {
        IReadOnlyList<RankMetrics> means = RankMetrics.MeanOf(metrics);
        int ranks = means.Count;
        double[,] seconds = new double[ranks, 3];
        for (int rank = 0; rank < ranks; rank++) (seconds[rank, 0], seconds[rank, 1], seconds[rank, 2]) = (means[rank].ComputeSeconds, means[rank].ExchangeSeconds, means[rank].WaitSeconds);
        LineChart Chart(string title, string unit, Func<RankMetrics, double> value) => new()
        {
            Title = title,
            XLabel = "step",
            YLabel = unit,
            Width = FigureWidth.Half,
            FromZero = true,
            Series = [.. Enumerable.Range(0, ranks).Select(rank => Series($"rank {rank}", metrics, record => record.Ranks is { } of && of.Count == ranks ? value(of[rank]) : double.NaN))],
        };
        return new("Ranks", "Where the time of each rank goes: computing, moving data between ranks, and waiting for others. The rank that waits least is the one that the others wait for.",
        [
            new StackedBars { Title = "A step", CategoryLabel = "time", Categories = ["compute", "exchange", "wait"], Rows = [.. Enumerable.Range(0, ranks).Select(static rank => $"rank {rank}")], Values = seconds },
            Chart("Not computing", "share of a step", static rank => 1 - rank.ComputeSeconds / (rank.ComputeSeconds + rank.ExchangeSeconds + rank.WaitSeconds)),
        ]);
    }

    private static ReportSection Domains(IReadOnlyList<DomainLoad> domains) => new(
        "Who handles what",
        "How each layer's experts share the tokens of every domain. Bars that differ are experts that specialise.",
        [.. domains.Select(load => new StackedBars
        {
            Title = $"Layer {load.Layer}",
            CategoryLabel = "expert",
            Categories = ExpertNames(load.Shares.GetLength(1)),
            Rows = load.Domains,
            Values = load.Shares,
        })]);

    /// <summary>A text with its tokens in the colours of their experts, layer by layer.</summary>
    /// <exception cref="ArgumentException">A layer has not one choice per token.</exception>
    public static ReportSection Routing(RoutedText text)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<ColouredText> layers = [];
        foreach ((int layer, int experts, IReadOnlyList<int> choices) in text.Layers)
        {
            if (choices.Count != text.Tokens.Count)
            {
                throw new ArgumentException($"routed text '{text.Name}' has {text.Tokens.Count} tokens, but layer {layer} has {choices.Count} choices: give one per token");
            }

            layers.Add(new()
            {
                Title = $"Layer {layer}",
                CategoryLabel = "expert",
                Categories = choices.Contains(-1) ? [.. ExpertNames(experts), "none"] : ExpertNames(experts),
                Width = text.Layers.Count > 1 ? FigureWidth.Half : FigureWidth.Full,
                Pieces = [.. text.Tokens.Zip(choices, (token, expert) => new TextPiece(token, expert < 0 ? experts : expert))],
            });
        }

        return new($"Routing of {text.Name}", "Every token in the colour of the expert that had the largest say in it.", layers);
    }

    private static LineSeries Series(string name, IEnumerable<StepMetrics> metrics, Func<StepMetrics, double> value) =>
        new(name, [.. metrics.Select(record => new ChartPoint(record.Step, value(record)))]);

    private static string[] ExpertNames(int experts) => [.. Enumerable.Range(0, experts).Select(expert => $"{expert}")];
}

using Switchyard.Ranking.Data;
using Switchyard.Ranking.Features;
using Switchyard.Ranking.Metrics;
using Switchyard.Ranking.Simulation;

namespace Switchyard.Ranking.Runs;

/// <summary>A way to make a model that is compared with others.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Options">How it is made and learns; the seed is that of the comparison.</param>
/// <param name="IsOracle">Whether it is told true relevance.</param>
public sealed record Contender(string Name, RankingOptions Options, bool IsOracle = false);

/// <summary>Trains several models with several seeds, each with the same data and the same seed as the others, and keeps their figures.</summary>
/// <param name="contenders">The models.</param>
/// <param name="schema">What the columns of their data mean; null for a simulated world.</param>
public sealed class ModelComparison(IReadOnlyList<Contender> contenders, FeatureSchema? schema)
{
    private const string Truth = "truth.", Auc = ".auc", Rmse = ".rmse";

    private readonly Dictionary<(string Contender, string Figure), List<double>> _figures = [];
    private readonly Dictionary<string, string> _descriptions = [];

    /// <summary>The models, of which the first is what the others are held against.</summary>
    public IReadOnlyList<Contender> Contenders => contenders;

    /// <summary>The figures that every contender has, in order.</summary>
    public IReadOnlyList<string> Names { get; private set; } = [];

    /// <summary>The figure of each task by which it is judged, in the order of the tasks: its AUC, or its RMSE.</summary>
    public IReadOnlyList<string> TaskFigures => [.. Names.Where(static name => !name.StartsWith(Truth, StringComparison.Ordinal) && (name.EndsWith(Auc, StringComparison.Ordinal) || name.EndsWith(Rmse, StringComparison.Ordinal)))];

    /// <summary>Whether less of a figure of a task is better.</summary>
    public static bool IsBetterWhenSmaller(string figure)
    {
        ArgumentNullException.ThrowIfNull(figure);
        return figure.EndsWith(Rmse, StringComparison.Ordinal);
    }

    /// <summary>A figure of a contender, seed by seed.</summary>
    public double[] Of(string contender, string figure) => [.. _figures[(contender, figure)]];

    /// <summary>A contender's model in one line, with the number of its parameters.</summary>
    public string DescriptionOf(string contender) => _descriptions[contender];

    /// <summary>Trains every contender with one more seed.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="trained">Told when a contender is done.</param>
    /// <param name="cancellation">Ends the comparison; the seed then counts for nothing.</param>
    public void Run(ulong seed, Action<string>? trained = null, CancellationToken cancellation = default)
    {
        // Most contenders learn from the same data, which takes long to read.
        Dictionary<(SimulationOptions Simulation, double HeldOut, bool IsOracle), RankingData> data = [];
        List<(string Contender, Dictionary<string, double> Figures)> results = [];
        try
        {
            foreach (Contender contender in contenders)
            {
                RankingOptions options = contender.Options with
                {
                    Simulation = contender.Options.Simulation with { Seed = seed },
                    Learning = contender.Options.Learning with { Seed = seed, Evaluations = 1 },
                };
                (SimulationOptions, double, bool) key = (options.Simulation, options.HeldOut, contender.IsOracle);
                if (!data.TryGetValue(key, out RankingData? own)) data[key] = own = RankingData.Open(options, schema, contender.IsOracle);
                results.Add((contender.Name, Train(contender.Name, options, own, cancellation)));
                trained?.Invoke(contender.Name);
            }
        }
        finally
        {
            foreach (RankingData own in data.Values) own.Dispose();
        }
        foreach ((string contender, Dictionary<string, double> figures) in results)
        {
            foreach ((string name, double value) in figures)
            {
                if (!_figures.TryGetValue((contender, name), out List<double>? own)) _figures[(contender, name)] = own = [];
                own.Add(value);
            }
        }
        Names = [.. results[0].Figures.Keys.Where(name => results.All(result => result.Figures.ContainsKey(name)))];
    }

    private Dictionary<string, double> Train(string name, RankingOptions options, RankingData data, CancellationToken cancellation)
    {
        string folder = Directory.CreateTempSubdirectory("switchyard-compare-").FullName;
        try
        {
            using RankingTraining training = RankingTraining.Begin(Path.Combine(folder, "run"), options, data);
            _descriptions[name] = training.Task.ModelDescription;
            if (training.Run(cancellation: cancellation).IsInterrupted) throw new OperationCanceledException(cancellation);
            return FiguresOf(training, training.Finish());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Dictionary<string, double> FiguresOf(RankingTraining training, RankingEvaluation evaluation)
    {
        Dictionary<string, double> figures = new() { ["loss"] = evaluation.Loss };
        if (!double.IsNaN(evaluation.TruthAuc)) (figures["truth.auc"], figures["truth.ndcg"]) = (evaluation.TruthAuc, evaluation.TruthNdcg);
        foreach (TaskFigures task in evaluation.Tasks)
        {
            if (task.Task.Kind == TaskKind.Regression) figures[task.Task.Name + Rmse] = task.Rmse;
            else (figures[task.Task.Name + Auc], figures[$"{task.Task.Name}.log_loss"]) = (task.Auc, task.LogLoss);
        }
        if (evaluation.Gates.Count > 0)
        {
            figures["gates.polarised_share"] = evaluation.Gates.Max(static gate => gate.PolarisedShare);
            double largest = evaluation.Gates.Max(static gate => gate.Mean.Max());
            // Its mean over seeds is the share of them.
            (figures["gates.largest_mean"], figures["gates.stuck"]) = (largest, largest > GateReport.Polarised ? 1 : 0);
        }
        if (training.Recovery() is { } bias) (figures["bias.correlation"], figures["bias.slope"]) = (bias.Correlation, bias.Slope);
        if (training.Model.LogBias() is { } learnt) figures["bias.serving_gap"] = ServingGap(learnt, training.Data.Test.Examples);
        return figures;
    }

    /// <summary>The mean of what is added to a logit in training and is absent when serving.</summary>
    private static double ServingGap(double[,] bias, ExampleSource examples)
    {
        double sum = 0, count = 0;
        foreach (ExampleBatch batch in examples.Batches(4096))
        {
            int[] positions = batch.Positions(), devices = batch.Devices();
            for (int row = 0; row < positions.Length; row++)
                if (positions[row] >= 0) (sum, count) = (sum + bias[Math.Min(positions[row], bias.GetLength(0) - 1), devices[row]], count + 1);
        }
        return sum / count;
    }
}

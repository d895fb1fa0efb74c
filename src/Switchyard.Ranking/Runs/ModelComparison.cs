using Switchyard.Ranking.Bias;
using Switchyard.Ranking.Features;
using Switchyard.Training;

namespace Switchyard.Ranking.Runs;

/// <summary>A way to make a model that is compared with others.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Options">How it is made and learns; the seed is that of the comparison.</param>
/// <param name="IsOracle">Whether it is told true relevance.</param>
public sealed record Contender(string Name, RankingOptions Options, bool IsOracle = false);

/// <summary>Trains several models with several seeds, each with the same data and the same seed as the others, and keeps their figures.</summary>
public sealed class ModelComparison
{
    private readonly Dictionary<(string Contender, string Figure), List<double>> _figures = [];

    /// <summary>The figures that every contender has, in order.</summary>
    public IReadOnlyList<string> Names { get; private set; } = [];

    /// <summary>A figure of a contender, seed by seed.</summary>
    public double[] Of(string contender, string figure) => [.. _figures[(contender, figure)]];

    /// <summary>Trains every contender with one more seed.</summary>
    /// <param name="contenders">The models.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="data">Gives the data of a contender for the seed; disposed here.</param>
    /// <param name="trained">Told when a contender is done.</param>
    /// <param name="cancellation">Ends the comparison; the seed then counts for nothing.</param>
    public void Run(IReadOnlyList<Contender> contenders, ulong seed, Func<Contender, ulong, RankingData> data, Action<string>? trained = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(contenders);
        ArgumentNullException.ThrowIfNull(data);
        List<(string Contender, Dictionary<string, double> Figures)> results = [];
        foreach (Contender contender in contenders)
        {
            using RankingData own = data(contender, seed);
            string folder = Directory.CreateTempSubdirectory("switchyard-compare-").FullName;
            try
            {
                RankingOptions options = contender.Options with { Learning = contender.Options.Learning with { Seed = seed, Evaluations = 1 } };
                using RankingTraining training = RankingTraining.Begin(Path.Combine(folder, "run"), options, own);
                TrainingResult result = training.Run(cancellation: cancellation);
                if (result.IsInterrupted) throw new OperationCanceledException(cancellation);
                results.Add((contender.Name, FiguresOf(training.Finish(), training.Recovery())));
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
            trained?.Invoke(contender.Name);
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

    private static Dictionary<string, double> FiguresOf(RankingEvaluation evaluation, BiasRecovery? recovery)
    {
        Dictionary<string, double> figures = [];
        if (!double.IsNaN(evaluation.TruthAuc)) (figures["truth.auc"], figures["truth.ndcg"]) = (evaluation.TruthAuc, evaluation.TruthNdcg);
        foreach (TaskFigures task in evaluation.Tasks)
        {
            if (task.Task.Kind == TaskKind.Regression) figures[$"{task.Task.Name}.rmse"] = task.Rmse;
            else (figures[$"{task.Task.Name}.auc"], figures[$"{task.Task.Name}.log_loss"]) = (task.Auc, task.LogLoss);
        }
        if (evaluation.Gates.Count > 0)
        {
            figures["gates.polarised_share"] = evaluation.Gates.Max(static gate => gate.PolarisedShare);
            figures["gates.largest_mean"] = evaluation.Gates.Max(static gate => gate.Mean.Max());
        }
        if (recovery is { } bias) (figures["bias.correlation"], figures["bias.slope"]) = (bias.Correlation, bias.Slope);
        return figures;
    }
}

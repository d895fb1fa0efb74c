using System.Security.Cryptography;
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

/// <summary>
/// Trains several models with several seeds, each with the same data and the same seed as the others, and keeps their figures.
/// What stands in its file already is not trained again.
/// </summary>
public sealed class ModelComparison
{
    private const string Truth = "truth.", Auc = ".auc", Rmse = ".rmse", Stuck = "gates.stuck";

    private readonly FeatureSchema? _schema;
    private readonly string? _path;
    private readonly List<ComparedTraining> _trainings;
    private readonly Dictionary<string, string> _checksums = [];
    private readonly HashSet<ulong> _seeds = [];

    /// <summary>Prepares a comparison.</summary>
    /// <param name="contenders">The models.</param>
    /// <param name="schema">What the columns of their data mean; null for a simulated world.</param>
    /// <param name="folder">Keeps what is done, so that the same comparison goes on where it was stopped; null to keep nothing.</param>
    /// <exception cref="SwitchyardException">The folder holds another comparison, or cannot be written.</exception>
    public ModelComparison(IReadOnlyList<Contender> contenders, FeatureSchema? schema, string? folder = null)
    {
        (Contenders, _schema) = (contenders, schema);
        if (folder is null)
        {
            _trainings = [];
            return;
        }
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SwitchyardException($"cannot make the folder '{folder}': {failure.Message.ReplaceLineEndings(" ")}", "name a folder that you may write to", failure);
        }
        _path = Path.Combine(folder, ComparedTraining.FileName);
        _trainings = ComparedTraining.Read(_path);
    }

    /// <summary>The models, of which the first is what the others are held against.</summary>
    public IReadOnlyList<Contender> Contenders { get; }

    /// <summary>The figures that a contender has, in order.</summary>
    public IReadOnlyList<string> Names => [.. Compared.SelectMany(static training => training.Figures.Keys).Distinct()];

    // The folder may hold more: seeds of a longer comparison, or models of another.
    private IEnumerable<ComparedTraining> Compared => _trainings.Where(training => _seeds.Contains(training.Seed) && Contenders.Any(contender => contender.Name == training.Contender));

    /// <summary>The figure of each task by which it is judged, in the order of the tasks: its AUC, or its RMSE.</summary>
    public IReadOnlyList<string> TaskFigures => [.. Names.Where(static name => !name.StartsWith(Truth, StringComparison.Ordinal) && (name.EndsWith(Auc, StringComparison.Ordinal) || name.EndsWith(Rmse, StringComparison.Ordinal)))];

    /// <summary>Whether less of a figure of a task is better.</summary>
    public static bool IsBetterWhenSmaller(string figure)
    {
        ArgumentNullException.ThrowIfNull(figure);
        return figure.EndsWith(Rmse, StringComparison.Ordinal);
    }

    /// <summary>For a figure that is 1 or 0, whether the shares of the seeds differ: see <see cref="Metrics.TwoProportions"/>; null for any other.</summary>
    public static double? TwoProportions(string figure, double[] first, double[] second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return figure == Stuck ? Metrics.TwoProportions.Test(first.Sum(), first.Length, second.Sum(), second.Length) : null;
    }

    /// <summary>A figure of a contender, in the order of the seeds; empty where it has none of that name.</summary>
    public double[] Of(string contender, string figure)
        => [.. Compared.Where(training => training.Contender == contender && training.Figures.ContainsKey(figure)).OrderBy(static training => training.Seed).Select(training => training.Figures[figure])];

    /// <summary>The contenders that have a figure; the others are held against the first of them.</summary>
    public Contender[] With(string figure) => [.. Contenders.Where(contender => Of(contender.Name, figure).Length > 0)];

    /// <summary>A contender's model in one line, with the number of its parameters.</summary>
    public string DescriptionOf(string contender) => _trainings.First(training => training.Contender == contender).Description;

    /// <summary>Trains every contender with one more seed.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="trained">Told when a contender is done.</param>
    /// <param name="cancellation">Ends the comparison; a training under way then counts for nothing.</param>
    /// <exception cref="SwitchyardException">The folder holds a training of this name and seed with other settings.</exception>
    public void Run(ulong seed, Action<string>? trained = null, CancellationToken cancellation = default)
    {
        _seeds.Add(seed);
        // Most contenders learn from the same data, which takes long to read.
        Dictionary<(SimulationOptions Simulation, double HeldOut, bool IsOracle), RankingData> data = [];
        try
        {
            foreach (Contender contender in Contenders)
            {
                RankingOptions options = contender.Options with
                {
                    Simulation = contender.Options.Simulation with { Seed = seed },
                    Learning = contender.Options.Learning with { Seed = seed, Evaluations = 1 },
                };
                if (!IsDone(seed, contender, options))
                {
                    (SimulationOptions, double, bool) key = (options.Simulation, options.HeldOut, contender.IsOracle);
                    if (!data.TryGetValue(key, out RankingData? own)) data[key] = own = RankingData.Open(options, _schema, contender.IsOracle, cancellation: cancellation);
                    _trainings.Add(Train(seed, contender, options, own, cancellation));
                    if (_path is not null) ComparedTraining.Write(_path, _trainings);
                }
                trained?.Invoke(contender.Name);
            }
        }
        finally
        {
            foreach (RankingData own in data.Values) own.Dispose();
        }
    }

    private bool IsDone(ulong seed, Contender contender, RankingOptions options)
    {
        if (_trainings.Find(training => training.Seed == seed && training.Contender == contender.Name) is not { } done) return false;
        return done.Settings == SettingsOf(contender, options) ? true : throw new SwitchyardException($"{_path} holds '{contender.Name}' with seed {seed} and other settings", "give the same data and settings as before, or another folder");
    }

    /// <summary>A checksum of all that decides a training. Where the data stands does not.</summary>
    private string SettingsOf(Contender contender, RankingOptions options)
    {
        string data = "";
        if (options.Data is { } path && !_checksums.TryGetValue(path, out data!))
        {
            using FileStream file = File.OpenRead(path);
            _checksums[path] = data = Convert.ToHexStringLower(SHA256.HashData(file));
        }
        return RankingTraining.ChecksumOf(string.Join('\n', (options with { Data = null }).ToJson(), _schema?.ToJson(), data, contender.IsOracle));
    }

    private ComparedTraining Train(ulong seed, Contender contender, RankingOptions options, RankingData data, CancellationToken cancellation)
    {
        string folder = Directory.CreateTempSubdirectory("switchyard-compare-").FullName;
        try
        {
            using RankingTraining training = RankingTraining.Begin(Path.Combine(folder, "run"), options, data, cancellation: cancellation);
            if (training.Run(cancellation: cancellation).IsInterrupted) throw new OperationCanceledException(cancellation);
            return new ComparedTraining(seed, contender.Name, SettingsOf(contender, options), training.Task.ModelDescription, FiguresOf(training, training.Finish()));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Dictionary<string, double> FiguresOf(RankingTraining training, RankingEvaluation evaluation)
    {
        Dictionary<string, double> figures = new() { ["loss"] = evaluation.Loss };
        if (evaluation.Truth is not null) (figures["truth.auc"], figures["truth.ndcg"], figures["truth.regret"], figures["truth.calibration_error"]) = (evaluation.Truth.Auc, evaluation.Truth.Ndcg, evaluation.Truth.Regret, evaluation.Truth.CalibrationError);
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
            (figures["gates.largest_mean"], figures[Stuck]) = (largest, largest > GateReport.Polarised ? 1 : 0);
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

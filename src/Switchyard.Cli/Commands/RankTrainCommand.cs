using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Switchyard.Ranking.Bias;
using Switchyard.Ranking.Features;
using Switchyard.Ranking.Runs;
using Switchyard.Tensors.Kernels;
using Switchyard.Training;

namespace Switchyard.Cli.Commands;

/// <summary><c>rank train</c>: a ranker of many goals from a log, or from a simulated world whose truth is known.</summary>
internal sealed class RankTrainCommand
{
    private readonly RankingSettings _settings = new();
    private readonly Option<string?> _data = new("--data") { Description = "A CSV, TSV or JSON-lines file, also gzipped; without it a simulated world, with a naive model and an oracle beside it", HelpName = "PATH" };
    private readonly Option<string?> _schema = new("--schema") { Description = "What the columns mean: a schema file, or one of census-strict, census-leaky, census-strict-college, census-leaky-college and movielens", HelpName = "FILE" };
    private readonly Option<string?> _tasks = new("--tasks") { Description = "The tasks of the schema to learn; without it all", HelpName = "A,B,.." };
    private readonly Option<string?> _out = new("--out") { Description = "The folder of the run; without it a new one in runs/", HelpName = "DIR" };
    private readonly Option<string?> _resume = new("--resume") { Description = "Goes on with the run in this folder, from its newest good checkpoint", HelpName = "DIR" };
    private readonly Option<int> _threads = SharedOptions.Threads();

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        RankTrainCommand train = new();
        RunnableCommand command = new(
            "train",
            "Trains a ranker of many goals, and writes a run folder with model, schema, calibration and a report.",
            train.Run,
            new Example("switchyard rank train", "Learns from a simulated log beside a naive model and an oracle, and says what de-biasing gained."),
            new Example("switchyard rank train --policy relevance --debias pal", "Does the same with another logging policy and by other means."),
            new Example("switchyard rank train --data log.csv --schema schema.json --model ple --out runs/ranker", "Learns from a log of your own."),
            new Example("switchyard rank train --resume runs/ranker", "Goes on where the run was stopped or killed, to the same bits."));
        command.Add(train._data);
        command.Add(train._schema);
        command.Add(train._tasks);
        train._settings.AddTo(command);
        command.Add(train._out);
        command.Add(train._resume);
        command.Add(train._threads);
        return command;
    }

    private void Run(ParseResult parse, Output output, CancellationToken interrupted)
    {
        WorkerPool.Threads = parse.GetValue(_threads);
        string? resumed = Resumed(parse);
        (RankingOptions options, FeatureSchema? schema) = resumed is null ? Asked(parse) : default;
        WorkDisplay work = new(output);
        using RankingData data = resumed is null ? RankingData.Open(options, schema, progress: work, cancellation: interrupted) : RankingTraining.OpenData(resumed, work, interrupted);
        string path = resumed ?? parse.GetValue(_out) ?? RunFolder.NewPath(DateTimeOffset.Now);
        using RankingTraining training = resumed is null ? RankingTraining.Begin(path, options, data, work, interrupted) : RankingTraining.Resume(path, data, work, interrupted);
        Introduce(training, output);
        if (!Train(training, path, output, interrupted)) return;
        RankingEvaluation evaluation = training.Finish();
        DebiasingGain? gain = Compare(training, evaluation, output, interrupted);
        if (interrupted.IsCancellationRequested) return;
        IReadOnlyList<ParetoPoint> front = training.Front();
        RankingReport.Write(training, evaluation, gain, front, TypedLine.Of(parse));
        Tell(training, evaluation, gain, front, output);
    }

    /// <summary>The run that is to be gone on with, or null.</summary>
    private string? Resumed(ParseResult parse)
    {
        if (parse.GetValue(_resume) is not { } folder) return null;
        return _settings.Given(parse).Any() || parse.GetValue(_data) is not null || parse.GetValue(_schema) is not null || parse.GetValue(_tasks) is not null || parse.GetValue(_out) is not null
            ? throw new ArgumentException("--resume goes on with the settings that the run began with: give no others beside it, except --threads")
            : folder;
    }

    private (RankingOptions Options, FeatureSchema? Schema) Asked(ParseResult parse)
    {
        RankingOptions options = _settings.Read(parse);
        string? tasks = parse.GetValue(_tasks);
        if (parse.GetValue(_data) is not { } path)
        {
            if (parse.GetValue(_schema) is not null || tasks is not null) throw new ArgumentException("--schema and --tasks say what the columns of --data mean: give that too");
            return (options, null);
        }
        FeatureSchema schema = BuiltInSchemas.Find(parse.GetValue(_schema) ?? throw new ArgumentException("--data needs --schema, which says what its columns mean"));
        if (tasks is not null) schema = schema.WithTasks(tasks.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        // A log without positions has no bias that could be told apart.
        if (schema.Position is null && !_settings.ChoosesDebiasing(parse)) options = options with { Debiasing = options.Debiasing with { Kind = Debiasing.None } };
        return (options with { Data = Path.GetFullPath(path) }, schema);
    }

    private static void Introduce(RankingTraining training, Output output)
    {
        double collinearity = training.Data.Collinearity();
        if (training.Options.Debiasing.Kind != Debiasing.None && collinearity > Collinearity.Alarming)
            output.Warn($"the features explain {collinearity:p0} of the position's variance (R²): what is due to the one and what to the other can hardly be told apart; log some pages in random order");
        output.Say($"{training.Task.ModelDescription}; {training.Data.Training.Count:N0} examples to learn from, {training.Data.Test.Examples.Count:N0} to test");
        foreach (Feature feature in training.Data.Schema.Features.Where(static feature => feature.Hash is not null))
            output.Say(Invariant($"{feature.Name}: {feature.Collisions:p1} of the names share one of the {feature.Hash} rows with another"));
        if (training.Model.Propensities is not { } theta) return;
        string source = training.Data.Propensities is null ? "estimated by expectation-maximisation" : "known or from pages in random order";
        for (int device = 0; device < theta.GetLength(1); device++)
            output.Say($"propensities of device {device + 1}, {source}: {string.Join(' ', Enumerable.Range(0, theta.GetLength(0)).Select(position => theta[position, device].ToString("f3", CultureInfo.InvariantCulture)))}");
    }

    private static bool Train(RankingTraining training, string run, Output output, CancellationToken interrupted)
    {
        string name = NamedChoice.NameOf(training.Options.Debiasing.Kind);
        using Progress progress = output.Progress(training.Folder.Path == run ? $"training {name}" : $"training {Path.GetFileName(training.Folder.Path)}", "examples", training.Plan.Steps * training.Task.TokensPerMicroBatch);
        TrainingResult result = training.Run(
            new TrainingObserver
            {
                Recorded = metrics => progress.Report(metrics.Tokens, new Figure("loss", metrics.TrainLoss)),
                Resumed = (checkpoint, state) =>
                {
                    output.Say($"resumed from {checkpoint}");
                    progress.Start = state.Tokens;
                },
                Warned = output.Warn,
            },
            TimeProvider.System,
            interrupted);
        if (result.IsInterrupted) output.Say($"saved after step {result.State.Step}; go on with: switchyard rank train --resume {run}");
        return !result.IsInterrupted;
    }

    // The same network from the same start, once without de-biasing, once told the truth.
    private static DebiasingGain? Compare(RankingTraining training, RankingEvaluation evaluation, Output output, CancellationToken interrupted)
    {
        if (training.Options.Data is not null || training.Data.Test.Relevant is null) return null;
        RankingOptions plain = training.Options with { Debiasing = new DebiasingOptions { Kind = Debiasing.None } };
        double[] truths = new double[2];
        foreach ((int place, string name, bool isOracle) in (ReadOnlySpan<(int, string, bool)>)[(0, "naive", false), (1, "oracle", true)])
        {
            using RankingData data = RankingData.Simulate(plain.Simulation, isOracle);
            string path = Path.Combine(training.Folder.Path, name);
            using RankingTraining other = File.Exists(RunFolder.ConfigOf(path)) ? RankingTraining.Resume(path, data, cancellation: interrupted) : RankingTraining.Begin(path, plain, data, cancellation: interrupted);
            if (!Train(other, training.Folder.Path, output, interrupted)) return null;
            truths[place] = other.Finish().Truth!.Auc;
        }
        return new DebiasingGain(truths[0], evaluation.Truth!.Auc, truths[1], training.Recovery());
    }

    private static void Tell(RankingTraining training, RankingEvaluation evaluation, DebiasingGain? gain, IReadOnlyList<ParetoPoint> front, Output output)
    {
        RankingLines.Write(evaluation, output);
        output.WriteLine($"run:    {training.Folder.Path}");
        output.WriteLine($"report: {training.Folder.ReportPath}");
        if (gain is not null) Tell(training, gain, output);
        if (!output.Json) return;
        output.Result(new JsonObject
        {
            ["run"] = training.Folder.Path,
            ["tasks"] = RankingLines.Tasks(evaluation),
            ["gates"] = RankingLines.Gates(evaluation.Gates),
            ["debias"] = gain is null ? null : new JsonObject
            {
                ["naive_auc"] = gain.Naive,
                ["tower_auc"] = gain.Debiased,
                ["oracle_auc"] = gain.Oracle,
                ["bias_correlation"] = gain.Recovery?.Correlation,
                ["bias_slope"] = gain.Recovery?.Slope,
            },
            ["pareto"] = new JsonArray([.. front.Select(point => (JsonNode)new JsonObject { ["combination"] = point.Combination, ["weight"] = point.Weight, ["first_ndcg"] = RankingLines.Number(point.First), ["second_ndcg"] = RankingLines.Number(point.Second), ["on_front"] = !front.Any(point.IsBeatenBy) })]),
            ["report"] = training.Folder.ReportPath,
        });
    }

    private static void Tell(RankingTraining training, DebiasingGain gain, Output output)
    {
        string kind = NamedChoice.NameOf(training.Options.Debiasing.Kind);
        output.WriteLine();
        output.WriteLine(Invariant($"against true relevance, AUC: naive {gain.Naive:f4}, {kind} {gain.Debiased:f4}, oracle {gain.Oracle:f4}"));
        if (gain.Recovery is { } recovery) output.WriteLine(Invariant($"the learnt bias follows the true one with correlation {recovery.Correlation:f3}, slope {recovery.Slope:f2}"));
        double share = (gain.Debiased - gain.Naive) / (gain.Oracle - gain.Naive);
        output.WriteLine(Invariant($"de-biasing gained {gain.Debiased - gain.Naive:+0.0000;-0.0000} of AUC against the truth, {share:p0} of what an oracle would (logging policy: {training.Options.Simulation.Policy})"));
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Switchyard.Collectives;
using Switchyard.Collectives.AllToAll;
using Switchyard.Experts.Evolution;
using Switchyard.Language.Runs;
using Switchyard.Training;
using Switchyard.Training.Reports;

namespace Switchyard.Cli.Commands;

/// <summary><c>train</c>: a sparse language model from text.</summary>
internal sealed class TrainCommand
{
    private readonly LanguageSettings _settings = new();
    private readonly Option<string?> _data = new("--data") { Description = "A text file, a folder of texts or a pattern; SOURCE,TARGET for translation; without it a built-in generated text is used", HelpName = "PATH" };
    private readonly Option<string?> _config = new("--config") { Description = "A file of settings, such as the config.json of a run; options given here count more", HelpName = "FILE" };
    private readonly Option<string?> _out = new("--out") { Description = "The folder of the run; without it a new one in runs/", HelpName = "DIR" };
    private readonly Option<string?> _resume = new("--resume") { Description = "Goes on with the run in this folder, from its newest good checkpoint", HelpName = "DIR" };
    private readonly Option<int> _threads = SharedOptions.Threads();
    private readonly Option<int> _ranks = SharedOptions.Ranks();
    private readonly Option<string?> _exchange = new("--exchange") { Description = "How tokens travel between nodes: flat, leader, 2dh or deduplicated; without it a measurement of a second decides for every size", HelpName = "NAME" };

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        TrainCommand train = new();
        RunnableCommand command = new(
            "train",
            "Trains a sparse language model, mask filler or translator on your text, and writes a run folder with checkpoints, metrics and a report.",
            train.Run,
            new Example("switchyard train", "Trains on a built-in text in a few minutes, and shows which expert learns what."),
            new Example("switchyard train --data book.txt", "Trains on your text with settings that fit its size."),
            new Example("switchyard train --data texts/ --tokenizer bpe:4096 --experts 16 --tokens 20000000 --out runs/mine", "Chooses the tokenizer, the experts, the length and the folder."),
            new Example("switchyard train --gate sigmoid-bias --knob bias_rate=0.01", "Chooses the gate, and turns one of its knobs."),
            new Example("switchyard train --ranks 2", "Shares experts and batches out among two ranks of this process; under mpirun the ranks are its processes."),
            new Example("switchyard train --recipe evomoe", "Trains a dense model at first, makes experts out of it, and lets the gate become sparse."),
            new Example("switchyard train --task mlm --data book.txt", "Learns to guess hidden tokens, for 'switchyard fill'."),
            new Example("switchyard train --task translation --data lines.en,lines.de", "Learns to translate from two files of equally many lines, for 'switchyard translate'."),
            new Example("switchyard train --resume runs/mine", "Goes on where the run was stopped or killed, to the same bits."));
        command.Add(train._data);
        command.Add(train._config);
        command.Add(train._out);
        command.Add(train._resume);
        train._settings.AddTo(command);
        command.Add(train._threads);
        command.Add(train._ranks);
        command.Add(train._exchange);
        return command;
    }

    private void Run(ParseResult parse, Output output, CancellationToken interrupted)
        => RankLaunch.Run(parse.GetValue(_ranks), parse.GetValue(_threads), ranks =>
        {
            if (MpiGroup.IsLaunched && ranks is { Rank: > 0 }) output.LeaveResult();
            Train(parse, ranks is { Rank: > 0 } ? Output.ToNobody() : output, ranks, interrupted);
        });

    private void Train(ParseResult parse, Output output, ProcessGroup? ranks, CancellationToken interrupted)
    {
        if (ranks is null && parse.GetValue(_exchange) is not null) throw new ArgumentException("--exchange says how ranks exchange, and there is one: give --ranks, or start with mpirun");
        WorkDisplay work = new(output);
        using LanguageTraining training = ranks is null ? Open(parse, output, work) : Open(parse, output, work, ranks);
        long tokensPerStep = training.Task.TokensPerMicroBatch * training.Options.Learning.MicroBatches;
        long? total = training.Plan.TotalSteps(training.Task.TokensPerMicroBatch) * tokensPerStep;
        if (ranks is null) Introduce(training, output);

        RoutingView routing = new(MetricsBefore(training).LastOrDefault(static record => record.ValidationLayers is not null)?.ValidationLayers);
        if (training.Extended is { } extended) Describe(extended, training, output);
        StepMetrics? last = null;
        double seconds = 0, tokens = 0;
        long step = 0;
        TrainingResult result;
        // Who stops the ranks may be a launcher that lost one of them: it says which, and this says when.
        using CancellationTokenRegistration told = interrupted.Register(() => { if (ranks is not null) output.Say($"interrupted in step {Volatile.Read(ref step) + 1}"); });
        using (Progress progress = output.Progress("training", "tokens", total))
        {
            result = training.Run(
                new TrainingObserver
                {
                    Recorded = metrics =>
                    {
                        long done = metrics.Tokens - (last?.Tokens ?? metrics.Tokens - tokensPerStep);
                        if (metrics.TokensPerSecond > 0) (seconds, tokens) = (seconds + done / metrics.TokensPerSecond, tokens + done);
                        last = metrics;
                        Volatile.Write(ref step, metrics.Step);
                        progress.Report(metrics.Tokens, RoutingView.Figures(metrics));
                    },
                    Evaluated = (step, evaluation) => output.Say(Describe(step, evaluation) + routing.Describe(evaluation.Layers)),
                    Entered = entry => Describe(entry, training, output),
                    Resumed = (checkpoint, state) =>
                    {
                        output.Say($"resumed from {checkpoint}");
                        progress.Start = state.Tokens;
                        Volatile.Write(ref step, state.Step);
                    },
                    Warned = output.Warn,
                    Working = work,
                },
                TimeProvider.System,
                interrupted);
        }
        if (result.IsInterrupted)
        {
            output.Say($"saved after step {result.State.Step}; go on with: switchyard train --resume {training.Folder.Path}");
            return;
        }

        if (ranks is { Rank: > 0 }) return;

        // A run that was done before was not recorded now.
        last ??= MetricsBefore(training) is [.., StepMetrics newest] ? newest : null;
        double rate = seconds > 0 ? tokens / seconds : last?.TokensPerSecond ?? 0;
        // A rank has only some of the experts: its report is made with the checkpoint, which has all.
        using LanguageTraining? gathered = ranks is null ? null : LanguageTraining.Resume(training.Folder.Path);
        gathered?.Run(new TrainingObserver(), TimeProvider.System, interrupted);
        LanguageTraining whole = gathered ?? training;
        string sample = LanguageReport.Write(whole, TypedLine.Of(parse), TimeSpan.FromSeconds(result.State.ElapsedSeconds));
        LanguageEvaluation evaluation = (LanguageEvaluation?)result.Evaluation ?? whole.Task.Evaluate(work, interrupted);
        output.WriteLine(sample);
        output.WriteLine();
        output.WriteLine(evaluation.Description);
        RankTable? table = ranks is null ? null : new RankTable(RankMetrics.MeanOf(MetricsBefore(training)));
        foreach (string line in table?.Lines() ?? []) output.WriteLine(line);
        output.WriteLine($"run:    {training.Folder.Path}");
        output.WriteLine($"report: {training.Folder.ReportPath}");
        if (!output.Json) return;
        JsonObject summary = Summary(whole, result, evaluation, last, rate);
        if (table is not null) summary["ranks"] = table.ToJson();
        output.Result(summary);
    }

    /// <summary>Rank 0 begins the run; the others take up what it wrote.</summary>
    private LanguageTraining Open(ParseResult parse, Output output, WorkDisplay work, ProcessGroup ranks)
    {
        LanguageTraining? training = ranks.Rank == 0 ? Open(parse, output, work) : null;
        string folder = ranks.Share(training is null ? null : Path.GetFullPath(training.Folder.Path));
        training ??= LanguageTraining.Resume(folder);
        Introduce(training, output);
        ranks.Log = output.Say;
        if (parse.GetValue(_exchange) is { } name) ranks.Algorithm = AllToAllAlgorithm.Find(name);
        training.Distribute(ranks);
        output.Say($"{ranks.Size} ranks ({ranks.Topology}), each with its share of the experts and of every micro-batch");
        return training;
    }

    private LanguageTraining Open(ParseResult parse, Output output, WorkDisplay work)
    {
        JsonObject changes = _settings.Changes(parse);
        string? data = parse.GetValue(_data), config = parse.GetValue(_config);
        if (parse.GetValue(_resume) is { } folder)
        {
            if (data is not null || config is not null || parse.GetValue(_out) is not null || changes.Count > 0)
                throw new ArgumentException("--resume goes on with the settings that the run began with: give no others beside it, except --threads, --ranks and --exchange");
            return LanguageTraining.Resume(folder, work);
        }
        JsonObject? settings = config is null ? null : LanguageRunJson.Read(config);
        if (settings is not null) data ??= LanguageRunJson.Change(new LanguageRunOptions(), settings, config!).Data;
        string task = NameOf(changes) ?? NameOf(settings) ?? LanguageRunOptions.Causal;
        if (data is null && task != LanguageRunOptions.Translation) output.Say("no --data given: training on a built-in generated text of six domains whose entropy is known");
        return LanguageTraining.Begin(parse.GetValue(_out) ?? RunFolder.NewPath(DateTimeOffset.Now), data, (place, bytes) =>
        {
            LanguageRunOptions options = LanguageRunOptions.For(place, bytes, task);
            if (settings is not null) options = LanguageRunJson.Change(options, settings, config!);
            return LanguageRunJson.Change(options, changes, "the command line") with { Data = place };
        }, work, task);

        static string? NameOf(JsonObject? settings) => settings?["task"] is JsonValue value && value.TryGetValue(out string? name) ? name : null;
    }

    private static IReadOnlyList<StepMetrics> MetricsBefore(LanguageTraining training)
        => File.Exists(training.Folder.MetricsPath) ? MetricsFile.Read(training.Folder.MetricsPath) : [];

    private static void Introduce(LanguageTraining training, Output output)
    {
        output.Say(training.Options.Model.Describe());
        output.Say($"{training.Model.ParameterCount:N0} parameters, {training.Model.ActiveParameterCount:N0} active for a token; run folder {training.Folder.Path}");
        if (training.Remark is { } remark) output.Say(remark);
    }

    private static string Describe(long step, Evaluation evaluation) => $"step {step:N0}: held-out {((LanguageEvaluation)evaluation).Headline}";

    /// <summary>How a phase began; copies under weights that sum to one are the same function, and anything else is told.</summary>
    private static void Describe(PhaseEntry entry, LanguageTraining training, Output output)
    {
        string losses = entry is { Before: { } before, After: { } after } ? string.Create(CultureInfo.InvariantCulture, $": held-out loss {before:f5} before, {after:f5} after") : "";
        output.Say($"step {entry.Step:N0}: phase '{entry.Phase.Name}'{losses}");
        if (training.Task.SpawnOf(entry.Phase) is not { Mode: var mode }) return;
        int experts = training.Options.Model.Experts;
        if (mode != SpawnMode.Copy) output.Say($"  each block became {experts} experts by {mode}, which changes the function");
        else if (entry.PreservesLoss) output.Say($"  each block became {experts} copies, and the function is preserved");
        else output.Warn($"each block became {experts} copies, and the function is not preserved: the gate's weights do not sum to one");
    }

    private static JsonObject Summary(LanguageTraining training, TrainingResult result, LanguageEvaluation evaluation, StepMetrics? last, double tokensPerSecond)
    {
        JsonObject summary = new()
        {
            ["run"] = training.Folder.Path,
            ["task"] = training.Options.Task,
            ["steps"] = result.State.Step,
            ["tokens"] = result.State.Tokens,
            ["train_loss"] = last?.TrainLoss,
        };
        foreach ((string name, double? value) in evaluation.Summary) summary[name] = value;
        summary["tokens_per_second"] = tokensPerSecond;
        summary["model_flops_utilisation"] = tokensPerSecond * training.Model.TrainingFlopsPerToken / Benchmarks.MatrixPeak.Measure();
        summary["parameters"] = new JsonObject { ["total"] = training.Model.ParameterCount, ["active"] = training.Model.ActiveParameterCount };
        summary["dropped_fraction"] = evaluation.DroppedFraction;
        summary["expert_load"] = new JsonArray([.. evaluation.Layers.Select(static layer => (JsonNode)new JsonObject { ["layer"] = layer.Layer, ["max_over_mean"] = layer.MaxOverMean, ["entropy"] = layer.Entropy })]);
        summary["report"] = training.Folder.ReportPath;
        return summary;
    }
}

using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Switchyard.Collectives;
using Switchyard.Language.Runs;
using Switchyard.Training;
using Switchyard.Training.Reports;

namespace Switchyard.Cli.Commands;

/// <summary><c>train</c>: a sparse language model from text.</summary>
internal sealed class TrainCommand
{
    private const string RunsFolder = "runs";

    // The defaults for texts of a hundred kilobytes, a megabyte and a hundred megabytes.
    private static readonly Lazy<JsonObject[]> SizeDefaults = new(static () =>
        [.. new long[] { 100_000, 1_000_000, 100_000_000 }.Select(static bytes => LanguageRunJson.Write(LanguageRunOptions.For("text", bytes)))]);

    private readonly Option<string?> _data = new("--data") { Description = "A text file, a folder of texts or a pattern; without it a built-in generated text is used", HelpName = "PATH" };
    private readonly Option<string?> _config = new("--config") { Description = "A file of settings, such as the config.json of a run; options given here count more", HelpName = "FILE" };
    private readonly Option<string?> _out = new("--out") { Description = "The folder of the run; without it a new one in runs/", HelpName = "DIR" };
    private readonly Option<string?> _resume = new("--resume") { Description = "Goes on with the run in this folder, from its newest good checkpoint", HelpName = "DIR" };
    private readonly Option<string[]> _knobs = new("--knob") { Description = "Turns a knob of the gate, such as groups=4; may be given again", HelpName = "KEY=VALUE" };
    private readonly Option<int> _threads = SharedOptions.Threads();
    private readonly Option<int> _ranks = SharedOptions.Ranks();
    private readonly List<(Option Option, string Key, Func<ParseResult, JsonNode?> Value)> _settings = [];

    private TrainCommand()
    {
        AddText("--tokenizer", "tokenizer", "bytes, or bpe:N to learn byte pairs from the text", "KIND");
        AddText("--architecture", "model.architecture", "decoder, or lstm-moe: an LSTM, a mixture and an LSTM", "NAME");
        AddWhole("--layers", "model.layers", "Transformer blocks");
        AddWhole("--width", "model.width", "Length of a hidden vector");
        AddWhole("--heads", "model.heads", "Attention heads");
        AddWhole("--kv-heads", "model.key_value_heads", "Key/value heads, each shared by several heads");
        AddWhole("--hidden", "model.hidden", "Inner width of each expert");
        AddWhole("--experts", "model.experts", "Experts in a mixture layer; 0 trains a dense model");
        AddWhole("--top-k", "model.routing.top_k", "Experts that see each token", "K");
        AddText("--gate", "model.gate", "Which gate; 'switchyard gates' lists them with their knobs", "NAME");
        AddNumber("--capacity-factor", "model.routing.capacity_factor", "Slots per expert as a multiple of an even share; without it no token is dropped");
        AddNumber("--balance", "model.routing.balance_coefficient", "Weight of the load-balance loss");
        AddNumber("--z-loss", "model.routing.z_coefficient", "Weight of the router z-loss");
        AddFlag("--shared-mix", "model.shared_mix", "The expert that sees every token is weighed by a sigmoid that is learnt");
        AddWhole("--mixture-every", "model.mixture_every", "Every n-th layer has experts, the others are dense");
        AddWhole("--shared-hidden", "model.shared_hidden", "Inner width of an expert that sees every token; 0 for none");
        AddWhole("--context", "model.context", "Tokens that the model sees at once");
        AddNumber("--dropout", "model.dropout", "Share of hidden numbers dropped while training");
        AddWhole("--tokens", "learning.tokens", "Tokens to train on");
        AddWhole("--steps", "learning.steps", "Optimiser steps to train for");
        AddNumber("--minutes", "learning.minutes", "Minutes to train for");
        AddWhole("--batch", "learning.batch", "Windows per micro-batch");
        AddWhole("--micro-batches", "learning.micro_batches", "Micro-batches per optimiser step");
        AddNumber("--learning-rate", "learning.learning_rate", "The largest learning rate");
        AddWhole("--warm-up", "learning.warm_up_steps", "Steps over which the learning rate rises");
        AddNumber("--weight-decay", "learning.weight_decay", "Decay of matrices");
        AddWhole("--evaluate-every", "learning.evaluate_every", "Steps between evaluations on the held-out text");
        AddWhole("--checkpoint-every", "learning.checkpoint_every", "Steps between checkpoints");
        Add<ulong>("--seed", "learning.seed", "Seed of the random numbers; the same seed gives the same result", "N", static value => value);
    }

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        TrainCommand train = new();
        RunnableCommand command = new(
            "train",
            "Trains a sparse language model on your text, and writes a run folder with checkpoints, metrics and a report.",
            train.Run,
            new Example("switchyard train", "Trains on a built-in text in a few minutes, and shows which expert learns what."),
            new Example("switchyard train --data book.txt", "Trains on your text with settings that fit its size."),
            new Example("switchyard train --data texts/ --tokenizer bpe:4096 --experts 16 --tokens 20000000 --out runs/mine", "Chooses the tokenizer, the experts, the length and the folder."),
            new Example("switchyard train --gate sigmoid-bias --knob bias_rate=0.01", "Chooses the gate, and turns one of its knobs."),
            new Example("switchyard train --ranks 2", "Shares experts and batches out among two ranks of this process; under mpirun the ranks are its processes."),
            new Example("switchyard train --resume runs/mine", "Goes on where the run was stopped or killed, to the same bits."));
        command.Add(train._data);
        command.Add(train._config);
        command.Add(train._out);
        command.Add(train._resume);
        foreach ((Option option, _, _) in train._settings) command.Add(option);
        command.Add(train._knobs);
        command.Add(train._threads);
        command.Add(train._ranks);
        return command;
    }

    private void AddFlag(string name, string key, string description) => Add<bool>(name, key, description, "", static value => value);

    private void AddText(string name, string key, string description, string helpName) => Add<string>(name, key, description, helpName, static value => value);

    private void AddWhole(string name, string key, string description, string helpName = "N") => Add<long>(name, key, description, helpName, static value => value);

    private void AddNumber(string name, string key, string description) => Add<double>(name, key, description, "X", static value => value).AcceptFinite();

    private Option<T> Add<T>(string name, string key, string description, string helpName, Func<T, JsonNode?> toJson)
    {
        Option<T> option = new(name) { Description = description + DefaultOf(key), HelpName = helpName };
        _settings.Add((option, key, parse => parse.GetValue(option) is { } value ? toJson(value) : null));
        return option;
    }

    // What a setting is where nobody gives it; some depend on the text.
    private static string DefaultOf(string key)
    {
        string?[] values = [.. SizeDefaults.Value.Select(options => key.Split('.').Aggregate<string, JsonNode?>(options, static (node, part) => node?[part])?.ToString()).Distinct()];
        return values is [null] ? "" : values is [string one] ? $" [default: {one}]" : " [default: by the size of the text]";
    }

    private void Run(ParseResult parse, Output output, CancellationToken interrupted)
        => RankLaunch.Run(parse.GetValue(_ranks), parse.GetValue(_threads), ranks => Train(parse, ranks is { Rank: > 0 } ? Output.ToNobody() : output, ranks, interrupted));

    private void Train(ParseResult parse, Output output, ProcessGroup? ranks, CancellationToken interrupted)
    {
        WorkDisplay work = new(output);
        using LanguageTraining training = ranks is null ? Open(parse, output, work) : Open(parse, output, work, ranks);
        long tokensPerStep = training.Task.TokensPerMicroBatch * training.Options.Learning.MicroBatches;
        long? total = training.Plan.TotalSteps(training.Task.TokensPerMicroBatch) * tokensPerStep;
        if (ranks is null) Introduce(training, output);

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
                        progress.Report(metrics.Tokens, new Figure("loss", metrics.TrainLoss));
                    },
                    Evaluated = (step, evaluation) => output.Say(Describe(step, evaluation)),
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
        if (last is null && MetricsFile.Read(training.Folder.MetricsPath) is [.., var recorded]) last = recorded;
        double rate = seconds > 0 ? tokens / seconds : last?.TokensPerSecond ?? 0;
        // A rank has only some of the experts: its report is made with the checkpoint, which has all.
        using LanguageTraining? gathered = ranks is null ? null : LanguageTraining.Resume(training.Folder.Path);
        gathered?.Run(new TrainingObserver(), TimeProvider.System, interrupted);
        LanguageTraining whole = gathered ?? training;
        string sample = LanguageReport.Write(whole, TypedLine.Of(parse), TimeSpan.FromSeconds(result.State.ElapsedSeconds));
        LanguageEvaluation evaluation = (LanguageEvaluation)(result.Evaluation ?? whole.Task.Evaluate(work, interrupted));
        output.WriteLine(sample);
        output.WriteLine();
        output.WriteLine($"{evaluation.Text.NatsPerByte:f4} nats per byte on the held-out text ({evaluation.Text.NatsPerToken:f4} per token, perplexity {evaluation.Text.Perplexity:f2})");
        output.WriteLine($"run:    {training.Folder.Path}");
        output.WriteLine($"report: {training.Folder.ReportPath}");
        if (output.Json) output.Result(Summary(whole, result, evaluation, last, rate));
    }

    /// <summary>Rank 0 begins the run; the others take up what it wrote.</summary>
    private LanguageTraining Open(ParseResult parse, Output output, WorkDisplay work, ProcessGroup ranks)
    {
        LanguageTraining? training = ranks.Rank == 0 ? Open(parse, output, work) : null;
        string folder = ranks.Share(training is null ? null : Path.GetFullPath(training.Folder.Path));
        training ??= LanguageTraining.Resume(folder);
        Introduce(training, output);
        training.Distribute(ranks);
        output.Say($"{ranks.Size} ranks ({ranks.Topology}), each with its share of the experts and of every micro-batch");
        return training;
    }

    private LanguageTraining Open(ParseResult parse, Output output, WorkDisplay work)
    {
        JsonObject changes = Changes(parse);
        string? data = parse.GetValue(_data), config = parse.GetValue(_config);
        if (parse.GetValue(_resume) is { } folder)
        {
            if (data is not null || config is not null || parse.GetValue(_out) is not null || changes.Count > 0)
                throw new ArgumentException("--resume goes on with the settings that the run began with: give no others beside it, except --threads and --ranks");
            return LanguageTraining.Resume(folder);
        }
        JsonObject? settings = config is null ? null : LanguageRunJson.Read(config);
        if (settings is not null) data ??= LanguageRunJson.Change(new LanguageRunOptions(), settings, config!).Data;
        if (data is null) output.Say("no --data given: training on a built-in generated text of six domains whose entropy is known");
        return LanguageTraining.Begin(parse.GetValue(_out) ?? RunFolder.NewPath(RunsFolder, DateTimeOffset.Now), data, (place, bytes) =>
        {
            LanguageRunOptions options = LanguageRunOptions.For(place, bytes);
            if (settings is not null) options = LanguageRunJson.Change(options, settings, config!);
            return LanguageRunJson.Change(options, changes, "the command line") with { Data = place };
        }, work);
    }

    private JsonObject Changes(ParseResult parse)
    {
        JsonObject changes = [];
        foreach ((Option option, string key, Func<ParseResult, JsonNode?> value) in _settings)
        {
            if (parse.GetResult(option) is not { Implicit: false }) continue;
            Set(changes, key, value(parse));
        }
        foreach (string knob in parse.GetValue(_knobs) ?? [])
        {
            if (knob.Split('=', 2) is not [{ Length: > 0 } key, { Length: > 0 } text]) throw new ArgumentException($"'{knob}' turns no knob: give KEY=VALUE, such as groups=4");
            Set(changes, $"model.routing.{key}", KnobValue(text));
        }
        return changes;
    }

    private static void Set(JsonObject changes, string key, JsonNode? value)
    {
        JsonObject place = changes;
        string[] path = key.Split('.');
        foreach (string part in path[..^1])
        {
            if (place[part] is not JsonObject inner) place[part] = inner = [];
            place = inner;
        }
        place[path[^1]] = value;
    }

    /// <summary>A number, true, false or null as such; every other word as text.</summary>
    private static JsonNode? KnobValue(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return text;
        }
    }

    private static void Introduce(LanguageTraining training, Output output)
    {
        output.Say(training.Options.Model.Describe());
        output.Say($"{training.Model.ParameterCount:N0} parameters, {training.Model.ActiveParameterCount:N0} active for a token; run folder {training.Folder.Path}");
    }

    private static string Describe(long step, Evaluation evaluation)
        => evaluation is LanguageEvaluation language
            ? $"step {step:N0}: held-out {language.Text.NatsPerByte:f4} nats per byte"
            : $"step {step:N0}: held-out loss {evaluation.Loss:f4}";

    private static JsonObject Summary(LanguageTraining training, TrainingResult result, LanguageEvaluation evaluation, StepMetrics? last, double tokensPerSecond) => new()
    {
        ["run"] = training.Folder.Path,
        ["steps"] = result.State.Step,
        ["tokens"] = result.State.Tokens,
        ["train_loss"] = last?.TrainLoss,
        ["validation_loss"] = evaluation.Text.NatsPerToken,
        ["nats_per_byte"] = evaluation.Text.NatsPerByte,
        ["perplexity"] = evaluation.Text.Perplexity,
        ["source_nats_per_byte"] = training.Generated?.NatsPerByte,
        ["tokens_per_second"] = tokensPerSecond,
        ["model_flops_utilisation"] = tokensPerSecond * training.Model.TrainingFlopsPerToken / Benchmarks.MatrixPeak.Measure(),
        ["parameters"] = new JsonObject { ["total"] = training.Model.ParameterCount, ["active"] = training.Model.ActiveParameterCount },
        ["dropped_fraction"] = evaluation.Text.DroppedFraction,
        ["expert_load"] = new JsonArray([.. evaluation.Layers.Select(static layer => (JsonNode)new JsonObject { ["layer"] = layer.Layer, ["max_over_mean"] = layer.MaxOverMean, ["entropy"] = layer.Entropy })]),
        ["report"] = training.Folder.ReportPath,
    };
}

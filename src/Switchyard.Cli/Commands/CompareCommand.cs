using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Switchyard.Files;
using Switchyard.Language.Comparisons;
using Switchyard.Language.Runs;
using Switchyard.Tensors.Kernels;
using Switchyard.Training;
using Switchyard.Training.Reports;

namespace Switchyard.Cli.Commands;

/// <summary><c>compare</c>: recipes with several seeds each, and which differences are sure.</summary>
internal sealed class CompareCommand
{
    private const string ResultName = "comparison.json";

    private readonly Option<string> _task = new("--task") { Description = "What is learnt: lm, mlm or translation", HelpName = "NAME", DefaultValueFactory = _ => LanguageRunOptions.Causal };
    private readonly Option<string?> _data = new("--data") { Description = "A text file, a folder of texts or a pattern, or two files of lines; without it the built-in generated text", HelpName = "PATH" };
    private readonly Option<string?> _config = new("--config") { Description = "A file of settings that all runs share; without it a small model", HelpName = "FILE" };
    private readonly Option<string> _recipes = new("--recipes") { Description = "Names of recipes, with commas between", HelpName = "A,B", DefaultValueFactory = _ => "dense,switch,base,hash,stablemoe,evomoe" };
    private readonly Option<string> _seeds = new("--seeds") { Description = "Seeds, with commas between", HelpName = "1,2", DefaultValueFactory = _ => "1,2,3" };
    private readonly Option<long?> _steps = new("--steps") { Description = "Optimiser steps of every run [default: 3000, or 6000 for mlm]", HelpName = "N" };
    private readonly Option<double?> _flops = new("--flops") { Description = "Floating-point operations of every run, instead of steps", HelpName = "X" };
    private readonly Option<string> _out = new("--out") { Description = "The folder of all runs; what is done there is not done again", HelpName = "DIR", Required = true };
    private readonly Option<int> _processes = new("--processes") { Description = "Runs that train at the same time, each in a process of its own", HelpName = "N", DefaultValueFactory = _ => 1 };
    private readonly Option<int> _threads = SharedOptions.Threads();

    private CompareCommand() => _processes.AcceptAtLeast(1);

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        CompareCommand compare = new();
        return new RunnableCommand(
            "compare",
            "Trains every recipe with every seed, and tells which differences are sure.",
            compare.Run,
            new Example("switchyard compare --data book.txt --recipes switch,evomoe --seeds 1,2,3 --steps 3000 --out runs/comparison", "Compares two recipes over three seeds at equal steps."),
            new Example("switchyard compare --data book.txt --recipes switch,evomoe --flops 5e12 --out runs/equal --processes 2", "Compares them at equal operations, two runs at a time."))
        {
            compare._task, compare._data, compare._config, compare._recipes, compare._seeds, compare._steps, compare._flops, compare._out, compare._processes, compare._threads,
        };
    }

    private void Run(ParseResult parse, Output output, CancellationToken interrupted)
    {
        int threads = parse.GetValue(_threads), processes = parse.GetValue(_processes);
        WorkerPool.Threads = threads;
        Comparison comparison = new(parse.GetRequiredValue(_out), Options(parse));
        WorkDisplay work = new(output);
        using (Progress progress = output.Progress("comparing", "runs", comparison.Runs.Count))
        {
            foreach (ComparisonRun run in comparison.Runs) run.Begin(comparison.Options.Of(run.Recipe, run.Seed), work);
            ComparisonRun[] left = [.. comparison.Runs.Where(static run => !run.IsDone())];
            int done = comparison.Runs.Count - left.Length;
            progress.Start = done;
            if (done > 0) output.Say($"{done} of {comparison.Runs.Count} runs were done before");
            void Finished(ComparisonRun run)
            {
                output.Say(string.Create(CultureInfo.InvariantCulture, $"{run.Recipe}, seed {run.Seed}: held-out loss {RunCurve.Of(run.Metrics()).FinalLoss:f4}"));
                progress.Report(++done);
            }
            if (processes > 1) TrainingProcesses.Run(left, processes, Math.Max(1, threads / processes), Finished, interrupted);
            else foreach (ComparisonRun run in left) Train(run, TypedLine.Of(parse), work, Finished, interrupted);
            if (interrupted.IsCancellationRequested)
            {
                output.Say("saved; go on with the same command");
                return;
            }
        }
        Report(comparison, TypedLine.Of(parse), output);
    }

    private ComparisonOptions Options(ParseResult parse)
    {
        LanguageRunOptions run = ComparisonOptions.Protocol(parse.GetRequiredValue(_task));
        if (parse.GetValue(_config) is { } config) run = LanguageRunJson.Change(run, LanguageRunJson.Read(config), config);
        (long? steps, double? flops) = (parse.GetValue(_steps), parse.GetValue(_flops));
        if (steps is not null && flops is not null) throw new ArgumentException("runs are compared at equal steps or at equal operations: give --steps or --flops");
        LearningOptions learning = run.Learning;
        if (steps is not null || flops is not null) learning = learning with { Steps = steps, Flops = flops, Tokens = null, Minutes = null };
        return new ComparisonOptions
        {
            Recipes = [.. Words(parse.GetRequiredValue(_recipes))],
            Seeds = [.. Words(parse.GetRequiredValue(_seeds)).Select(static word => ulong.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed) ? seed : throw new ArgumentException($"'{word}' is no seed: give whole numbers with commas between"))],
            Run = run with { Data = parse.GetValue(_data) ?? run.Data, Learning = learning },
        };
    }

    private static string[] Words(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static void Train(ComparisonRun run, string commandLine, WorkDisplay work, Action<ComparisonRun> finished, CancellationToken interrupted)
    {
        if (interrupted.IsCancellationRequested) return;
        using LanguageTraining training = LanguageTraining.Resume(run.Path);
        TrainingResult result = training.Run(new TrainingObserver { Working = work }, TimeProvider.System, interrupted);
        if (result.IsInterrupted) return;
        LanguageReport.Write(training, commandLine, TimeSpan.FromSeconds(result.State.ElapsedSeconds));
        finished(run);
    }

    private static void Report(Comparison comparison, string commandLine, Output output)
    {
        ComparisonResult result = comparison.Result();
        string report = Path.Combine(comparison.Folder, TrainingReport.FileName);
        string title = comparison.Options.Run.Data is { } data ? Path.GetFileName(data) : "The built-in text";
        AtomicFile.WriteText(report, ComparisonReport.Compose(title, commandLine, result).Render());
        AtomicFile.WriteText(Path.Combine(comparison.Folder, ResultName), result.ToJson().ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
        foreach (RecipeResult recipe in result.Recipes) output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{recipe.Recipe,-20} held-out loss {Text(recipe.ValidationLoss)}, {recipe.Flops:0.00e+0} operations"));
        foreach (PairedResult pair in result.Pairs) output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{pair.Recipe.Recipe} - {pair.Against.Recipe}: {Text(pair.ValidationLoss)}{(pair.ValidationLoss.ExcludesZero ? "" : ", not sure")}"));
        output.WriteLine($"report: {report}");
        if (output.Json) output.Result(result.ToJson());
    }

    private static string Text(MeanInterval interval) => interval.HalfWidth is { } half ? string.Create(CultureInfo.InvariantCulture, $"{interval.Mean:f4} ± {half:f4}") : string.Create(CultureInfo.InvariantCulture, $"{interval.Mean:f4}");
}

using System.CommandLine;
using System.Text.Json.Nodes;
using Switchyard.Experts.Classic;
using Switchyard.Tensors.Kernels;
using Switchyard.Training;
using Switchyard.Training.Mixtures;

namespace Switchyard.Cli.Commands;

/// <summary><c>mixture fit</c>: a mixture of experts from a CSV file.</summary>
internal sealed class MixtureFitCommand
{
    private readonly Option<string> _data = new("--data") { Description = "A CSV file whose first line names the columns", HelpName = "CSV", Required = true };
    private readonly Option<string> _target = new("--target") { Description = "The column to predict: numbers, or labels for classes", HelpName = "COLUMN", Required = true };
    private readonly Option<string?> _features = new("--features") { Description = "The columns to predict from; without it all that hold numbers only", HelpName = "A,B,.." };
    private readonly Option<string?> _log = new("--log") { Description = "Those features whose logarithm is taken", HelpName = "A,B,.." };
    private readonly Option<string?> _group = new("--group") { Description = "A column whose equal values never stand on both sides of the split", HelpName = "COLUMN" };
    private readonly Option<double> _heldOut = new("--held-out") { Description = "The share of the rows, or of the groups, that is held out", HelpName = "X", DefaultValueFactory = _ => 0.2 };
    private readonly Option<int> _experts = new("--experts") { Description = "How many experts", HelpName = "N", DefaultValueFactory = _ => 4 };
    private readonly Option<int> _levels = new("--levels") { Description = "1, or 2 for a gate of gates", HelpName = "N", DefaultValueFactory = _ => 1 };
    private readonly Option<ExpertKind> _expert = NamedChoice.Option("--expert", "linear; logistic, which takes every target for a class; or mlp", ExpertKind.Linear);
    private readonly Option<int> _hidden = new("--hidden") { Description = "Hidden units of an mlp expert", HelpName = "N", DefaultValueFactory = _ => 8 };
    private readonly Option<FitMethod> _method = NamedChoice.Option("--method", "em, or gradient", FitMethod.Em);
    private readonly Option<MixtureLoss> _loss = NamedChoice.Option("--loss", "competitive; or with --method gradient cooperative, for contrast", MixtureLoss.Competitive);
    private readonly Option<int?> _iterations = new("--iterations") { Description = "The most iterations: 200 of em, 1000 gradient steps unless given", HelpName = "N" };
    private readonly Option<double?> _ridge = new("--ridge") { Description = "How strongly the experts' parameters are drawn to 0: 0.001 for numbers, 0.1 for classes unless given", HelpName = "X" };
    private readonly Option<double?> _gateRidge = new("--gate-ridge") { Description = "The same for the gates: 0.001 for numbers, 1 for classes unless given", HelpName = "X" };
    private readonly Option<ulong> _seed = SharedOptions.Seed();
    private readonly Option<string?> _out = new("--out") { Description = "The folder of the run; without it a new one in runs/", HelpName = "DIR" };
    private readonly Option<int> _threads = SharedOptions.Threads();

    private MixtureFitCommand()
    {
        _experts.AcceptAtLeast(1);
        _hidden.AcceptAtLeast(1);
        _heldOut.AcceptFinite();
    }

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        MixtureFitCommand fit = new();
        return new RunnableCommand(
            "fit",
            "Fits a classic mixture of experts to a CSV file, and writes a run folder with the model and a report.",
            fit.Run,
            new Example("switchyard mixture fit --data vowels.csv --target vowel --group speaker --features f0,f1,f2,f3 --log f0,f1,f2,f3", "Learns to tell vowels apart, and tests it on speakers that it never heard."),
            new Example("switchyard mixture fit --data points.csv --target y --experts 2 --out runs/lines", "Fits two straight lines and the gate between them."),
            new Example("switchyard mixture fit --data points.csv --target y --experts 4 --levels 2 --expert mlp --method gradient", "Fits a gate of two gates over four small networks."))
        {
            fit._data, fit._target, fit._features, fit._log, fit._group, fit._heldOut, fit._experts, fit._levels, fit._expert, fit._hidden,
            fit._method, fit._loss, fit._iterations, fit._ridge, fit._gateRidge, fit._seed, fit._out, fit._threads,
        };
    }

    private void Run(ParseResult parse, Output output, CancellationToken interrupted)
    {
        WorkerPool.Threads = parse.GetValue(_threads);
        MixtureData data = MixtureData.Load(OptionsOf(parse));
        MixtureConfig config = data.Config;
        RunFolder folder = RunFolder.At(parse.GetValue(_out) ?? RunFolder.NewPath(DateTimeOffset.Now));
        folder.Start(config.ToJson());
        output.Say($"{data.Fitted.Count} rows to fit, {data.HeldOut.Count} held out; {(config.Classes is { } classes ? $"{classes.Count} classes" : "a number")} from {string.Join(", ", config.Features.Select(feature => feature.Logarithm ? $"ln {feature.Name}" : feature.Name))}");

        using ClassicMixture mixture = new(config.Model);
        MixtureRun run = new(config, mixture);
        MixtureFit fit;
        using (Progress progress = output.Progress("fitting", "iterations", config.Run.Iterations))
            fit = run.Fit(data.Fitted, (iteration, point) => progress.Report(iteration, new Figure("log-likelihood", point.LogLikelihood)), interrupted);
        run.Save(folder);
        MixtureMetrics.Write(folder, fit);
        MixtureReport.Write(folder, run, data, fit, TypedLine.Of(parse));
        Tell(output, folder, run, data, fit);
    }

    private MixtureRunOptions OptionsOf(ParseResult parse) => new()
    {
        Data = parse.GetRequiredValue(_data),
        Target = parse.GetRequiredValue(_target),
        Features = Names(parse.GetValue(_features)),
        Log = Names(parse.GetValue(_log)),
        Group = parse.GetValue(_group),
        HeldOut = parse.GetValue(_heldOut),
        Experts = parse.GetValue(_experts),
        Levels = parse.GetValue(_levels),
        Expert = parse.GetValue(_expert),
        Hidden = parse.GetValue(_hidden),
        Method = parse.GetValue(_method),
        Loss = parse.GetValue(_loss),
        Iterations = parse.GetValue(_iterations),
        Ridge = parse.GetValue(_ridge),
        GateRidge = parse.GetValue(_gateRidge),
        Seed = parse.GetValue(_seed),
    };

    private static void Tell(Output output, RunFolder folder, MixtureRun run, MixtureData data, MixtureFit fit)
    {
        bool isClass = run.Config.Classes is not null;
        MixturePredictions fitted = run.Predict(data.Fitted);
        MixturePredictions? heldOut = data.HeldOut.Count > 0 ? run.Predict(data.HeldOut) : null;
        string Score(MixturePredictions predictions) => isClass ? $"{predictions.Score:p1} right" : $"mean squared error {predictions.Score:g4}";
        if (heldOut is not null) output.WriteLine($"held out: {Score(heldOut)}, log-likelihood {heldOut.LogLikelihood / data.HeldOut.Count:f4} per row");
        output.WriteLine($"fitted:   {Score(fitted)}, log-likelihood {fitted.LogLikelihood / data.Fitted.Count:f4} per row, after {fit.Iterations} iterations{(fit.NeverFell ? "" : "; less the ridge, it fell on the way")}");
        if (fit.Collapsed.Count > 0) output.Warn($"of the experts {string.Join(", ", fit.Collapsed)} own next to no row: fewer would do");
        output.WriteLine($"run:      {folder.Path}");
        output.WriteLine($"report:   {folder.ReportPath}");
        if (!output.Json) return;
        double[] totals = [.. Enumerable.Range(0, run.Config.Model.Experts).Select(expert => fitted.Responsibilities!.Sum(row => row[expert]))];
        output.Result(new JsonObject
        {
            ["run"] = folder.Path,
            [isClass ? "held_out_accuracy" : "held_out_mse"] = heldOut?.Score,
            [isClass ? "accuracy" : "mse"] = fitted.Score,
            ["held_out_log_likelihood"] = heldOut?.LogLikelihood,
            ["log_likelihood"] = new JsonArray([.. fit.Trace.Select(point => (JsonNode)point.LogLikelihood)]),
            ["penalised_log_likelihood"] = new JsonArray([.. fit.Trace.Select(point => (JsonNode)point.Penalised)]),
            ["log_likelihood_never_fell"] = fit.NeverFell,
            ["iterations"] = fit.Iterations,
            ["converged"] = fit.Converged,
            ["rows"] = data.Fitted.Count,
            ["held_out_rows"] = data.HeldOut.Count,
            ["features"] = new JsonArray([.. run.Config.Features.Select(feature => (JsonNode)feature.Name)]),
            ["classes"] = run.Config.Classes is { } classes ? new JsonArray([.. classes.Select(label => (JsonNode)label)]) : null,
            ["experts"] = run.Config.Model.Experts,
            ["expert_share"] = new JsonArray([.. totals.Select(total => (JsonNode)(total / data.Fitted.Count))]),
            ["collapsed"] = new JsonArray([.. fit.Collapsed.Select(expert => (JsonNode)expert)]),
            ["report"] = folder.ReportPath,
        });
    }

    private static string[] Names(string? list) => list?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
}

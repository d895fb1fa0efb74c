using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Switchyard.Files;
using Switchyard.Ranking.Bias;
using Switchyard.Ranking.Features;
using Switchyard.Ranking.Metrics;
using Switchyard.Ranking.Networks;
using Switchyard.Ranking.Runs;
using Switchyard.Tensors.Kernels;
using Switchyard.Training;
using Switchyard.Training.Reports;

namespace Switchyard.Cli.Commands;

/// <summary><c>rank compare</c>: several models over several seeds, pair by pair, with intervals.</summary>
internal sealed class RankCompareCommand
{
    private readonly RankingSettings _settings = new();
    private readonly Option<string?> _models = new("--models") { Description = "Networks to compare; the first is what the others are held against", HelpName = "A,B,.." };
    private readonly Option<string?> _debiases = new("--debiases") { Description = "Means against position bias to compare, and oracle for a model that is told the truth", HelpName = "A,B,.." };
    private readonly Option<string[]> _against = new("--against") { Description = "One more model, which differs from what the other options say by these: '--experts 4 --gate-dropout 0'; may be given again", HelpName = "OPTIONS" };
    private readonly Option<int> _seeds = new("--seeds") { Description = "How many seeds", HelpName = "N", DefaultValueFactory = _ => 10 };
    private readonly Option<ulong> _firstSeed = new("--first-seed") { Description = "The first of them", HelpName = "N", DefaultValueFactory = _ => 1 };
    private readonly Option<string?> _data = new("--data") { Description = "A log; without it a simulated world for each seed", HelpName = "PATH" };
    private readonly Option<string?> _schema = new("--schema") { Description = "What its columns mean: a schema file, or the name of a built-in one", HelpName = "FILE" };
    private readonly Option<string?> _out = new("--out") { Description = "The folder of the comparison, with its report; what is done there is not done again. Without it a new one in runs/", HelpName = "DIR" };
    private readonly Option<int> _threads = SharedOptions.Threads();

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        RankCompareCommand compare = new();
        compare._seeds.AcceptAtLeast(1);
        RunnableCommand command = new(
            "compare",
            "Trains several models with several seeds on the same data, and states their differences pair by pair with 95 % intervals.",
            compare.Run,
            new Example("switchyard rank compare --debiases none,tower,oracle --seeds 3", "Says what de-biasing gains against the truth, and how sure that is."),
            new Example("switchyard rank compare --models shared-bottom,omoe,mmoe --seeds 3 --correlation -0.5 --out runs/networks", "Compares networks where two tasks want opposite things; the same line goes on if it was interrupted."),
            new Example("switchyard rank compare --gate-dropout 0 --against '--gate-dropout 0.1' --against '--gate-dropout 0.3' --seeds 3", "Compares settings of one network."));
        foreach (Option option in (Option[])[compare._models, compare._debiases, compare._against, compare._seeds, compare._firstSeed, compare._data, compare._schema, compare._out]) command.Add(option);
        compare._settings.AddTo(command);
        command.Add(compare._threads);
        return command;
    }

    private void Run(ParseResult parse, Output output, CancellationToken interrupted)
    {
        WorkerPool.Threads = parse.GetValue(_threads);
        FeatureSchema? schema = parse.GetValue(_data) is null ? null : BuiltInSchemas.Find(parse.GetValue(_schema) ?? throw new ArgumentException("--data needs --schema, which says what its columns mean"));
        int seeds = parse.GetValue(_seeds);
        Contender[] contenders = [.. Contenders(parse, schema).Select(contender => contender with { Options = contender.Options with { Data = parse.GetValue(_data) } })];
        string folder = parse.GetValue(_out) ?? RunFolder.NewPath(DateTimeOffset.Now);
        // A run has a report of its own, which is not to be written over.
        if (File.Exists(RunFolder.ConfigOf(folder))) throw new ArgumentException($"{folder} holds a run: name another folder for the comparison");
        ModelComparison comparison = new(contenders, schema, folder);
        using (Progress progress = output.Progress("comparing", "trainings", (long)contenders.Length * seeds))
        {
            int done = 0;
            try
            {
                for (int i = 0; i < seeds; i++) comparison.Run(parse.GetValue(_firstSeed) + (ulong)i, _ => progress.Report(++done), interrupted);
            }
            catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
            {
                output.Say($"{done} of {contenders.Length * seeds} trainings are done; go on with the same line and --out {folder}");
                throw;
            }
        }
        string report = Path.Combine(folder, TrainingReport.FileName);
        AtomicFile.WriteText(report, ModelComparisonReport.Compose(comparison, TypedLine.Of(parse)).Render());
        Tell(comparison, seeds, report, output);
    }

    private Contender[] Contenders(ParseResult parse, FeatureSchema? schema)
    {
        Contender[] contenders = [new("", Read(parse, schema, ""))];
        contenders = Varied(contenders, parse.GetValue(_models), static (own, name) => new(name, own.Options with { Network = own.Options.Network with { Kind = NamedChoice.Parse<NetworkKind>(name) } }));
        contenders = Varied(contenders, parse.GetValue(_debiases), static (own, name) => name == "oracle"
            ? new(name, own.Options with { Debiasing = own.Options.Debiasing with { Kind = Debiasing.None } }, IsOracle: true)
            : new(name, own.Options with { Debiasing = own.Options.Debiasing with { Kind = NamedChoice.Parse<Debiasing>(name) } }));
        string[] against = parse.GetValue(_against) ?? [];
        if (against.Any(string.IsNullOrWhiteSpace)) throw new ArgumentException("--against says nothing: give the options in which the model differs");
        if (contenders is [{ Name: "" } plain]) contenders = [plain with { Name = NameOf(parse, against) }];
        contenders = [.. contenders, .. against.Select(words => new Contender(words.Replace("--", "", StringComparison.Ordinal), Read(parse, schema, words)))];
        if (contenders.GroupBy(static one => one.Name).FirstOrDefault(static same => same.Count() > 1) is { Key: var twice }) throw new ArgumentException($"'{twice}' is compared with itself: name every model once");
        return contenders.Length > 1 ? contenders : throw new ArgumentException("one model compares with nothing: give two or more by --models, --debiases or --against");
    }

    /// <summary>What the model of the other options is called: by those in which the models differ.</summary>
    private string NameOf(ParseResult parse, string[] against)
    {
        string[] words = [.. against.SelectMany(static words => words.Split(' '))];
        string name = string.Join(' ', _settings.Given(parse).Where(option => words.Contains(option.Name)).Select(option => $"{option.Name[2..]} {parse.GetResult(option)!.Tokens[0].Value}"));
        return name.Length > 0 ? name : "defaults";
    }

    private RankingOptions Read(ParseResult parse, FeatureSchema? schema, string words)
    {
        RankingOptions options = _settings.Read(parse, words);
        // A log without positions has no bias that could be told apart.
        return schema is { Position: null } && !_settings.ChoosesDebiasing(parse) ? options with { Debiasing = options.Debiasing with { Kind = Debiasing.None } } : options;
    }

    private static Contender[] Varied(Contender[] contenders, string? names, Func<Contender, string, Contender> vary)
    {
        string[] list = names?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
        if (list.Length == 0) return contenders;
        return [.. contenders.SelectMany(own => list.Select(name =>
        {
            Contender varied = vary(own, name);
            return varied with { Name = own.Name.Length == 0 ? varied.Name : $"{own.Name}/{varied.Name}" };
        }))];
    }

    private static void Tell(ModelComparison comparison, int seeds, string report, Output output)
    {
        foreach (Contender contender in comparison.Contenders) output.WriteLine($"{contender.Name}: {comparison.DescriptionOf(contender.Name)}");
        JsonArray rows = [];
        foreach (string figure in comparison.Names)
        {
            Contender[] contenders = comparison.With(figure);
            string first = contenders[0].Name;
            double[] reference = comparison.Of(first, figure);
            output.WriteLine(Invariant($"{figure}: {first} {reference.Average():f4}"));
            JsonObject means = new() { [first] = RankingLines.Number(reference.Average()) }, values = new() { [first] = Values(reference) }, differences = [];
            foreach (Contender contender in contenders.Skip(1))
            {
                double[] own = comparison.Of(contender.Name, figure);
                PairedDifference difference = PairedDifference.Of(own, reference);
                output.WriteLine(Invariant($"  {contender.Name,-24} {own.Average():f4}  {difference.Mean:+0.0000;-0.0000} [{difference.Low:+0.0000;-0.0000}, {difference.High:+0.0000;-0.0000}], larger in {difference.Wins} of {difference.Pairs}, sign test {difference.SignTest:f3}{(ModelComparison.TwoProportions(figure, own, reference) is { } share ? Invariant($", two-proportion test {share:f3}") : "")}"));
                means[contender.Name] = RankingLines.Number(own.Average());
                values[contender.Name] = Values(own);
                differences[contender.Name] = new JsonObject { ["mean"] = RankingLines.Number(difference.Mean), ["low"] = RankingLines.Number(difference.Low), ["high"] = RankingLines.Number(difference.High), ["wins"] = difference.Wins, ["pairs"] = difference.Pairs, ["sign_test"] = difference.SignTest };
                if (ModelComparison.TwoProportions(figure, own, reference) is { } likely) differences[contender.Name]!["two_proportion_test"] = likely;
            }
            rows.Add((JsonNode)new JsonObject { ["figure"] = figure, ["reference"] = first, ["means"] = means, ["values"] = values, ["differences"] = differences });
        }
        output.WriteLine(Invariant($"differences to the first of each list, pair by pair over {seeds} seeds; in brackets 95 % of resampled means"));
        output.WriteLine($"report: {report}");
        if (output.Json) output.Result(new JsonObject { ["reference"] = comparison.Contenders[0].Name, ["seeds"] = seeds, ["figures"] = rows, ["report"] = report });
    }

    private static JsonArray Values(double[] own) => new([.. own.Select(RankingLines.Number)]);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

using System.CommandLine;
using System.Globalization;
using Switchyard.Experts.Gates;
using Switchyard.Ranking.Bias;
using Switchyard.Ranking.Losses;
using Switchyard.Ranking.Networks;
using Switchyard.Ranking.Runs;
using Switchyard.Ranking.Simulation;

namespace Switchyard.Cli;

/// <summary>The options that decide how a ranker is made and learns.</summary>
internal sealed class RankingSettings
{
    /// <summary>What <c>--combine</c> means.</summary>
    public const string CombineDescription = "How the scores of the tasks become one: their weighted sum or product, or an expression such as 'click * (1 + like) ^ 0.5' in + - * / ^ ( ) min max log exp sqrt";

    private static readonly RankingOptions Defaults = new();

    private readonly Option<NetworkKind> _model = NamedChoice.Option("--model", "How the tasks share", Defaults.Network.Kind);
    private readonly Option<Debiasing> _debias = NamedChoice.Option("--debias", "What is done about position bias", Defaults.Debiasing.Kind);
    private readonly Option<int> _experts = Whole("--experts", "Experts of youtube, mmoe and omoe", Defaults.Network.Experts);
    private readonly Option<int> _specific = Whole("--specific-experts", "Experts that each task has of its own in cgc and ple", Defaults.Network.SpecificExperts[0]);
    private readonly Option<int> _shared = Whole("--shared-experts", "Experts that the tasks share in cgc and ple", Defaults.Network.SharedExperts);
    private readonly Option<int> _levels = Whole("--levels", "Levels of ple", Defaults.Network.Levels);
    private readonly Option<string> _sharedWidths = Widths("--shared-widths", "Layers below the experts of youtube", Defaults.Network.SharedWidths);
    private readonly Option<string> _expertWidths = Widths("--expert-widths", "Layers of an expert", Defaults.Network.ExpertWidths);
    private readonly Option<string> _towerWidths = Widths("--tower-widths", "Hidden layers of a task's tower", Defaults.Network.TowerWidths);
    private readonly Option<double> _gateDropout = Number("--gate-dropout", "How likely an expert is left out of a gate's mixture while training", Defaults.Network.Gate.Dropout);
    private readonly Option<GateDropoutScope> _dropoutScope = NamedChoice.Option("--gate-dropout-scope", "For whom one draw of it holds", Defaults.Network.Gate.DropoutScope);
    private readonly Option<double> _positionDropout = Number("--position-dropout", "How likely a position is taken for missing while training", Defaults.Debiasing.PositionDropout);
    private readonly Option<CalibrationKind> _calibration = NamedChoice.Option("--calibration", "How heads are calibrated on the validation part", Defaults.Calibration);
    private readonly Option<string> _combine = new("--combine") { Description = CombineDescription, HelpName = "sum|product|EXPRESSION", DefaultValueFactory = _ => Defaults.Combination };
    private readonly Option<double> _passes = Number("--passes", "How often every example is seen", Defaults.Learning.Passes);
    private readonly Option<int> _batch = Whole("--batch", "Examples of a step", Defaults.Learning.Batch);
    private readonly Option<double> _rate = Number("--learning-rate", "The largest learning rate", Defaults.Learning.LearningRate);
    private readonly Option<TableRule> _tables = NamedChoice.Option("--tables", "By what rule tables of vectors learn", Defaults.Learning.Tables);
    private readonly Option<double> _tableDecay = Number("--table-decay", "By what share of the learning rate a step shrinks the rows that it touches", Defaults.Learning.TableDecay);
    private readonly Option<TaskWeighting> _weighting = NamedChoice.Option("--weighting", "How the losses of the tasks become one", Defaults.Learning.Weighting);
    private readonly Option<double> _heldOut = Number("--held-out", "The share held out for validation, and as large a share for the test", Defaults.HeldOut);
    private readonly Option<World> _world = NamedChoice.Option("--world", "What is simulated: pages of clicks, or the synthetic pair of regression tasks of Ma et al. (2018)", Defaults.Simulation.World);
    private readonly Option<ClickModel> _clicks = NamedChoice.Option("--clicks", "How people click in the simulated world", Defaults.Simulation.Clicks);
    private readonly Option<string> _policy = new("--policy") { Description = $"By what simulated pages are sorted: {string.Join(", ", LoggingPolicy.All.Select(static policy => policy.Name))}", HelpName = "NAME", DefaultValueFactory = _ => Defaults.Simulation.Policy };
    private readonly Option<int> _pages = Whole("--pages", "Simulated pages of ten candidates; of the synthetic world, tens of examples", Defaults.Simulation.Pages);
    private readonly Option<double> _correlation = Number("--correlation", "How much liking goes with relevance in the simulated world, or one synthetic task with the other, -1 to 1", Defaults.Simulation.Correlation);
    private readonly Option<ulong> _seed = SharedOptions.Seed();

    private Option[] All =>
    [
        _model, _debias, _experts, _specific, _shared, _levels, _sharedWidths, _expertWidths, _towerWidths, _gateDropout, _dropoutScope, _positionDropout,
        _calibration, _combine, _passes, _batch, _rate, _tables, _tableDecay, _weighting, _heldOut, _world, _clicks, _policy, _pages, _correlation, _seed,
    ];

    /// <summary>Gives the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in All) command.Add(option);
    }

    /// <summary>The options that somebody has given.</summary>
    public IEnumerable<Option> Given(ParseResult parse) => All.Where(option => parse.GetResult(option) is { Implicit: false });

    /// <summary>What was asked for, but for what some words say otherwise.</summary>
    /// <param name="parse">What was asked for.</param>
    /// <param name="words">Options with their values, such as <c>--experts 4 --gate-dropout 0</c>.</param>
    /// <exception cref="ArgumentException">The words are none.</exception>
    public RankingOptions Read(ParseResult parse, string words)
    {
        List<string> line = [.. words.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
        foreach (Option option in Given(parse).Where(option => !line.Contains(option.Name)).ToArray()) line.AddRange([option.Name, .. parse.GetResult(option)!.Tokens.Select(static token => token.Value)]);
        RankingSettings changed = new();
        Command command = new("settings");
        changed.AddTo(command);
        ParseResult result = command.Parse(line);
        if (result.Errors is [{ Message: var error }, ..]) throw new ArgumentException($"'{words}': {error}");
        return changed.Read(result);
    }

    /// <summary>What was asked for.</summary>
    public RankingOptions Read(ParseResult parse) => Defaults with
    {
        HeldOut = parse.GetValue(_heldOut),
        Calibration = parse.GetValue(_calibration),
        Combination = parse.GetRequiredValue(_combine),
        Simulation = Defaults.Simulation with
        {
            World = parse.GetValue(_world),
            Clicks = parse.GetValue(_clicks),
            Policy = parse.GetRequiredValue(_policy),
            Pages = parse.GetValue(_pages),
            HeldOutPages = Math.Max(1, Math.Min(Defaults.Simulation.HeldOutPages, parse.GetValue(_pages))),
            Correlation = parse.GetValue(_correlation),
            Seed = parse.GetValue(_seed),
        },
        Network = Defaults.Network with
        {
            Kind = parse.GetValue(_model),
            Experts = parse.GetValue(_experts),
            SpecificExperts = [parse.GetValue(_specific)],
            SharedExperts = parse.GetValue(_shared),
            Levels = parse.GetValue(_levels),
            SharedWidths = Parse(parse.GetRequiredValue(_sharedWidths)),
            ExpertWidths = Parse(parse.GetRequiredValue(_expertWidths)),
            TowerWidths = Parse(parse.GetRequiredValue(_towerWidths)),
            Gate = new SoftOptions { Dropout = parse.GetValue(_gateDropout), DropoutScope = parse.GetValue(_dropoutScope) },
        },
        Debiasing = Defaults.Debiasing with { Kind = ChoosesDebiasing(parse) || parse.GetValue(_world) != World.Synthetic ? parse.GetValue(_debias) : Debiasing.None, PositionDropout = parse.GetValue(_positionDropout) },
        Learning = Defaults.Learning with
        {
            Passes = parse.GetValue(_passes),
            Batch = parse.GetValue(_batch),
            LearningRate = parse.GetValue(_rate),
            Tables = parse.GetValue(_tables),
            TableDecay = parse.GetValue(_tableDecay),
            Weighting = parse.GetValue(_weighting),
            Seed = parse.GetValue(_seed),
        },
    };

    /// <summary>Whether somebody chose what is done about position bias.</summary>
    public bool ChoosesDebiasing(ParseResult parse) => parse.GetResult(_debias) is { Implicit: false };

    private static int[] Parse(string widths) => [.. widths.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(
        static width => int.TryParse(width, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : throw new ArgumentException($"a layer of width '{width}': give whole numbers such as 64,32"))];

    private static Option<string> Widths(string name, string description, IReadOnlyList<int> value) => new(name)
    {
        Description = description,
        HelpName = "N,N,..",
        DefaultValueFactory = _ => string.Join(',', value),
    };

    private static Option<int> Whole(string name, string description, int value)
    {
        Option<int> option = new(name) { Description = description, HelpName = "N", DefaultValueFactory = _ => value };
        option.AcceptAtLeast(0);
        return option;
    }

    private static Option<double> Number(string name, string description, double value)
    {
        Option<double> option = new(name) { Description = description, HelpName = "X", DefaultValueFactory = _ => value };
        option.AcceptFinite();
        return option;
    }
}

using System.CommandLine;
using System.Text.Json.Nodes;
using Switchyard.Ranking.Simulation;

namespace Switchyard.Cli.Commands;

/// <summary><c>rank simulate</c>: a log of a world whose truth is known, as a file.</summary>
internal static class RankSimulateCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        SimulationOptions defaults = new();
        Option<string> to = new("--out") { Description = "The CSV file to write; its schema stands beside it as FILE.schema.json", HelpName = "FILE", Required = true };
        Option<int> pages = new("--pages") { Description = "Pages of ten candidates", HelpName = "N", DefaultValueFactory = _ => defaults.Pages };
        Option<string> policy = new("--policy") { Description = $"By what pages are sorted: {string.Join(", ", LoggingPolicy.All.Select(static one => one.Name))}", HelpName = "NAME", DefaultValueFactory = _ => defaults.Policy };
        Option<ClickModel> clicks = NamedChoice.Option("--clicks", "How people click", defaults.Clicks);
        Option<double> correlation = new("--correlation") { Description = "How much liking goes with relevance, -1 to 1", HelpName = "X", DefaultValueFactory = _ => defaults.Correlation };
        Option<ulong> seed = SharedOptions.Seed();
        pages.AcceptAtLeast(1);
        correlation.AcceptFinite();
        return new RunnableCommand(
            "simulate",
            "Writes the log of a simulated world whose relevance and position bias are known.",
            (parse, output, _) =>
            {
                string path = parse.GetRequiredValue(to), schema = path + ".schema.json";
                long rows = SimulatedLogFile.Write(path, defaults with { Pages = parse.GetValue(pages), Policy = parse.GetRequiredValue(policy), Clicks = parse.GetValue(clicks), Correlation = parse.GetValue(correlation), Seed = parse.GetValue(seed) });
                SimulatedLog.Schema.Write(schema);
                output.WriteLine($"{rows} rows in {path}, their schema in {schema}");
                if (output.Json) output.Result(new JsonObject { ["rows"] = rows, ["out"] = path, ["schema"] = schema });
            },
            new Example("switchyard rank simulate --out clicks.csv --pages 500", "Writes 5,000 impressions with clicks, likes and watch times."))
        {
            to, pages, policy, clicks, correlation, seed,
        };
    }
}

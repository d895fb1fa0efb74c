using System.CommandLine;
using System.Text.Json.Nodes;
using Switchyard.Ranking.Serving;

namespace Switchyard.Cli.Commands;

/// <summary><c>rank serve-check</c>: whether a trained ranker serves as it was trained.</summary>
internal static class RankServeCheckCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        Option<string> run = new("--run") { Description = "The folder of a ranking run", HelpName = "DIR", Required = true };
        return new RunnableCommand(
            "serve-check",
            "Checks that a trained ranker serves as it was trained: equal scores, no position, order, memory, reloads under load.",
            (parse, output, _) => Check(parse.GetRequiredValue(run), output),
            new Example("switchyard rank serve-check --run runs/ranker", "Prints what was found for each check; exit code 2 if one does not hold."))
        {
            run,
        };
    }

    private static void Check(string folder, Output output)
    {
        IReadOnlyList<ServingFinding> findings = new ServingCheck(folder).Run();
        foreach (ServingFinding finding in findings) output.WriteLine($"{(finding.Holds ? "ok  " : "FAIL")} {finding.Name}: {finding.Value:g3} (at most {finding.Limit:g1})");
        if (output.Json) output.Result(new JsonObject { ["run"] = folder, ["checks"] = new JsonArray([.. findings.Select(static finding => (JsonNode)new JsonObject { ["name"] = finding.Name, ["value"] = finding.Value, ["limit"] = finding.Limit, ["holds"] = finding.Holds })]) });
        if (findings.FirstOrDefault(static finding => !finding.Holds) is { Name: { } broken }) throw new SwitchyardException($"{folder} does not serve as it should: {broken}", "train anew; if it stays, please report it");
    }
}

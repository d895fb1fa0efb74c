using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Switchyard.Files;
using Switchyard.Ranking.Serving;

namespace Switchyard.Cli.Commands;

/// <summary><c>rank score</c>: the best candidates of requests, from JSON lines to JSON lines.</summary>
internal static class RankScoreCommand
{
    // Readable letters instead of \uXXXX: the reader is a program or a log, never a web page.
    private static readonly JsonSerializerOptions SingleLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        Option<string> run = new("--run") { Description = "The folder of a ranking run", HelpName = "DIR", Required = true };
        Option<string> query = new("--query") { Description = "A file of requests, one JSON object per line: query, context, and candidates with ids", HelpName = "FILE", Required = true };
        Option<int> top = new("--top") { Description = "The most candidates to name", HelpName = "N", DefaultValueFactory = _ => 10 };
        Option<string?> combine = new("--combine") { Description = RankingSettings.CombineDescription + "; without it as the run was trained", HelpName = "sum|product|EXPRESSION" };
        Option<double?> limit = new("--deadline") { Description = "Milliseconds after which the best of the candidates looked at are named", HelpName = "X" };
        Option<string?> to = new("--out") { Description = "The file to write; without it answers are printed", HelpName = "FILE" };
        top.AcceptAtLeast(1);
        return new RunnableCommand(
            "score",
            "Ranks the candidates of each request, and names the best with their scores.",
            (parse, output, interrupted) =>
            {
                using Ranker ranker = Ranker.Load(parse.GetRequiredValue(run), combination: parse.GetValue(combine));
                TimeSpan? deadline = parse.GetValue(limit) is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null;
                Score(ranker, parse.GetRequiredValue(query), parse.GetValue(top), deadline, parse.GetValue(to), output, interrupted);
            },
            new Example("switchyard rank score --run runs/ranker --query queries.jsonl --top 3", "Prints the three best candidates of each request, a JSON object per line."),
            new Example("switchyard rank score --run runs/ranker --query queries.jsonl --combine 'click * (1 + like) ^ 0.5'", "Ranks by another combination of the same scores."))
        {
            run, query, top, combine, limit, to,
        };
    }

    private static void Score(Ranker ranker, string path, int top, TimeSpan? limit, string? to, Output output, CancellationToken interrupted)
    {
        StringBuilder answers = new();
        int requests = 0, late = 0;
        foreach (RankingRequest request in RankingRequest.Read(path))
        {
            interrupted.ThrowIfCancellationRequested();
            (JsonObject answer, bool inTime) = Answer(ranker, request, top, limit);
            if (!inTime) late++;
            requests++;
            string line = answer.ToJsonString(SingleLine);
            if (to is null) output.WriteLine(line);
            else answers.Append(line).Append('\n');
        }
        if (to is not null)
        {
            AtomicFile.WriteText(to, answers.ToString());
            output.WriteLine($"{requests} answers in {to}");
        }
        if (late > 0) output.Warn($"{late} of {requests} requests were out of time before every candidate was scored");
        if (output.Json) output.Result(new JsonObject { ["requests"] = requests, ["late"] = late, ["out"] = to });
    }

    private static (JsonObject Answer, bool InTime) Answer(Ranker ranker, RankingRequest request, int top, TimeSpan? limit)
    {
        int tasks = ranker.Tasks.Count, most = Math.Min(top, request.Candidates.Count);
        RankedCandidate[] ranked = new RankedCandidate[most];
        double[] scores = new double[most * tasks];
        RankingOutcome outcome;
        try
        {
            outcome = ranker.Rank(request.Query, [.. request.Candidates], ranked, scores, limit);
        }
        catch (SwitchyardException failure)
        {
            throw new SwitchyardException($"{request.Place}: {failure.Message}", failure.Hint, failure);
        }
        JsonArray best = [];
        for (int rank = 0; rank < outcome.Count; rank++)
        {
            JsonObject byTask = [];
            for (int task = 0; task < tasks; task++) byTask[ranker.Tasks[task].Name] = scores[rank * tasks + task];
            best.Add((JsonNode)new JsonObject { ["id"] = ranked[rank].Id, ["score"] = RankingLines.Number(ranked[rank].Score), ["tasks"] = byTask });
        }
        return (new JsonObject { ["ranked"] = best, ["scored"] = outcome.Scored, ["in_time"] = outcome.InTime }, outcome.InTime);
    }
}

using System.CommandLine;
using System.Text.Json.Nodes;
using Switchyard.Ranking.Runs;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Cli.Commands;

/// <summary><c>rank evaluate</c>: how well a trained ranker predicts a log.</summary>
internal static class RankEvaluateCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        Option<string> run = new("--run") { Description = "The folder of a ranking run", HelpName = "DIR", Required = true };
        Option<string> data = new("--data") { Description = "A CSV, TSV or JSON-lines file with the columns of the run's schema; all of it is predicted", HelpName = "PATH", Required = true };
        Option<int> threads = SharedOptions.Threads();
        return new RunnableCommand(
            "evaluate",
            "Measures how well a trained ranker predicts a log, with its calibrated heads.",
            (parse, output, interrupted) =>
            {
                WorkerPool.Threads = parse.GetValue(threads);
                using RankingRun ranking = RankingRun.Open(parse.GetRequiredValue(run), output.Warn);
                WorkDisplay work = new(output);
                using HeldOutExamples examples = HeldOutExamples.Load(parse.GetRequiredValue(data), ranking.Schema, work, interrupted);
                RankingEvaluation evaluation = RankingEvaluator.Evaluate(ranking.Model.Scorer, examples, ranking.Calibration, work, interrupted);
                RankingLines.Write(evaluation, output);
                string? report = EvaluationOutput.Write(parse.GetRequiredValue(run), parse.GetRequiredValue(data), RankingReport.Compose($"Ranking {Path.GetFileName(parse.GetRequiredValue(data))}", evaluation, TypedLine.Of(parse)), output);
                if (output.Json) output.Result(new JsonObject { ["examples"] = evaluation.Examples, ["tasks"] = RankingLines.Tasks(evaluation), ["gates"] = RankingLines.Gates(evaluation.Gates), ["report"] = report });
            },
            new Example("switchyard rank evaluate --run runs/shop --data log.csv", "Prints AUC, log-loss and calibration of every task."))
        {
            run, data, threads,
        };
    }
}

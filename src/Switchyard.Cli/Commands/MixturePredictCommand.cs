using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using Switchyard.Files;
using Switchyard.Tensors.Kernels;
using Switchyard.Training.Mixtures;

namespace Switchyard.Cli.Commands;

/// <summary><c>mixture predict</c>: what a fitted mixture says of the rows of a CSV file.</summary>
internal static class MixturePredictCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        Option<string> run = new("--run") { Description = "The folder of a fitted mixture", HelpName = "DIR", Required = true };
        Option<string> data = new("--data") { Description = "A CSV file with the columns that it was fitted to; the target may be missing", HelpName = "CSV", Required = true };
        Option<string?> to = new("--out") { Description = "The CSV file to write; without it predictions are printed", HelpName = "FILE" };
        Option<int> threads = SharedOptions.Threads();
        return new RunnableCommand(
            "predict",
            "Predicts every row of a CSV file, and says how much of it each expert has.",
            (parse, output, _) =>
            {
                WorkerPool.Threads = parse.GetValue(threads);
                Predict(parse.GetRequiredValue(run), parse.GetRequiredValue(data), parse.GetValue(to), output);
            },
            new Example("switchyard mixture predict --run runs/lines --data points.csv", "Prints a table of predictions and of each expert's share."),
            new Example("switchyard mixture predict --run runs/lines --data points.csv --out predictions.csv --json", "Writes the table into a file, and the score as JSON."))
        {
            run, data, to, threads,
        };
    }

    private static void Predict(string folder, string data, string? to, Output output)
    {
        MixtureRun run = MixtureRun.Open(folder);
        using (run.Mixture)
        {
            MixturePredictions predictions = run.Predict(MixtureData.Read(data, run.Config));
            if (to is not null)
            {
                AtomicFile.Write(to, stream => PredictionTable.Write(stream, run, predictions));
                output.WriteLine($"{predictions.Outputs.Length} rows in {to}");
            }
            else
            {
                using MemoryStream table = new();
                PredictionTable.Write(table, run, predictions);
                output.Write(Encoding.UTF8.GetString(table.GetBuffer(), 0, (int)table.Length));
            }
            bool isClass = run.Config.Classes is not null;
            if (predictions.Score is { } score) output.Say(isClass ? $"{score:p1} right" : $"mean squared error {score:g4}");
            if (!output.Json) return;
            output.Result(new JsonObject
            {
                ["rows"] = predictions.Outputs.Length,
                [isClass ? "accuracy" : "mse"] = predictions.Score,
                ["log_likelihood"] = predictions.LogLikelihood,
                ["predictions"] = new JsonArray([.. predictions.Outputs.Select(row => isClass ? JsonValue.Create(run.Class(row)) : (JsonNode)row[0])]),
                ["out"] = to,
            });
        }
    }
}

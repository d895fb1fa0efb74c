using System.CommandLine;
using System.Text.Json.Nodes;
using Switchyard.Cli.Benchmarks;

namespace Switchyard.Cli.Commands;

/// <summary><c>bench</c>: what this machine reaches, as shares of its own limits.</summary>
internal static class BenchCommand
{
    /// <summary>Makes the group and its commands.</summary>
    public static Command Create() => new("bench", "Measures speed as a share of this machine's own limits.") { CreateTrain() };

    private static RunnableCommand CreateTrain()
    {
        Option<int> rounds = new("--rounds") { Description = "Rounds, of which the median counts", HelpName = "N", DefaultValueFactory = _ => 5 };
        rounds.AcceptAtLeast(1);
        Option<int> threads = new("--threads") { Description = "Measure with this many threads only; without it with 1 and with all", HelpName = "N" };
        threads.AcceptAtLeast(1);
        return new RunnableCommand(
            "train",
            "Measures whole training steps of a reference model against the rate of a large matrix product.",
            (parse, output, interrupted) =>
            {
                int[] counts = parse.GetValue(threads) is > 0 and int one ? [one] : [.. new[] { 1, Environment.ProcessorCount }.Distinct()];
                List<BenchmarkRow> rows = [];
                foreach (int count in counts)
                {
                    BenchmarkRow row = TrainingBenchmark.Measure(count, parse.GetValue(rounds), output, interrupted);
                    output.WriteLine(row.ToString());
                    rows.Add(row);
                }
                if (output.Json) output.Result(new JsonObject { ["machine"] = Machine.Describe(), ["rows"] = new JsonArray([.. rows.Select(static row => (JsonNode)row.ToJson())]) });
            },
            new Example("switchyard bench train", "Prints tokens per second and the share of the matrix-product peak, per number of threads."))
        {
            rounds, threads,
        };
    }
}

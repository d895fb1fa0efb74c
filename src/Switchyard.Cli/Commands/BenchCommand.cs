using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Switchyard.Cli.Benchmarks;

namespace Switchyard.Cli.Commands;

/// <summary><c>bench</c>: what this machine reaches, as shares of its own limits.</summary>
internal static class BenchCommand
{
    private const long Large = 1 << 30;

    /// <summary>Makes the group and its commands.</summary>
    public static Command Create() => new("bench", "Measures speed as a share of this machine's own limits.") { CreateTrain(), CreateKernels(), CreateMoe(), CreateRank(), BenchAllToAllCommand.Create() };

    private static RunnableCommand CreateTrain()
    {
        (Option<int> rounds, Option<int> threads) = (Rounds(5), Threads());
        return new RunnableCommand(
            "train",
            "Measures whole training steps of a reference model against the rate of a large matrix product, and against PyTorch where it is installed.",
            (parse, output, interrupted) => Report(
                output, ThreadCounts(parse.GetValue(threads)).Select(count => TrainingBenchmark.Measure(count, parse.GetValue(rounds), output, interrupted))),
            new Example("switchyard bench train", "Prints tokens per second and the share of the matrix-product peak, per number of threads."))
        {
            rounds, threads,
        };
    }

    private static RunnableCommand CreateKernels()
    {
        Option<string> filter = Filter();
        (Option<int> rounds, Option<int> threads) = (Rounds(9), Threads());
        return new RunnableCommand(
            "kernels",
            "Measures the kernels against the processor's limits, and against other libraries where they are installed.",
            (parse, output, interrupted) =>
            {
                OpenBlas? openBlas = OpenBlas.Find();
                if (openBlas is null) output.Say("OpenBLAS is not installed, so nothing is compared with it: benchmarks/install-peers installs it");
                Report(output, Measure(KernelSuites.Create(openBlas), parse.GetRequiredValue(filter), ThreadCounts(parse.GetValue(threads)), parse.GetValue(rounds), output, interrupted));
            },
            new Example("switchyard bench kernels", "Prints a line per kernel and number of threads: its rate, how many times a peer's that is, and its share of a limit."),
            new Example("switchyard bench kernels --filter gemm-small --threads 1", "Measures the products with few rows only, with one thread."))
        {
            filter, rounds, threads,
        };
    }

    private static RunnableCommand CreateMoe()
    {
        Option<string> filter = Filter();
        Option<bool> full = new("--full") { Description = "Measure layers of width 2048 too: they take gigabytes and minutes" };
        (Option<int> rounds, Option<int> threads) = (Rounds(7), Threads());
        return new RunnableCommand(
            "moe",
            "Measures mixture layers against three other ways to dispatch tokens, under even and skewed loads.",
            (parse, output, interrupted) => Report(
                output,
                Measure([.. MixtureSuite.Create(parse.GetValue(full))], parse.GetRequiredValue(filter), ThreadCounts(parse.GetValue(threads)), parse.GetValue(rounds), output, interrupted)),
            new Example("switchyard bench moe", "Prints a line per layer and number of threads: how many times faster the list of pairs is, and its share of the bound."),
            new Example("switchyard bench moe --filter skew/ --threads 1", "Measures what skewed loads cost, with one thread."))
        {
            filter, full, rounds, threads,
        };
    }

    private static RunnableCommand CreateRank()
    {
        Option<string> filter = Filter();
        (Option<int> rounds, Option<int> threads) = (Rounds(5), Threads());
        return new RunnableCommand(
            "rank",
            "Measures whole requests to a ranker of eight experts: latency, candidates per second, memory, share of the matrix-product peak.",
            (parse, output, interrupted) => Report(
                output,
                Measure([new RankBenchmark(100), new RankBenchmark(300), new RankBenchmark(1000), new LargeTableBenchmark()], parse.GetRequiredValue(filter), ThreadCounts(parse.GetValue(threads)), parse.GetValue(rounds), output, interrupted)),
            new Example("switchyard bench rank --filter /300", "Prints what ranking 300 candidates takes with one thread and with all."))
        {
            filter, rounds, threads,
        };
    }

    private static IEnumerable<BenchmarkRow> Measure(Benchmark[] all, string filter, int[] threads, int rounds, Output output, CancellationToken interrupted)
    {
        Benchmark[] chosen = [.. all.Where(benchmark => benchmark.Name.Contains(filter, StringComparison.OrdinalIgnoreCase))];
        if (chosen.Length == 0)
            throw new SwitchyardException($"no benchmark has '{filter}' in its name", $"names begin with {string.Join(", ", all.Select(static benchmark => benchmark.Name[..(benchmark.Name.IndexOf('/', StringComparison.Ordinal) + 1)]).Distinct())}");

        using Progress progress = output.Progress("measuring", "benchmarks", chosen.Length * threads.Length);
        int done = 0;
        foreach (Benchmark benchmark in chosen)
        {
            if (benchmark.Bytes > Large && Machine.FreeBytes() is var free && benchmark.Bytes > free)
            {
                output.Warn(string.Create(CultureInfo.InvariantCulture, $"{benchmark.Name} is left out: it takes about {benchmark.Bytes / 1e9:f0} GB of memory, and {free / 1e9:f0} are free"));
                progress.Report(done += threads.Length);
                continue;
            }
            foreach (int count in threads)
            {
                yield return benchmark.Measure(count, rounds, interrupted);
                progress.Report(++done);
            }
        }
    }

    private static void Report(Output output, IEnumerable<BenchmarkRow> measured)
    {
        JsonArray rows = [];
        foreach (BenchmarkRow row in measured)
        {
            output.WriteLine(row.ToString());
            rows.Add((JsonNode)row.ToJson());
        }

        if (output.Json) output.Result(new JsonObject { ["machine"] = Machine.Describe(), ["rows"] = rows });
    }

    private static int[] ThreadCounts(int wanted) => wanted > 0 ? [wanted] : [.. new[] { 1, Environment.ProcessorCount }.Distinct()];

    private static Option<string> Filter() => new("--filter") { Description = "Measure only what has this in its name", HelpName = "NAME", DefaultValueFactory = _ => "" };

    private static Option<int> Rounds(int usual)
    {
        Option<int> rounds = new("--rounds") { Description = "Rounds, of which the median counts", HelpName = "N", DefaultValueFactory = _ => usual };
        rounds.AcceptAtLeast(1);
        return rounds;
    }

    private static Option<int> Threads()
    {
        Option<int> threads = new("--threads") { Description = "Measure with this many threads only; without it with 1 and with all", HelpName = "N" };
        threads.AcceptAtLeast(1);
        return threads;
    }
}

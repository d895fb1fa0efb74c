using System.CommandLine;
using System.Text;
using System.Text.RegularExpressions;
using Switchyard.Cli;
using Switchyard.Cli.Commands;
using Switchyard.Ranking.Features;
using Switchyard.Tests.Cli;

namespace Switchyard.Tests.Docs;

/// <summary>
/// Every command line in the documentation and in the program's help is understood as it stands, and runs: in a
/// prepared folder, and where it trains, with a model of a few thousand parameters for two steps.
/// </summary>
public sealed partial class DocumentedCommandsTests(DocumentedCommandsTests.PreparedFolder folder) : IClassFixture<DocumentedCommandsTests.PreparedFolder>
{
    private static readonly string[] OtherLimits = ["--tokens", "--minutes"];

    private static readonly (string Option, string Value)[] TinySizes =
    [
        ("--layers", "2"), ("--width", "16"), ("--heads", "2"), ("--hidden", "8"), ("--context", "64"), ("--batch", "16"), ("--steps", "2"),
    ];

    public static TheoryData<string, string> Commands() => [.. Documented().Where(command => !IsBenchmark(command))];

    public static TheoryData<string, string> Benchmarks() => [.. Documented().Where(IsBenchmark)];

    [Theory]
    [MemberData(nameof(Commands))]
    public void A_documented_command_runs(string place, string line)
    {
        int expected = ExpectedExitCode().Match(line) is { Success: true } stated ? int.Parse(stated.Groups[1].Value) : ExitCode.Done;
        List<string> words = [.. Words(line).Skip(1)];
        Assert.Empty(Parse(words).Errors.Select(error => $"{place}: {error.Message}"));

        CapturedTerminal terminal = new();
        int code = terminal.Run(CommandList.Create(), [.. folder.MadeSmall(words)]);
        Assert.True(code == expected, $"{place}: exit code {code}, not {expected}: {terminal.Error}");
    }

    [Theory]
    [MemberData(nameof(Benchmarks))]
    [Trait("Category", "Slow")]
    public void A_documented_benchmark_runs(string place, string line) => A_documented_command_runs(place, line);

    [Fact]
    public void Every_command_shows_an_example()
        => Assert.All(RunnableCommands(), command => Assert.NotEmpty(command.Examples));

    /// <summary>Every command line with the place where it stands, in the order of the pages.</summary>
    private static IEnumerable<(string Place, string Line)> Documented()
    {
        foreach (string page in Documentation.Pages)
            foreach ((int first, string[] block) in Documentation.Blocks(page, "sh"))
                for (int i = 0; i < block.Length; i++)
                    if (block[i].StartsWith("./switchyard ", StringComparison.Ordinal)) yield return ($"{page}:{first + i}", block[i]["./".Length..]);
        foreach (RunnableCommand command in RunnableCommands())
            foreach (Example example in command.Examples)
                yield return ("--help", example.Line);
    }

    private static bool IsBenchmark((string Place, string Line) command) => command.Line.StartsWith("switchyard bench ", StringComparison.Ordinal);

    private static IEnumerable<RunnableCommand> RunnableCommands() =>
        CommandList.Create().SelectMany(command => command is RunnableCommand ? [command] : command.Subcommands).Cast<RunnableCommand>();

    private static ParseResult Parse(IReadOnlyList<string> words)
    {
        RootCommand root = [];
        foreach (Command command in CommandList.Create()) root.Add(command);
        new GlobalOptions().AddTo(root);
        return root.Parse(words);
    }

    /// <summary>A line cut into words as a shell does, without its comment.</summary>
    private static IEnumerable<string> Words(string line) =>
        ShellWord().Matches(line).Select(match => match.Value).TakeWhile(word => !word.StartsWith('#')).Select(word => word.Trim('"', '\''));

    [GeneratedRegex("""
        "[^"]*"|'[^']*'|\S+
        """)]
    private static partial Regex ShellWord();

    [GeneratedRegex("# exit code ([0-9]+)")]
    private static partial Regex ExpectedExitCode();

    /// <summary>What the commands of the documentation find in the current folder: texts, settings, a run and an export of it.</summary>
    public sealed class PreparedFolder : IDisposable
    {
        private readonly TemporaryFolder _folder = new();
        private int _newRuns;

        public PreparedFolder()
        {
            byte[] text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("the cat sat on the mat, and the dog lay on the log.\n", 400)));
            foreach (string name in (string[])["book.txt", "other.txt", "texts/one.txt", "texts/more/two.txt"]) _folder.Write(name, text);
            foreach (string name in (string[])["lines.en", "test.en", "lines.de", "test.de"])
                _folder.Write(name, Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 40).Select(line => $"{(name.EndsWith(".en", StringComparison.Ordinal) ? "line" : "Zeile")} {line % 10} of {line % 3}\n"))));
            (_, string[] settings) = Assert.Single(Documentation.Blocks("docs/training.md", "json"));
            _folder.Write("settings.json", Encoding.UTF8.GetBytes(string.Join('\n', settings)));
            _folder.Write("tiny.json", """{ "tokenizer": "bytes", "model": { "width": 16, "heads": 2, "hidden": 8, "context": 64 } }"""u8.ToArray());
            _folder.Write("points.csv", Table("x,y", row => $"{row % 20},{Math.Abs(row % 20 - 10)}"));
            _folder.Write("vowels.csv", Table("speaker,vowel,f0,f1,f2,f3", row => $"{row / 4},{"iAu"[row % 3]},{120 + row},{300 + 200 * (row % 3)},{2300 - 400 * (row % 3) + row},{2900 + row}"));
            Prepare("train", "--data", "book.txt");
            Directory.CreateDirectory(In("runs"));
            Directory.Move(In("new-1"), In("runs/mine"));
            Prepare("train", "--task", "mlm", "--data", "book.txt");
            Directory.Move(In($"new-{_newRuns}"), In("runs/masked"));
            Prepare("train", "--task", "translation", "--data", "lines.en,lines.de");
            Directory.Move(In($"new-{_newRuns}"), In("runs/translator"));
            Prepare("mixture", "fit", "--data", "points.csv", "--target", "y", "--experts", "2");
            Directory.Move(In($"new-{_newRuns}"), In("runs/lines"));
            Prepare("train", "--data", "book.txt", "--recipe", "dense");
            Directory.Move(In($"new-{_newRuns}"), In("runs/dense"));
            _folder.Write("census-income.test.gz", Zipped(Census()));
            Prepare("rank", "simulate", "--out", "shown.csv", "--pages", "40");
            Prepare("rank", "train", "--data", "shown.csv", "--schema", "shown.csv.schema.json");
            Directory.Move(In($"new-{_newRuns}"), In("runs/ranker"));
            (_, string[] log) = Assert.Single(Documentation.Blocks("docs/ranking.md", "csv"));
            string[] rows = [.. Enumerable.Range(0, 40).SelectMany(copy => log.Skip(1).Select(row => $"{copy}{row}"))];
            _folder.Write("log.csv", Encoding.UTF8.GetBytes(string.Join('\n', rows.Prepend(log[0]))));
            (_, string[] schema) = Assert.Single(Documentation.Blocks("docs/ranking.md", "json"));
            _folder.Write("schema.json", Encoding.UTF8.GetBytes(string.Join('\n', schema)));
            (_, string[] queries) = Assert.Single(Documentation.Blocks("docs/ranking.md", "jsonl"));
            Prepare("rank", "train", "--data", "log.csv", "--schema", "schema.json");
            Directory.Move(In($"new-{_newRuns}"), In("runs/shop"));
            _folder.Write("queries.jsonl", Encoding.UTF8.GetBytes(string.Join('\n', queries)));
            Prepare("export", "--run", "runs/mine", "--to", "huggingface", "exported/");
        }

        public void Dispose() => _folder.Dispose();

        /// <summary>The same command with paths below the folder, and with so little to do that it ends at once.</summary>
        public List<string> MadeSmall(IReadOnlyList<string> words)
        {
            List<string> small = [.. words];
            foreach (string option in (string[])["--data", "--config", "--resume", "--run", "--from"]) Change(small, option, In);
            Change(small, "--to", In, place: 2);
            if (small[0] == "inspect") small[1] = In(small[1]);
            if (small[0] == "bench")
            {
                Set(small, "--rounds", "1");
                if (small[1] != "alltoall") Set(small, "--threads", "1");
                else if (!small.Contains("--sizes")) Set(small, "--sizes", "65536");
                if (small[1] == "kernels" && !small.Contains("--filter")) Set(small, "--filter", "512x512x512");
                if (small[1] == "moe" && !small.Contains("--filter")) Set(small, "--filter", "routing/");
            }
            if (small[0] == "mixture")
            {
                Set(small, "--out", In($"new-{++_newRuns}"));
                if (small[1] == "fit") Set(small, "--iterations", "2");
            }
            if (small[0] == "compare")
            {
                Set(small, "--out", In($"new-{++_newRuns}"));
                Set(small, "--seeds", "1");
                Set(small, small.Contains("--flops") ? "--flops" : "--steps", small.Contains("--flops") ? "1e6" : "2");
                Set(small, "--config", In("tiny.json"));
            }
            if (small[0] == "rank") MakeRankingSmall(small);
            if (small[0] != "train" || small.Contains("--resume")) return small;

            Set(small, "--out", In($"new-{++_newRuns}"));
            foreach (string limit in OtherLimits)
                if (small.IndexOf(limit) is >= 0 and int at) small.RemoveRange(at, 2);
            if (small.Contains("translation")) Set(small, "--decoder-layers", "1");
            foreach ((string option, string value) in TinySizes)
                if (!small.Contains("lstm-moe") || option is not ("--layers" or "--heads")) Set(small, option, value);
            return small;
        }

        private void MakeRankingSmall(List<string> small)
        {
            if (small.Contains("--resume")) return;
            Change(small, "--query", In);
            if (small.Contains("--schema") && !BuiltInSchemas.Names.Contains(small[small.IndexOf("--schema") + 1])) Change(small, "--schema", In);
            if (small[1] == "simulate") Change(small, "--out", In);
            else if (small[1] == "score" && small.Contains("--out")) Change(small, "--out", In);
            else if (small[1] is "train" or "compare") Set(small, "--out", In($"new-{++_newRuns}"));
            if (small[1] is not ("train" or "compare")) return;
            foreach ((string option, string value) in (ReadOnlySpan<(string, string)>)[("--pages", "40"), ("--passes", "1"), ("--expert-widths", "4"), ("--tower-widths", "4"), ("--shared-widths", "8")]) Set(small, option, value);
            if (small[1] == "compare") Set(small, "--seeds", "1");
        }

        private void Prepare(params string[] words)
        {
            CapturedTerminal terminal = new();
            Assert.True(terminal.Run(CommandList.Create(), [.. MadeSmall(words)]) == ExitCode.Done, terminal.Error);
        }

        private static byte[] Table(string header, Func<int, string> row) =>
            Encoding.UTF8.GetBytes(string.Join('\n', Enumerable.Range(0, 60).Select(row).Prepend(header)));

        /// <summary>Rows with the columns of the census file; the words of each column are its own.</summary>
        private static string Census()
        {
            FeatureSchema schema = BuiltInSchemas.Find("census-leaky");
            string[] numbers = [.. schema.Features.Where(static feature => feature.Kind == FeatureKind.Dense).Select(static feature => feature.Name)];
            return string.Join('\n', Enumerable.Range(0, 200).Select(row => string.Join(", ", schema.Columns!.Select(column => column switch
            {
                "marital status" => row % 3 == 0 ? "Never married" : "Divorced",
                "education" => row % 4 == 0 ? "Bachelors degree(BA AB BS)" : "Children",
                "income" => row % 5 == 0 ? "50000+." : "- 50000.",
                _ when numbers.Contains(column) => $"{row % 17}",
                _ => $"{column} {row % 7}",
            }))));
        }

        private static byte[] Zipped(string text)
        {
            using MemoryStream packed = new();
            using (System.IO.Compression.GZipStream gzip = new(packed, System.IO.Compression.CompressionLevel.Fastest)) gzip.Write(Encoding.UTF8.GetBytes(text));
            return packed.ToArray();
        }

        private string In(string path) => string.Join(',', path.Split(',').Select(part => Path.Combine(_folder.Path, part)));

        private static void Change(List<string> words, string option, Func<string, string> change, int place = 1)
        {
            if (words.IndexOf(option) is >= 0 and int at) words[at + place] = change(words[at + place]);
        }

        private static void Set(List<string> words, string option, string value)
        {
            if (words.Contains(option)) Change(words, option, _ => value);
            else words.AddRange([option, value]);
        }
    }
}

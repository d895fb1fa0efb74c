using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Switchyard.Cli;
using Switchyard.Cli.Commands;

namespace Switchyard.Tests.Cli;

/// <summary>The <c>rank</c> commands, as a user types them.</summary>
public sealed class RankCommandTests(RankCommandTests.TrainedRun trained) : IClassFixture<RankCommandTests.TrainedRun>
{
    private static readonly string[] Small = ["--passes", "1", "--experts", "2", "--shared-widths", "8", "--expert-widths", "8", "--tower-widths", "4", "--batch", "64"];

    [Fact]
    public void Training_without_data_says_what_debiasing_gained()
    {
        using TemporaryFolder folder = new();
        CapturedTerminal terminal = new();
        int code = terminal.Run(CommandList.Create(), ["rank", "train", "--pages", "200", .. Small, "--out", Path.Combine(folder.Path, "run"), "--json"]);
        Assert.True(code == ExitCode.Done, terminal.Error);
        Assert.Contains("de-biasing gained", terminal.Error, StringComparison.Ordinal);
        JsonNode result = JsonNode.Parse(terminal.Out.TrimEnd().Split('\n')[^1])!;
        Assert.Equal(Path.Combine(folder.Path, "run"), (string?)result["run"]);
        Assert.InRange((double)result["tasks"]!["click"]!["auc"]!, 0.4, 1);
        Assert.InRange((double)result["tasks"]!["watch"]!["rmse"]!, 0, 10);
        Assert.NotNull(result["tasks"]!["click"]!["log_loss"]);
        Assert.NotNull(result["tasks"]!["click"]!["calibration_error"]);
        Assert.Equal(2, result["gates"]!["task0"]!["mean_weight"]!.AsArray().Count);
        foreach (string figure in (string[])["naive_auc", "tower_auc", "oracle_auc", "bias_correlation"]) Assert.NotNull(result["debias"]![figure]);
        Assert.True(File.Exists((string)result["report"]!));
    }

    [Fact]
    public void A_trained_run_serves_as_it_should()
    {
        CapturedTerminal terminal = new();
        Assert.True(terminal.Run(CommandList.Create(), ["rank", "serve-check", "--run", trained.Run]) == ExitCode.Done, terminal.Out + terminal.Error);
        Assert.DoesNotContain("FAIL", terminal.Out, StringComparison.Ordinal);
    }

    /// <summary>A label that one column decides: the heads become as sure as they can be, and what is only rounding must not be magnified.</summary>
    [Fact]
    public void A_run_that_sets_all_labels_apart_serves_as_it_should()
    {
        using TemporaryFolder folder = new();
        (string log, string schema, string run) = (Path.Combine(folder.Path, "log.csv"), Path.Combine(folder.Path, "schema.json"), Path.Combine(folder.Path, "run"));
        File.WriteAllLines(log, Enumerable.Range(0, 600).Select(static row => $"{(row % 2 == 0 ? -1 : 1) * (2 + row % 7)},t{row % 5}|t{row % 3},{row % 2}").Prepend("x,tags,click"));
        File.WriteAllText(schema, """{"features": [{"name": "x"}, {"name": "tags", "kind": "bag", "pooling": "attention", "width": 4}], "tasks": [{"name": "click"}]}""");
        CapturedTerminal terminal = new();
        Assert.True(terminal.Run(CommandList.Create(), ["rank", "train", "--data", log, "--schema", schema, .. Small[2..], "--passes", "60", "--learning-rate", "0.03", "--out", run]) == ExitCode.Done, terminal.Error);
        Assert.Contains("AUC 1.0000", terminal.Out, StringComparison.Ordinal);
        Assert.True(terminal.Run(CommandList.Create(), ["rank", "serve-check", "--run", run]) == ExitCode.Done, terminal.Out + terminal.Error);
        Assert.DoesNotContain("FAIL", terminal.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Scores_are_combined_by_an_expression_without_training_anew()
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "queries.jsonl");
        File.WriteAllText(path, """{"candidates": [{"id": 1, "x0": 2}, {"id": 2, "x0": -1}, {"id": 3}]}""");
        CapturedTerminal terminal = new();
        Assert.True(terminal.Run(CommandList.Create(), ["rank", "score", "--run", trained.Run, "--query", path, "--combine", "click * (1 + like) ^ 0.5"]) == ExitCode.Done, terminal.Error);
        foreach (JsonNode? one in JsonNode.Parse(terminal.Out)!["ranked"]!.AsArray())
            Assert.Equal((double)one!["tasks"]!["click"]! * Math.Sqrt(1 + (double)one["tasks"]!["like"]!), (double)one["score"]!, 1e-12);
        terminal = new();
        Assert.Equal(ExitCode.Misuse, terminal.Run(CommandList.Create(), ["rank", "score", "--run", trained.Run, "--query", path, "--combine", "click + dwell"]));
        Assert.Contains("character 9: there is no task 'dwell'", terminal.Error, StringComparison.Ordinal);
        terminal = new();
        Assert.True(terminal.Run(CommandList.Create(), ["rank", "score", "--run", trained.Run, "--query", path, "--combine", "click / (like - like)"]) == ExitCode.Done, terminal.Error);
        Assert.Null(JsonNode.Parse(terminal.Out)!["ranked"]![0]!["score"]);
    }

    [Fact]
    public void A_combination_that_is_none_is_refused_before_anything_is_written()
    {
        using TemporaryFolder folder = new();
        string run = Path.Combine(folder.Path, "run");
        CapturedTerminal terminal = new();
        Assert.Equal(ExitCode.Misuse, terminal.Run(CommandList.Create(), ["rank", "train", "--data", trained.Log, "--schema", trained.Schema, .. Small, "--combine", "clik", "--out", run]));
        Assert.Contains("no task 'clik'", terminal.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(run));
    }

    [Fact]
    public void An_interrupted_training_says_how_to_go_on_and_goes_on()
    {
        using TemporaryFolder folder = new();
        string run = Path.Combine(folder.Path, "run");
        using CancellationTokenSource signal = new();
        signal.Cancel();
        CapturedTerminal terminal = new();
        Assert.Equal(ExitCode.Interrupted, terminal.Run(CommandList.Create(), ["rank", "train", "--pages", "60", .. Small, "--combine", "product", "--out", run], signal));
        Assert.Contains($"saved after step 0; go on with: switchyard rank train --resume {run}", terminal.Error, StringComparison.Ordinal);
        terminal = new();
        Assert.Equal(ExitCode.Misuse, terminal.Run(CommandList.Create(), ["rank", "train", "--resume", run, "--experts", "3"]));
        Assert.Contains("--resume goes on with the settings", terminal.Error, StringComparison.Ordinal);
        terminal = new();
        Assert.True(terminal.Run(CommandList.Create(), ["rank", "train", "--resume", run, "--json"]) == ExitCode.Done, terminal.Error);
        Assert.NotNull(JsonNode.Parse(terminal.Out.TrimEnd().Split('\n')[^1])!["debias"]!["naive_auc"]);
    }

    [Fact]
    public void Weighting_by_propensities_estimates_them_where_nobody_gave_any()
    {
        using TemporaryFolder folder = new();
        string log = Path.Combine(folder.Path, "log.csv");
        foreach ((string policy, string source) in (ReadOnlySpan<(string, string)>)[("wrong", "estimated by expectation-maximisation"), ("wrong-mixed", "known or from pages in random order")])
        {
            CapturedTerminal terminal = new();
            Assert.True(terminal.Run(CommandList.Create(), ["rank", "simulate", "--out", log, "--pages", "60", "--policy", policy]) == ExitCode.Done, terminal.Error);
            Assert.True(terminal.Run(CommandList.Create(), ["rank", "train", "--data", log, "--schema", log + ".schema.json", "--debias", "ipw", .. Small, "--out", Path.Combine(folder.Path, policy)]) == ExitCode.Done, terminal.Error);
            Assert.Contains($"propensities of device 1, {source}: 1.000", terminal.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Evaluating_the_log_gives_a_figure_for_every_task()
    {
        CapturedTerminal terminal = new();
        Assert.True(terminal.Run(CommandList.Create(), ["rank", "evaluate", "--run", trained.Run, "--data", trained.Log]) == ExitCode.Done, terminal.Error);
        foreach (string task in (string[])["click: AUC", "like: AUC", "watch: RMSE"]) Assert.Contains(task, terminal.Out, StringComparison.Ordinal);
        Assert.Contains("All of the log", File.ReadAllText(Path.Combine(trained.Run, "evaluations", "clicks.csv", "report.html")), StringComparison.Ordinal);
    }

    [Fact]
    public void Scoring_names_the_best_of_each_request()
    {
        using TemporaryFolder folder = new();
        string candidates = string.Join(',', Enumerable.Range(1, 5).Select(id => $$"""{"id": {{id}}, "x0": {{id}}}"""));
        string path = Path.Combine(folder.Path, "queries.jsonl");
        File.WriteAllText(path, $$"""{"context": {"device": "mobile"}, "candidates": [{{candidates}}]}""" + "\n\n" + $$"""{"candidates": [{{candidates}}]}""" + "\n");
        CapturedTerminal terminal = new();
        Assert.True(terminal.Run(CommandList.Create(), ["rank", "score", "--run", trained.Run, "--query", path, "--top", "3"]) == ExitCode.Done, terminal.Error);
        JsonNode[] answers = [.. terminal.Out.TrimEnd().Split('\n').Select(static line => JsonNode.Parse(line)!)];
        Assert.Equal(2, answers.Length);
        double[] scores = [.. answers[0]["ranked"]!.AsArray().Select(static one => (double)one!["score"]!)];
        Assert.Equal(3, scores.Length);
        Assert.Equal(scores.OrderDescending(), scores);
        Assert.Equal(answers[0]["ranked"]!.ToJsonString(), answers[1]["ranked"]!.ToJsonString());
    }

    [Theory]
    [InlineData("""{"candidates": [{"id": 1, "position": 1}]}""", "position")]
    [InlineData("""{"candidates": [{"id": 1, "x0": "red"}]}""", "x0")]
    [InlineData("""{"candidates": []}""", "no candidates")]
    [InlineData("""{"candidates": [{"id": "one"}]}""", "not a request")]
    [InlineData("[", "not a request")]
    public void A_bad_request_is_refused_in_one_line(string request, string named)
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(Path.Combine(folder.Path, "queries.jsonl"), request + "\n");
        CapturedTerminal terminal = new();
        Assert.Equal(ExitCode.Misuse, terminal.Run(CommandList.Create(), ["rank", "score", "--run", trained.Run, "--query", Path.Combine(folder.Path, "queries.jsonl"), "--out", Path.Combine(folder.Path, "answers.jsonl")]));
        Assert.Contains(named, terminal.Error, StringComparison.Ordinal);
        Assert.Contains("line 1", terminal.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(folder.Path, "answers.jsonl")));
    }

    [Theory]
    [InlineData("an unknown column", "there is no column 'x0'")]
    [InlineData("a text for a number", "line 3, column x1: 'red'")]
    [InlineData("a label that is not a number", "line 2, column click: 'NaN'")]
    [InlineData("a label that is neither", "line 2, column click: '7'")]
    [InlineData("an empty group", "line 2, column page: ''")]
    [InlineData("a missing task column", "there is no column 'click'")]
    [InlineData("a corrupt gzip", "gzip")]
    [InlineData("a position of nought", "line 2, column position: '0'")]
    public void A_bad_log_is_refused_in_one_line_and_nothing_is_written(string kind, string message)
    {
        using TemporaryFolder folder = new();
        string[] lines = File.ReadAllLines(trained.Log);
        string[] header = lines[0].Split(',');
        string path = Path.Combine(folder.Path, "log.csv");
        switch (kind)
        {
            case "an unknown column": lines[0] = lines[0].Replace(",x0,", ",y0,", StringComparison.Ordinal); break;
            case "a missing task column": lines[0] = lines[0].Replace(",click,", ",tap,", StringComparison.Ordinal); break;
            case "a text for a number": lines[2] = Changed(lines[2], "x1", "red"); break;
            case "a label that is not a number": lines[1] = Changed(lines[1], "click", "NaN"); break;
            case "a label that is neither": lines[1] = Changed(lines[1], "click", "7"); break;
            case "an empty group": lines[1] = Changed(lines[1], "page", ""); break;
            case "a position of nought": lines[1] = Changed(lines[1], "position", "0"); break;
        }
        File.WriteAllLines(path, lines);
        if (kind == "a corrupt gzip")
        {
            using MemoryStream packed = new();
            using (System.IO.Compression.GZipStream gzip = new(packed, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(File.ReadAllBytes(path));
            byte[] bytes = packed.ToArray();
            bytes.AsSpan(12).Fill(0xFF);
            path += ".gz";
            File.WriteAllBytes(path, bytes);
        }
        CapturedTerminal terminal = new();
        Assert.Equal(ExitCode.Misuse, terminal.Run(CommandList.Create(), ["rank", "train", "--data", path, "--schema", trained.Schema, .. Small, "--out", Path.Combine(folder.Path, "run")]));
        Assert.Contains(message, terminal.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(folder.Path, "run")));

        string Changed(string line, string column, string cell)
        {
            string[] cells = line.Split(',');
            cells[Array.IndexOf(header, column)] = cell;
            return string.Join(',', cells);
        }
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"features": [{"name": "x0"}], "tasks": []}""")]
    [InlineData("""{"features": [{"name": "x0", "hsah": 4}], "tasks": [{"name": "click"}]}""")]
    [InlineData("""{"features": [{"name": "x0"}, {"name": "x0"}], "tasks": [{"name": "click"}]}""")]
    [InlineData("""{"features": [{"kind": "dense"}], "tasks": [{"name": "click"}]}""")]
    [InlineData("""{"features": [{"name": "x0"}], "tasks": [{"name": "like", "when": "click"}]}""")]
    public void A_schema_that_is_none_is_refused(string schema)
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(Path.Combine(folder.Path, "schema.json"), schema);
        CapturedTerminal terminal = new();
        Assert.Equal(ExitCode.Misuse, terminal.Run(CommandList.Create(), ["rank", "train", "--data", trained.Log, "--schema", Path.Combine(folder.Path, "schema.json"), "--out", Path.Combine(folder.Path, "run")]));
        Assert.StartsWith("switchyard: ", terminal.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(folder.Path, "run")));
    }

    [Fact]
    public void A_schema_that_is_not_the_models_is_refused()
    {
        using TemporaryFolder folder = new();
        foreach (string file in Directory.GetFiles(trained.Run)) File.Copy(file, Path.Combine(folder.Path, Path.GetFileName(file)));
        string schema = Path.Combine(folder.Path, "schema.json");
        File.WriteAllText(schema, File.ReadAllText(schema).Replace("\"x3\"", "\"x33\"", StringComparison.Ordinal));
        File.WriteAllText(Path.Combine(folder.Path, "queries.jsonl"), """{"candidates": [{"id": 1}]}""");
        CapturedTerminal terminal = new();
        Assert.Equal(ExitCode.Misuse, terminal.Run(CommandList.Create(), ["rank", "score", "--run", folder.Path, "--query", Path.Combine(folder.Path, "queries.jsonl")]));
        Assert.Contains("not the schema", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Comparing_states_differences_with_intervals()
    {
        JsonNode result = Compared(["--debiases", "none,tower,pal", "--seeds", "2", "--pages", "60"]);
        JsonNode truth = Figure(result, "truth.auc");
        JsonNode difference = truth["differences"]!["tower"]!;
        Assert.InRange((double)difference["mean"]!, (double)difference["low"]!, (double)difference["high"]!);
        Assert.Equal(2, truth["values"]!["tower"]!.AsArray().Count);
        Assert.InRange((double)Figure(result, "truth.regret")["means"]!["none"]!, 0, 1);
        Assert.InRange((double)Figure(result, "gates.stuck")["differences"]!["pal"]!["two_proportion_test"]!, 0, 1);
        // What only some models have is compared among them.
        JsonNode bias = Figure(result, "bias.correlation");
        Assert.Equal("tower", (string?)bias["reference"]);
        Assert.Equal(["pal"], bias["differences"]!.AsObject().Select(static one => one.Key));
    }

    [Fact]
    public void A_comparison_goes_on_where_it_was_stopped()
    {
        using TemporaryFolder folder = new();
        string[] line = ["rank", "compare", "--models", "mmoe,omoe", "--seeds", "2", "--pages", "40", .. Small, "--out", folder.Path];
        CapturedTerminal whole = new();
        Assert.True(whole.Run(CommandList.Create(), [.. line, "--json"]) == ExitCode.Done, whole.Error);
        string kept = Path.Combine(folder.Path, "trainings.jsonl");
        string[] trainings = File.ReadAllLines(kept);
        Assert.Equal(4, trainings.Length);

        // A figure that no training would give shows that the line was taken as it stands, and the others were trained anew.
        string marked = Regex.Replace(trainings[0], "\"loss\":[0-9.]+", "\"loss\":1000");
        File.WriteAllLines(kept, [marked]);
        using CancellationTokenSource signal = new();
        signal.Cancel();
        CapturedTerminal stopped = new();
        Assert.Equal(ExitCode.Interrupted, stopped.Run(CommandList.Create(), line, signal));
        Assert.Contains($"1 of 4 trainings are done; go on with the same line and --out {folder.Path}", stopped.Error, StringComparison.Ordinal);
        CapturedTerminal again = new();
        Assert.True(again.Run(CommandList.Create(), line) == ExitCode.Done, again.Error);
        Assert.Equal([marked, .. trainings[1..]], File.ReadAllLines(kept));

        // One seed of what is kept, with a model more: the other seed does not count.
        JsonNode fewer = Compared(["--models", "mmoe,omoe,shared-bottom", "--pages", "40", "--out", folder.Path]);
        Assert.All(Figure(fewer, "loss")["values"]!.AsObject(), static values => Assert.Single(values.Value!.AsArray()));
        Assert.Equal(5, File.ReadAllLines(kept).Length);
        File.WriteAllLines(kept, [marked, .. trainings[1..]]);

        CapturedTerminal run = new();
        Assert.Equal(ExitCode.Misuse, run.Run(CommandList.Create(), [.. line[..^1], trained.Run]));
        CapturedTerminal other = new();
        Assert.Equal(ExitCode.Misuse, other.Run(CommandList.Create(), [.. line, "--learning-rate", "0.01"]));
        Assert.Contains("other settings", other.Error, StringComparison.Ordinal);
        File.AppendAllText(kept, "{\"seed\": 1}\n");
        CapturedTerminal damaged = new();
        Assert.Equal(ExitCode.Misuse, damaged.Run(CommandList.Create(), line));
        Assert.Contains("trainings.jsonl, line 5", damaged.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fixed")]
    [InlineData("uncertainty")]
    [InlineData("grad-norm")]
    public void Losses_become_one_in_every_way(string weighting)
    {
        using TemporaryFolder folder = new();
        CapturedTerminal terminal = new();
        Assert.True(terminal.Run(CommandList.Create(), ["rank", "train", "--data", trained.Log, "--schema", trained.Schema, .. Small, "--weighting", weighting, "--table-decay", "0.1", "--out", Path.Combine(folder.Path, "run")]) == ExitCode.Done, terminal.Error);
        Assert.Contains("click: AUC", terminal.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_setting_can_be_held_against_another()
    {
        JsonNode result = Compared(["--experts", "3", "--against", "--experts 1 --expert-widths 16", "--against", "--position-dropout 0.5", "--pages", "40"]);
        Assert.Equal("experts 3 expert-widths 8", (string?)result["reference"]);
        JsonNode click = Figure(result, "click.auc");
        Assert.Equal(["experts 1 expert-widths 16", "position-dropout 0.5"], click["differences"]!.AsObject().Select(static one => one.Key));
        Assert.Contains(result["figures"]!.AsArray(), static figure => (string)figure!["figure"]! == "bias.serving_gap");
    }

    [Fact]
    public void Networks_are_compared_on_the_synthetic_pair()
    {
        using TemporaryFolder folder = new();
        JsonNode result = Compared(["--out", folder.Path, "--world", "synthetic", "--correlation", "0.9", "--models", "mmoe,omoe,shared-bottom", "--pages", "30"]);
        Assert.Equal(["loss", "first.rmse", "second.rmse"], result["figures"]!.AsArray().Select(static figure => (string)figure!["figure"]!).Where(static figure => !figure.StartsWith("gates.", StringComparison.Ordinal)));
        Assert.Equal(["omoe"], Figure(result, "gates.stuck")["differences"]!.AsObject().Select(static one => one.Key));
        string page = File.ReadAllText((string)result["report"]!);
        foreach (string part in (string[])["Seesaw", "first.rmse", "shared-bottom", "Mmoe, 200 inputs"]) Assert.Contains(part, page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--experts nine")]
    [InlineData("--experst 3")]
    [InlineData("")]
    [InlineData("experts 3")]
    public void What_is_no_setting_is_not_compared(string words)
    {
        CapturedTerminal terminal = new();
        Assert.Equal(ExitCode.Misuse, terminal.Run(CommandList.Create(), ["rank", "compare", "--against", words, "--pages", "5"]));
    }

    private static JsonNode Compared(string[] words)
    {
        CapturedTerminal terminal = new();
        using TemporaryFolder folder = new();
        string[] all = [.. Small, "--seeds", "1", "--out", folder.Path];
        string[] left = [.. all.Chunk(2).Where(option => !words.Contains(option[0])).SelectMany(static option => option)];
        Assert.True(terminal.Run(CommandList.Create(), ["rank", "compare", .. left, .. words, "--json"]) == ExitCode.Done, terminal.Error);
        return JsonNode.Parse(terminal.Out.TrimEnd().Split('\n')[^1])!;
    }

    private static JsonNode Figure(JsonNode result, string name) => result["figures"]!.AsArray().Single(figure => (string)figure!["figure"]! == name)!;

    /// <summary>A small log with its schema, and a ranker trained on it.</summary>
    public sealed class TrainedRun : IDisposable
    {
        private readonly TemporaryFolder _folder = new();

        public TrainedRun()
        {
            Do("rank", "simulate", "--out", Log, "--pages", "120");
            Do(["rank", "train", "--data", Log, "--schema", Schema, .. Small, "--out", Run]);
        }

        public string Log => Path.Combine(_folder.Path, "clicks.csv");

        public string Schema => Log + ".schema.json";

        public string Run => Path.Combine(_folder.Path, "run");

        public void Dispose() => _folder.Dispose();

        private static void Do(params string[] words)
        {
            CapturedTerminal terminal = new();
            Assert.True(terminal.Run(CommandList.Create(), words) == ExitCode.Done, terminal.Error);
        }
    }
}

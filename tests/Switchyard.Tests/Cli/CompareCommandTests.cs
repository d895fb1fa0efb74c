using System.Text;
using System.Text.Json.Nodes;
using Switchyard.Cli.Commands;
using Switchyard.Tensors.Kernels;
using Switchyard.Tests.Training;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Cli;

/// <summary><c>compare</c> trains what is not trained yet, and says which differences are sure.</summary>
[Collection(nameof(WorkerPool))]
public sealed class CompareCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _text, _settings;

    public CompareCommandTests()
    {
        _text = _folder.Write("book.txt", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("the cat sat on the mat, and the dog lay on the log.\n", 60))));
        _settings = _folder.Write("settings.json", """{ "tokenizer": "bytes", "model": { "width": 16, "heads": 2, "hidden": 8, "experts": 4, "context": 16 }, "learning": { "batch": 4, "evaluate_every": 2 } }"""u8.ToArray());
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Recipes_are_compared_seed_by_seed_at_equal_steps()
    {
        JsonObject result = Compare("a", "--steps", "6", "--recipes", "switch,evomoe", "--seeds", "1,2");
        Assert.Equal(["switch", "evomoe"], Recipes(result));
        foreach (JsonNode? recipe in result["recipes"]!.AsArray())
        {
            double mean = recipe!["validation_loss"]!["mean"]!.GetValue<double>();
            JsonArray interval = recipe["validation_loss"]!["interval95"]!.AsArray();
            Assert.InRange(mean, interval[0]!.GetValue<double>(), interval[1]!.GetValue<double>());
            Assert.Equal(recipe["seeds"]!.AsArray().Average(static seed => seed!["validation_loss"]!.GetValue<double>()), mean, 1e-12);
            Assert.True(recipe["flops"]!.GetValue<double>() > 0);
        }
        JsonNode pair = Assert.Single(result["paired"]!.AsArray())!;
        Assert.Equal(("evomoe", "switch"), (pair["recipe"]!.GetValue<string>(), pair["against"]!.GetValue<string>()));
        Assert.Equal(Mean(result, 1) - Mean(result, 0), pair["validation_loss"]!["mean"]!.GetValue<double>(), 1e-12);
        Assert.StartsWith("<!DOCTYPE html>", File.ReadAllText(Path.Combine(_folder.Path, "a", "report.html")), StringComparison.Ordinal);
        Assert.True(JsonNode.DeepEquals(result, JsonNode.Parse(File.ReadAllText(Path.Combine(_folder.Path, "a", "comparison.json")))));

        // What is done is not done again, and another recipe adds its runs only.
        DateTime written = File.GetLastWriteTimeUtc(Metrics("a", "switch", 1));
        JsonObject more = Compare("a", "--steps", "6", "--recipes", "switch,evomoe,hash", "--seeds", "1,2");
        Assert.Equal(["switch", "evomoe", "hash"], Recipes(more));
        Assert.Equal(3, more["paired"]!.AsArray().Count);
        Assert.Equal(Mean(result, 1), Mean(more, 1));
        Assert.Equal(written, File.GetLastWriteTimeUtc(Metrics("a", "switch", 1)));
    }

    [Fact]
    public void Processes_come_to_the_same_as_one()
    {
        JsonObject one = Compare("one", "--steps", "4", "--recipes", "dense,switch", "--seeds", "3"), two = Compare("two", "--steps", "4", "--recipes", "dense,switch", "--seeds", "3", "--processes", "2");
        Assert.True(JsonNode.DeepEquals(one, two));
        TrainingRun.AssertSame(Path.Combine(_folder.Path, "one", "switch", "seed-3"), Path.Combine(_folder.Path, "two", "switch", "seed-3"), 4);
    }

    [Fact]
    public void At_equal_operations_dearer_recipes_do_fewer_steps()
    {
        JsonObject result = Compare("a", "--flops", "3e8", "--recipes", "switch,evomoe-random", "--seeds", "1");
        long[] steps = [.. ((string[])["switch", "evomoe-random"]).Select(recipe => MetricsFile.Read(Metrics("a", recipe, 1))[^1].Step)];
        Assert.True(steps[1] < steps[0]);
        Assert.All(result["recipes"]!.AsArray(), static recipe => Assert.InRange(recipe!["flops"]!.GetValue<double>(), 3e8, 3.2e8));
    }

    [Fact]
    public void Other_settings_in_the_same_folder_are_refused()
    {
        Compare("a", "--steps", "2", "--recipes", "switch", "--seeds", "1");
        (int code, CapturedTerminal terminal) = Run("a", "--steps", "3", "--recipes", "switch", "--seeds", "1");
        Assert.Equal(2, code);
        Assert.Contains("was begun with other settings", terminal.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("give --steps or --flops", "--steps", "3", "--flops", "1e9")]
    [InlineData("'x' is no seed", "--seeds", "1,x")]
    [InlineData("no recipe 'evo'", "--recipes", "evo")]
    public void Wrong_use_is_told_in_one_line(string named, params string[] arguments)
    {
        (int code, CapturedTerminal terminal) = Run("a", arguments);
        Assert.Equal(2, code);
        Assert.Contains(named, terminal.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder.Path, "a")));
    }

    private JsonObject Compare(string folder, params string[] arguments)
    {
        (int code, CapturedTerminal terminal) = Run(folder, arguments);
        Assert.True(code == 0, terminal.Error);
        return JsonNode.Parse(terminal.Out.TrimEnd().Split('\n')[^1])!.AsObject();
    }

    private (int Code, CapturedTerminal Terminal) Run(string folder, params string[] arguments)
    {
        CapturedTerminal terminal = new();
        return (terminal.Run(CommandList.Create(), ["compare", "--data", _text, "--config", _settings, "--out", Path.Combine(_folder.Path, folder), "--json", .. arguments]), terminal);
    }

    private string Metrics(string folder, string recipe, int seed) => Path.Combine(_folder.Path, folder, recipe, $"seed-{seed}", "metrics.jsonl");

    private static double Mean(JsonObject result, int recipe) => result["recipes"]![recipe]!["validation_loss"]!["mean"]!.GetValue<double>();

    private static IEnumerable<string> Recipes(JsonObject result) => result["recipes"]!.AsArray().Select(static recipe => recipe!["recipe"]!.GetValue<string>());
}

using System.Text;
using System.Text.Json;
using Switchyard.Cli.Commands;
using Switchyard.Language.Masking;

namespace Switchyard.Tests.Cli;

/// <summary>Masked models and translators from files to answers, in this process with models of a few thousand parameters.</summary>
public sealed class TaskCommandsTests : IDisposable
{
    private static readonly string[] Tiny =
        ["--layers", "2", "--width", "16", "--heads", "2", "--hidden", "16", "--experts", "2", "--context", "24", "--learning-rate", "0.01", "--warm-up", "5", "--threads", "1"];

    private static readonly string[] Zahlen = ["eins", "zwei", "drei", "vier", "fünf"];

    private readonly TemporaryFolder _folder = new();
    private readonly string _text, _pair;

    public TaskCommandsTests()
    {
        _text = _folder.Write("text.txt", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("the cat sat on the mat, and the dog lay on the log.\n", 40))));
        string[] numbers = ["one", "two", "three", "four", "five"];
        StringBuilder source = new(), target = new();
        for (int i = 0; i < 125; i++)
        {
            int[] digits = [i % 5, i / 5 % 5, i / 25];
            source.Append(string.Join(' ', digits.Select(digit => numbers[digit]))).Append('\n');
            target.Append(string.Join(' ', digits.Select(digit => Zahlen[digit]))).Append('\n');
        }
        _pair = $"{_folder.Write("n.en", Encoding.UTF8.GetBytes(source.ToString()))},{_folder.Write("n.de", Encoding.UTF8.GetBytes(target.ToString()))}";
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("bytes")]
    [InlineData("bpe:280")]
    public void A_masked_model_is_trained_evaluated_and_fills_gaps(string tokenizer)
    {
        string run = In("run");
        JsonElement trained = Json(["train", "--task", "mlm", "--data", _text, "--out", run, "--tokenizer", tokenizer, "--batch", "8", "--steps", "60", .. Tiny]);
        Assert.Equal("mlm", trained.GetProperty("task").GetString());
        Assert.Equal(60 * 8 * 24, trained.GetProperty("tokens").GetInt64());
        Assert.InRange(trained.GetProperty("accuracy").GetDouble(), 0.1, 1);
        // The experts that colour the text are those of the text with masks.
        string coloured = $">{MaskFiller.Mark}</span>";
        Assert.Contains(coloured, File.ReadAllText(trained.GetProperty("report").GetString()!), StringComparison.Ordinal);

        JsonElement evaluated = Json("evaluate", "--run", run, "--data", _text), again = Json("evaluate", "--run", run, "--data", _text);
        Assert.Equal(evaluated.GetProperty("nats_per_token").GetDouble(), again.GetProperty("nats_per_token").GetDouble());
        string report = File.ReadAllText(evaluated.GetProperty("report").GetString()!);
        Assert.Contains("Guessed right", report, StringComparison.Ordinal);
        Assert.Contains(coloured, report, StringComparison.Ordinal);

        JsonElement filled = Json("fill", "--run", run, "--text", "the [MASK] sat on the [MASK]", "--top", "3");
        Assert.Equal(2, filled.GetProperty("masks").GetArrayLength());
        double[] probabilities = [.. filled.GetProperty("masks")[0].EnumerateArray().Select(static proposal => proposal.GetProperty("probability").GetDouble())];
        Assert.Equal(3, probabilities.Length);
        Assert.Equal(probabilities.OrderDescending(), probabilities);
        Assert.DoesNotContain("[MASK]", filled.GetProperty("text").GetString(), StringComparison.Ordinal);
        Refused("there is no [MASK]", "fill", "--run", run, "--text", "the cat");
        Refused("is a run of the task mlm", "generate", "--run", run, "--prompt", "the");
        Refused("is a run of the task mlm", "translate", "--run", run, "--text", "the");
        Refused("--beam", "evaluate", "--run", run, "--data", _text, "--beam", "2");
    }

    [Fact]
    public void A_translator_is_trained_evaluated_and_translates()
    {
        string run = In("run");
        JsonElement trained = Json(["train", "--task", "translation", "--data", _pair, "--out", run, "--tokenizer", "bpe:300", "--batch", "16", "--steps", "250", "--dropout", "0", "--decoder-mixture-every", "1", .. Tiny]);
        Assert.InRange(trained.GetProperty("validation_loss").GetDouble(), 0, 1);
        Assert.Equal([1, 2, 3], trained.GetProperty("expert_load").EnumerateArray().Select(static layer => layer.GetProperty("layer").GetInt32()));

        JsonElement evaluated = Json("evaluate", "--run", run, "--data", _pair, "--beam", "2");
        Assert.Equal("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp", evaluated.GetProperty("signature").GetString());
        Assert.Equal(2, evaluated.GetProperty("beam").GetInt32());
        Assert.Equal(125, evaluated.GetProperty("pairs").GetInt32());
        Assert.InRange(evaluated.GetProperty("chrf").GetDouble(), 50, 100);
        Assert.Contains("What it writes", File.ReadAllText(evaluated.GetProperty("report").GetString()!), StringComparison.Ordinal);

        string file = _folder.Write("two.txt", "one two three\n\nfive five one\n"u8);
        CapturedTerminal terminal = new();
        Assert.Equal(0, terminal.Run(CommandList.Create(), ["translate", "--run", run, "--data", file, "--beam", "1"]));
        Assert.Equal(3, terminal.OutLines.Length);
        Assert.Equal("", terminal.OutLines[1]);
        Assert.All(terminal.OutLines[0].Split(' '), static word => Assert.Contains(word, Zahlen));
        JsonElement translated = Json("translate", "--run", run, "--text", "one two three", "--beam", "3");
        Assert.Equal("one two three", translated.GetProperty("translations")[0].GetProperty("source").GetString());
        Refused("names no two texts", "evaluate", "--run", run, "--data", _text);
    }

    [Theory]
    [InlineData("mlm", "text.txt", "--gate", "hash")]
    [InlineData("mlm", "text.txt", "--recipe", "stablemoe")]
    [InlineData("mlm", "text.txt", "--recipe", "evomoe")]
    [InlineData("translation", null, "--gate", "top-k")]
    [InlineData("translation", null, "--recipe", "evomoe")]
    [InlineData("translation", null, "--recipe", "base")]
    public void A_run_stopped_and_resumed_is_the_run_that_was_not_stopped(string task, string? data, params string[] more)
    {
        string whole = In("whole"), parts = In("parts"), place = data is null ? _pair : In(data);
        string[] settings = ["--task", task, "--data", place, "--tokenizer", "bpe:280", "--batch", "4", "--steps", "12", "--checkpoint-every", "4", "--dropout", "0.1", .. more, .. Tiny];
        Json(["train", .. settings, "--out", whole]);
        using (CancellationTokenSource signal = new())
        {
            signal.Cancel();
            Assert.Equal(130, new CapturedTerminal().Run(CommandList.Create(), ["train", .. settings, "--out", parts], signal));
        }
        Assert.Equal(0, new CapturedTerminal().Run(CommandList.Create(), ["train", "--resume", parts, "--threads", "2"]));
        Assert.Equal(Weights(whole), Weights(parts));
    }

    [Theory]
    [InlineData("no task 'poetry'", "--task", "poetry", "--data", "text.txt")]
    [InlineData("no built-in text to translate", "--task", "translation")]
    [InlineData("names no two texts", "--task", "translation", "--data", "text.txt")]
    [InlineData("has 40 lines and", "--task", "translation", "--data", "text.txt,n.de")]
    [InlineData("is not learnt by the architecture 'decoder'", "--task", "mlm", "--data", "text.txt", "--architecture", "decoder")]
    [InlineData("2 of the tokens are masked", "--task", "mlm", "--data", "text.txt", "--masked", "2")]
    [InlineData("label smoothing is 1", "--task", "mlm", "--data", "text.txt", "--label-smoothing", "1")]
    [InlineData("unknown key 'model.decoder_layers'", "--task", "mlm", "--data", "text.txt", "--decoder-layers", "2")]
    public void Wrong_use_is_one_line_with_exit_code_2_and_leaves_nothing_behind(string expected, params string[] arguments)
    {
        string run = In("run");
        string[] placed = [.. arguments.Select(word => word.Contains('.') && !word.StartsWith('-') ? string.Join(',', word.Split(',').Select(In)) : word)];
        Refused(expected, ["train", "--out", run, "--steps", "2", "--context", "24", .. placed]);
        Assert.False(Directory.Exists(run));
    }

    private string In(string name) => Path.Combine(_folder.Path, name);

    private static byte[] Weights(string run)
        => File.ReadAllBytes(Directory.GetFiles(Path.Combine(run, "checkpoints"), "model.safetensors", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Last());

    private static void Refused(string expected, params string[] arguments)
    {
        CapturedTerminal terminal = new();
        Assert.Equal(2, terminal.Run(CommandList.Create(), arguments));
        Assert.Contains(expected, Assert.Single(terminal.ErrorLines, static line => line.StartsWith("switchyard:", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    private static JsonElement Json(params string[] arguments)
    {
        CapturedTerminal terminal = new();
        int code = terminal.Run(CommandList.Create(), [.. arguments, "--json"]);
        Assert.True(code == 0, terminal.Error);
        return JsonDocument.Parse(terminal.OutLines[^1]).RootElement.Clone();
    }
}

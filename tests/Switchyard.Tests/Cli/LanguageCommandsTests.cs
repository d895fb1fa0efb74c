using System.Text;
using System.Text.Json;
using Switchyard.Cli.Commands;
using Switchyard.Language.HuggingFace;
using Switchyard.Language.Transformer;

namespace Switchyard.Tests.Cli;

/// <summary>From a text to a trained model and out again, all in this process with a model of a few thousand parameters.</summary>
public sealed class LanguageCommandsTests : IDisposable
{
    private static readonly string[] Tiny =
        ["--layers", "2", "--width", "16", "--heads", "2", "--hidden", "8", "--experts", "4", "--context", "16", "--batch", "2", "--threads", "1"];

    private readonly TemporaryFolder _folder = new();
    private readonly string _text;

    public LanguageCommandsTests() => _text = _folder.Write("text.txt", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("the cat sat on the mat, and the dog lay on the log.\n", 40))));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_model_is_trained_evaluated_exported_and_speaks()
    {
        string run = Path.Combine(_folder.Path, "run"), exported = Path.Combine(_folder.Path, "exported");
        JsonElement trained = Json("train", "--data", _text, "--out", run, "--steps", "60", "--learning-rate", "0.01", "--warm-up", "5");
        Assert.Equal(60, trained.GetProperty("steps").GetInt64());
        Assert.Equal(60 * 2 * 16, trained.GetProperty("tokens").GetInt64());
        Assert.InRange(trained.GetProperty("nats_per_byte").GetDouble(), 0.5, 3.5); // below ln 256 = 5.5: it learnt something
        Assert.Equal(0, trained.GetProperty("dropped_fraction").GetDouble());
        Assert.Equal(2, trained.GetProperty("expert_load").GetArrayLength());
        Assert.True(trained.GetProperty("parameters").GetProperty("active").GetInt64() < trained.GetProperty("parameters").GetProperty("total").GetInt64());
        Assert.True(File.Exists(trained.GetProperty("report").GetString()));
        foreach (string key in new[] { "run", "train_loss", "validation_loss", "tokens_per_second", "model_flops_utilisation" }) Assert.True(trained.TryGetProperty(key, out _), key);

        JsonElement evaluated = Json("evaluate", "--run", run, "--data", _text);
        Assert.Equal(File.ReadAllBytes(_text).Length / 16 * 15, evaluated.GetProperty("tokens").GetInt64());
        Assert.Equal(evaluated.GetProperty("nats_per_byte").GetDouble(), evaluated.GetProperty("nats_per_token").GetDouble(), 1e-12); // a token is a byte
        Assert.Equal(Math.Exp(evaluated.GetProperty("nats_per_token").GetDouble()), evaluated.GetProperty("perplexity").GetDouble(), 1e-9);
        Assert.Equal(2, evaluated.GetProperty("layers").GetArrayLength());
        string page = File.ReadAllText(evaluated.GetProperty("report").GetString()!);
        foreach (string part in new[] { "Expert load", "Routing of the beginning of the text", "switchyard evaluate --run" }) Assert.Contains(part, page, StringComparison.Ordinal);

        JsonElement spoken = Json("generate", "--run", run, "--prompt", "the ", "--max-tokens", "40", "--seed", "7");
        Assert.Equal(40, spoken.GetProperty("tokens").GetArrayLength());
        Assert.Equal(spoken.GetProperty("text").GetString(), Json("generate", "--run", run, "--prompt", "the ", "--max-tokens", "40", "--seed", "7").GetProperty("text").GetString());

        Json("export", "--run", run, "--to", "huggingface", exported);
        using DecoderModel loaded = HuggingFaceCheckpoint.Load(exported);
        Assert.Equal(trained.GetProperty("parameters").GetProperty("total").GetInt64(), loaded.ParameterCount);
        Assert.True(File.Exists(Path.Combine(exported, "tokenizer.json")));
    }

    [Fact]
    public void A_run_stopped_and_resumed_is_the_run_that_was_not_stopped()
    {
        string whole = Path.Combine(_folder.Path, "whole"), parts = Path.Combine(_folder.Path, "parts");
        string[] settings = ["--data", _text, "--steps", "12", "--checkpoint-every", "4", "--dropout", "0.1"];
        Json(["train", .. settings, "--out", whole]);
        using (CancellationTokenSource signal = new())
        {
            signal.Cancel();
            Assert.Equal(130, new CapturedTerminal().Run(CommandList.Create(), ["train", .. settings, "--out", parts, .. Tiny], signal));
        }
        CapturedTerminal terminal = new();
        Assert.Equal(0, terminal.Run(CommandList.Create(), ["train", "--resume", parts, "--threads", "2"]));
        Assert.Equal(Weights(whole), Weights(parts));
    }

    [Theory]
    [InlineData("cut short")]
    [InlineData("one bit changed")]
    public void A_damaged_checkpoint_is_passed_over_with_one_line_and_the_run_comes_to_the_same_bits(string damage)
    {
        string whole = Path.Combine(_folder.Path, "whole"), damaged = Path.Combine(_folder.Path, "damaged");
        string[] settings = ["--data", _text, "--steps", "12", "--checkpoint-every", "4", "--dropout", "0.1"];
        Json(["train", .. settings, "--out", whole]);
        Json(["train", .. settings, "--out", damaged]);
        string newest = Path.Combine(damaged, "checkpoints", "step-00000012", "model.safetensors");
        byte[] bytes = File.ReadAllBytes(newest);
        if (damage == "cut short") bytes = bytes[..(bytes.Length / 2)];
        else bytes[bytes.Length / 2] ^= 4;
        File.WriteAllBytes(newest, bytes);

        CapturedTerminal terminal = new();
        Assert.Equal(0, terminal.Run(CommandList.Create(), ["train", "--resume", damaged, "--threads", "1"]));
        string line = Assert.Single(terminal.ErrorLines, static line => line.Contains("damaged and passed over", StringComparison.Ordinal));
        Assert.Contains(newest, line, StringComparison.Ordinal);
        Assert.Contains(terminal.ErrorLines, static line => line.Contains("resumed from", StringComparison.Ordinal) && line.EndsWith("step-00000008", StringComparison.Ordinal));
        Assert.Equal(Weights(whole), Weights(damaged));
    }

    [Fact]
    public void A_checkpoint_of_another_model_is_refused_in_one_line_that_names_both()
    {
        string run = Path.Combine(_folder.Path, "run"), other = Path.Combine(_folder.Path, "other");
        Json("train", "--data", _text, "--steps", "2", "--out", run);
        Json("train", "--data", _text, "--steps", "4", "--out", other, "--kv-heads", "1");
        Directory.Move(Path.Combine(other, "checkpoints", "step-00000004"), Path.Combine(run, "checkpoints", "step-00000004"));

        CapturedTerminal terminal = new();
        Assert.Equal(2, terminal.Run(CommandList.Create(), ["train", "--resume", run]));
        string line = Assert.Single(terminal.ErrorLines, static line => line.StartsWith("switchyard:", StringComparison.Ordinal));
        Assert.Contains("another model", line, StringComparison.Ordinal);
        Assert.Contains("2 heads over 1", line, StringComparison.Ordinal);
        Assert.Contains("2 heads;", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Byte_pairs_are_learnt_and_kept_with_the_run()
    {
        string run = Path.Combine(_folder.Path, "pairs");
        JsonElement trained = Json("train", "--data", _text, "--out", run, "--steps", "2", "--tokenizer", "bpe:270");
        Assert.NotEqual(trained.GetProperty("validation_loss").GetDouble(), trained.GetProperty("nats_per_byte").GetDouble());
        Assert.Equal(270, JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "config.json"))).RootElement.GetProperty("model").GetProperty("vocabulary").GetInt32());
    }

    [Theory]
    [InlineData("no such file", "--data", "nowhere.txt")]
    [InlineData("holds no text", "--data", "empty.txt")]
    [InlineData("fewer than one window", "--data", "short.txt")]
    [InlineData("UTF-8", "--data", "latin1.txt")]
    [InlineData("5 of 4 experts", "--top-k", "5")]
    [InlineData("3 heads do not divide width 16", "--heads", "3")]
    [InlineData("unknown key 'model.layrs'", "--config", "wrong.json")]
    [InlineData("not JSON", "--config", "broken.json")]
    [InlineData("no tokenizer", "--tokenizer", "words")]
    [InlineData("no gate", "--gate", "magic")]
    [InlineData("0 steps", "--steps", "0")]
    [InlineData("--learning-rate is NaN", "--learning-rate", "NaN")]
    [InlineData("the batch is 0 windows", "--batch", "0")]
    [InlineData("the batch is 1000000000 windows", "--batch", "1000000000")]
    [InlineData("balance loss", "--balance", "-3")]
    [InlineData("a weight decay of -1", "--weight-decay", "-1")]
    [InlineData("one layer of 3 has experts, and there are 2", "--mixture-every", "3")]
    [InlineData("twice.json: Duplicate", "--config", "twice.json")]
    [InlineData("null.json: model", "--config", "null.json")]
    [InlineData("norms is -1", "--config", "epsilon.json")]
    public void Bad_input_is_one_line_with_exit_code_2_and_leaves_nothing_behind(string expected, string option, string value)
    {
        _folder.Write("empty.txt", []);
        _folder.Write("short.txt", "too short"u8);
        _folder.Write("latin1.txt", [.. Enumerable.Repeat((byte)'a', 500), 0xE9, .. Enumerable.Repeat((byte)'a', 500)]);
        _folder.Write("wrong.json", """{"model": {"layrs": 2}}"""u8);
        _folder.Write("broken.json", """{"model": {"layers": 2,}"""u8);
        _folder.Write("twice.json", """{"model": {"layers": 2, "layers": 3}}"""u8);
        _folder.Write("null.json", """{"model": null}"""u8);
        _folder.Write("epsilon.json", """{"model": {"norm_epsilon": -1}}"""u8);
        string run = Path.Combine(_folder.Path, "run");
        List<string> arguments = ["train", .. Tiny, "--steps", "2", "--data", _text, "--out", run];
        int place = arguments.IndexOf(option);
        string given = option is "--data" or "--config" ? Path.Combine(_folder.Path, value) : value;
        if (place >= 0) arguments[place + 1] = given;
        else arguments.AddRange([option, given]);

        CapturedTerminal terminal = new();
        Assert.Equal(2, terminal.Run(CommandList.Create(), [.. arguments]));
        Assert.Empty(terminal.Out);
        string line = Assert.Single(terminal.ErrorLines, line => line.StartsWith("switchyard:", StringComparison.Ordinal));
        Assert.Contains(expected, line, StringComparison.Ordinal);
        Assert.False(Directory.Exists(run));
    }

    [Fact]
    public void A_configuration_that_names_its_text_by_a_number_is_refused()
        => Refused("wrong type", "train", "--config", _folder.Write("number.json", """{"data": 5}"""u8), "--out", Path.Combine(_folder.Path, "run"));

    [Fact]
    public void A_run_is_not_resumed_on_a_text_that_has_changed()
    {
        string run = Path.Combine(_folder.Path, "run");
        Train("--data", _text, "--steps", "2", "--out", run);
        byte[] text = File.ReadAllBytes(_text);
        text[3] = (byte)'!';
        File.WriteAllBytes(_text, text);
        Refused("is not the text", "train", "--resume", run);
    }

    [Fact]
    public void A_run_that_is_done_resumes_to_the_same_figures()
    {
        string run = Path.Combine(_folder.Path, "run");
        JsonElement done = Json("train", "--data", _text, "--steps", "3", "--out", run);
        CapturedTerminal terminal = new();
        Assert.Equal(0, terminal.Run(CommandList.Create(), ["train", "--resume", run, "--threads", "1", "--json"]));
        JsonElement again = JsonDocument.Parse(terminal.OutLines[^1]).RootElement;
        foreach (string key in (string[])["steps", "train_loss", "validation_loss", "nats_per_byte"])
            Assert.Equal(done.GetProperty(key).GetDouble(), again.GetProperty(key).GetDouble());
        Assert.True(again.GetProperty("tokens_per_second").GetDouble() > 0);
    }

    [Fact]
    public void Neither_an_export_nor_a_run_replaces_files_of_another_kind()
    {
        string run = Path.Combine(_folder.Path, "run"), exported = Path.Combine(_folder.Path, "exported");
        Train("--data", _text, "--steps", "2", "--out", run);
        byte[] config = File.ReadAllBytes(Path.Combine(run, "config.json"));
        Refused("not replaced", "export", "--run", run, "--to", "huggingface", run);
        Assert.Equal(config, File.ReadAllBytes(Path.Combine(run, "config.json")));
        for (int times = 0; times < 2; times++) Json("export", "--run", run, "--to", "huggingface", exported);

        string reports = Directory.CreateDirectory(Path.Combine(_folder.Path, "reports")).FullName;
        File.WriteAllText(Path.Combine(reports, "report.html"), "mine");
        Refused("report.html", ["train", .. Tiny, "--data", _text, "--steps", "2", "--out", reports]);
        Assert.Equal("mine", File.ReadAllText(Assert.Single(Directory.GetFiles(reports))));
    }

    private static void Train(params string[] arguments)
        => Assert.Equal(0, new CapturedTerminal().Run(CommandList.Create(), ["train", .. arguments, .. Tiny]));

    private static void Refused(string expected, params string[] arguments)
    {
        CapturedTerminal terminal = new();
        Assert.Equal(2, terminal.Run(CommandList.Create(), arguments));
        Assert.Contains(expected, Assert.Single(terminal.ErrorLines, static line => line.StartsWith("switchyard:", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_loss_that_is_not_a_number_stops_the_run_and_names_the_step()
    {
        string run = Path.Combine(_folder.Path, "run");
        CapturedTerminal terminal = new();
        Assert.Equal(2, terminal.Run(CommandList.Create(), ["train", .. Tiny, "--data", _text, "--out", run, "--steps", "50", "--learning-rate", "1e30", "--warm-up", "0", "--checkpoint-every", "1"]));
        string line = Assert.Single(terminal.ErrorLines, line => line.StartsWith("switchyard:", StringComparison.Ordinal));
        Assert.Contains("step", line, StringComparison.Ordinal);
        Assert.NotEmpty(Directory.GetDirectories(Path.Combine(run, "checkpoints")));
    }

    private static byte[] Weights(string run)
        => File.ReadAllBytes(Directory.GetFiles(Path.Combine(run, "checkpoints"), "model.safetensors", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Last());

    private static JsonElement Json(params string[] arguments)
    {
        CapturedTerminal terminal = new();
        string[] settings = arguments[0] == "train" ? Tiny : [];
        int code = terminal.Run(CommandList.Create(), [.. arguments, .. settings, "--json"]);
        Assert.True(code == 0, terminal.Error);
        return JsonDocument.Parse(terminal.OutLines[^1]).RootElement.Clone();
    }
}

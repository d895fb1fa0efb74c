using System.Globalization;
using System.Text;
using System.Text.Json;
using Switchyard.Cli;
using Switchyard.Cli.Commands;
using Switchyard.Tensors;

namespace Switchyard.Tests.Cli;

public sealed class MixtureCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("em", "linear", 1)]
    [InlineData("em", "linear", 2)]
    [InlineData("em", "mlp", 1)]
    [InlineData("gradient", "linear", 2)]
    [InlineData("gradient", "mlp", 1)]
    public void A_number_is_fitted_and_predicted(string method, string expert, int levels)
    {
        string data = Lines(200), run = In("run"), table = In("out.csv");
        JsonElement fit = Json("mixture", "fit", "--data", data, "--target", "y", "--experts", "4", "--method", method, "--expert", expert, "--levels", $"{levels}", "--iterations", "40", "--out", run);
        Assert.True(fit.GetProperty("held_out_mse").GetDouble() < 6);
        Assert.Equal(4, fit.GetProperty("experts").GetInt32());
        double[] course = Numbers(fit, "log_likelihood"), penalised = Numbers(fit, "penalised_log_likelihood");
        Assert.Equal(fit.GetProperty("iterations").GetInt32() + 1, course.Length);
        Assert.All(course.Zip(penalised), static point => Assert.True(point.First > point.Second));
        bool neverFell = penalised.Zip(penalised.Skip(1)).All(static step => step.Second >= step.First - 1e-9 * Math.Abs(step.First));
        Assert.Equal(neverFell, fit.GetProperty("log_likelihood_never_fell").GetBoolean());
        if (method == "em") Assert.True(neverFell);
        Assert.Equal(course.Length, File.ReadAllLines(Path.Combine(run, "metrics.jsonl")).Length);
        Assert.Contains("</html>", File.ReadAllText(fit.GetProperty("report").GetString()!));

        JsonElement predicted = Json("mixture", "predict", "--run", run, "--data", data, "--out", table);
        JsonElement onFitted = Json("mixture", "predict", "--run", run, "--data", data);
        Assert.Equal(course[^1] + fit.GetProperty("held_out_log_likelihood").GetDouble(), onFitted.GetProperty("log_likelihood").GetDouble(), 1e-6);
        double mse = 0.8 * fit.GetProperty("mse").GetDouble() + 0.2 * fit.GetProperty("held_out_mse").GetDouble();
        Assert.Equal(mse, predicted.GetProperty("mse").GetDouble(), 1e-9);
        string[] lines = File.ReadAllLines(table);
        Assert.Equal(201, lines.Length);
        Assert.Equal("prediction,gate_0,gate_1,gate_2,gate_3,responsibility_0,responsibility_1,responsibility_2,responsibility_3", lines[0]);
        double[] first = [.. lines[1].Split(',').Select(cell => double.Parse(cell, CultureInfo.InvariantCulture))];
        Assert.Equal(predicted.GetProperty("predictions")[0].GetDouble(), first[0]);
        Assert.Equal(1, first[1..5].Sum(), 1e-12);
        Assert.Equal(1, first[5..].Sum(), 1e-12);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Classes_are_fitted_and_predicted_without_their_column(int classes)
    {
        string data = Groups(classes, named: true), run = In("run");
        JsonElement fit = Json("mixture", "fit", "--data", data, "--target", "kind", "--group", "who", "--features", "a,b", "--log", "a", "--experts", "2", "--out", run);
        Assert.True(fit.GetProperty("held_out_accuracy").GetDouble() >= 0.9);
        Assert.True(fit.GetProperty("log_likelihood_never_fell").GetBoolean());

        JsonElement predicted = Json("mixture", "predict", "--run", run, "--data", Groups(classes, named: false));
        string[] labels = [.. predicted.GetProperty("predictions").EnumerateArray().Select(label => label.GetString()!)];
        Assert.True(labels.Where((label, i) => label == $"k{i % classes}").Count() >= 0.9 * labels.Length);
        Assert.Equal(JsonValueKind.Null, predicted.GetProperty("accuracy").ValueKind);
    }

    [Fact]
    public void The_same_seed_gives_the_same_model()
    {
        string data = Groups(3, named: true);
        byte[] Model(string name, string seed, string threads)
        {
            Json("mixture", "fit", "--data", data, "--target", "kind", "--features", "a,b", "--seed", seed, "--threads", threads, "--iterations", "5", "--out", In(name));
            return File.ReadAllBytes(Path.Combine(In(name), "model.safetensors"));
        }

        byte[] first = Model("one", "1", "1");
        Assert.Equal(first, Model("two", "1", "2"));
        Assert.NotEqual(first, Model("three", "2", "1"));
    }

    [Fact]
    public void A_group_never_stands_on_both_sides()
    {
        // Every group is one class of its own: a mixture that has not seen it cannot know it.
        StringBuilder text = new("x,y,g\n");
        for (int i = 0; i < 100; i++) text.Append(CultureInfo.InvariantCulture, $"{i % 10},{(i % 10) * (i % 10)},g{i % 10}\n");
        string data = Write("groups.csv", text.ToString());
        JsonElement fit = Json("mixture", "fit", "--data", data, "--target", "y", "--group", "g", "--experts", "1", "--held-out", "0.3", "--out", In("run"));
        Assert.Equal(30, fit.GetProperty("held_out_rows").GetInt32());
        Assert.Equal(70, fit.GetProperty("rows").GetInt32());
        Assert.Equal(["x"], fit.GetProperty("features").EnumerateArray().Select(name => name.GetString()));
    }

    [Theory]
    [InlineData("--experts 0", "--experts is 0, and must be at least 1")]
    [InlineData("--levels 3", "3 levels")]
    [InlineData("--levels 2 --experts 5", "5 experts make no two levels")]
    [InlineData("--held-out 1", "the held-out share is 1")]
    [InlineData("--ridge -1", "a ridge is -1")]
    [InlineData("--gate-ridge NaN", "a ridge is NaN")]
    [InlineData("--iterations 0", "0 iterations")]
    [InlineData("--method newton", "--method is 'newton', and must be em or gradient")]
    [InlineData("--method 1", "--method is '1', and must be em or gradient")]
    [InlineData("--expert tree", "--expert is 'tree', and must be linear or logistic or mlp")]
    [InlineData("--loss cooperative", "EM has no cooperative loss")]
    [InlineData("--features x,x", "'x' is named twice")]
    [InlineData("--features y", "'y' is the target")]
    [InlineData("--features z", "there is no column 'z'")]
    [InlineData("--group z", "there is no column 'z'")]
    [InlineData("--log z", "the logarithm of 'z'")]
    [InlineData("--log x", "line 2, column x: '-2' where a positive number")]
    [InlineData("--target z", "there is no column 'z'")]
    [InlineData("--expert logistic", "200 different values")]
    public void What_cannot_be_fitted_is_refused_in_one_line(string options, string problem)
    {
        string[] words = options.Split(' ');
        string[] target = words.Contains("--target") ? [] : ["--target", "y"];
        CapturedTerminal terminal = new();
        int code = terminal.Run([MixtureCommand.Create()], ["mixture", "fit", "--data", Lines(200), .. target, .. words, "--out", In("run")]);
        Assert.Equal(ExitCode.Misuse, code);
        Assert.Contains(problem, terminal.ErrorLines[0]);
        Assert.False(Directory.Exists(In("run")));
    }

    [Theory]
    [InlineData("x,kind\n1,a\n2,a\n3,a\n", "every row has the one class 'a'")]
    [InlineData("x,kind\n1,2\n", "leave none to fit")]
    [InlineData("x,kind\n1,\n2,a\n", "line 2, column kind: '' where a label was expected")]
    [InlineData("x,kind\nq,a\n2,b\n", "no column but the target holds numbers only")]
    public void A_table_without_the_stuff_of_a_mixture_is_refused(string text, string problem)
    {
        CapturedTerminal terminal = new();
        Assert.Equal(ExitCode.Misuse, terminal.Run([MixtureCommand.Create()], ["mixture", "fit", "--data", Write("bad.csv", text), "--target", "kind", "--out", In("run")]));
        Assert.Contains(problem, terminal.ErrorLines[0]);
    }

    [Fact]
    public void A_damaged_run_is_refused()
    {
        string data = Lines(50), run = In("run");
        Json("mixture", "fit", "--data", data, "--target", "y", "--experts", "2", "--out", run);
        Refused("names", "no column 'x'", "--run", run, "--data", Write("other.csv", "z\n1\n"));
        Refused("taken", "no run", "--run", In("absent"), "--data", data);
        string config = Path.Combine(run, "config.json"), whole = File.ReadAllText(config);
        File.WriteAllText(config, "{}");
        Refused("empty", "not the configuration of a mixture", "--run", run, "--data", data);
        File.WriteAllText(config, whole.Replace("\"groups\": 2", "\"groups\": 3", StringComparison.Ordinal));
        Refused("other", "tensor top has shape", "--run", run, "--data", data);
        File.WriteAllText(config, whole.Replace("\"groups\": 2", "\"groups\": -1", StringComparison.Ordinal));
        Refused("negative", "damaged", "--run", run, "--data", data);
        File.WriteAllText(config, whole);
        File.Delete(Path.Combine(run, "model.safetensors"));
        Refused("model", "model.safetensors", "--run", run, "--data", data);

        void Refused(string what, string problem, params string[] words)
        {
            CapturedTerminal terminal = new();
            Assert.True(terminal.Run([MixtureCommand.Create()], ["mixture", "predict", .. words]) == ExitCode.Misuse, what);
            Assert.Contains(problem, terminal.Error);
        }
    }

    private string Lines(int rows)
    {
        Philox random = new(11);
        StringBuilder text = new("x,y\n");
        for (int i = 0; i < rows; i++)
        {
            double x = -2 + 4.0 * i / rows;
            text.Append(CultureInfo.InvariantCulture, $"{x},{(x < 0 ? 2 * x + 1 : -3 * x + 0.5) + 0.1 * random.NextNormal()}\n");
        }
        return Write("lines.csv", text.ToString());
    }

    private string Groups(int classes, bool named)
    {
        Philox random = new(12);
        StringBuilder text = new(named ? "a,b,kind,who\n" : "b,a\n");
        for (int i = 0; i < 150; i++)
        {
            int kind = i % classes;
            double a = Math.Exp(kind + 0.1 * random.NextNormal()), b = 3 * (kind % 2) + 0.5 * random.NextNormal();
            text.Append(named ? string.Create(CultureInfo.InvariantCulture, $"{a},{b},k{kind},p{i / 10}\n") : string.Create(CultureInfo.InvariantCulture, $"{b},{a}\n"));
        }
        return Write(named ? "named.csv" : "unnamed.csv", text.ToString());
    }

    private static JsonElement Json(params string[] words)
    {
        CapturedTerminal terminal = new();
        int code = terminal.Run([MixtureCommand.Create()], [.. words, "--json", "--quiet"]);
        Assert.True(code == ExitCode.Done, terminal.Error);
        using JsonDocument json = JsonDocument.Parse(terminal.OutLines[^1]);
        return json.RootElement.Clone();
    }

    private static double[] Numbers(JsonElement result, string field) => [.. result.GetProperty(field).EnumerateArray().Select(static value => value.GetDouble())];

    private string In(string name) => Path.Combine(_folder.Path, name);

    private string Write(string name, string text) => _folder.Write(name, Encoding.UTF8.GetBytes(text));
}

using System.Xml.Linq;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Training.Reports;

public class TrainingReportTests
{
    private static TrainingReportData Data(IReadOnlyList<StepMetrics> metrics, string text = "a text") => new()
    {
        Title = text,
        Subtitle = text,
        CommandLine = text,
        Metrics = metrics,
        Configuration = [new(text, text), new("width", "256")],
        Elapsed = TimeSpan.FromSeconds(293),
        TotalParameters = 14_237_952,
        ActiveParameters = 4_800_512,
        BytesPerToken = 2,
        SourceEntropy = 0.93,
        Samples = [new(text, text, text)],
        RoutedTexts = [new(text, [text, "b\n"], [new(0, 2, [1, 0]), new(2, 2, [0, 0])])],
        Domains = [new(0, [text, "dates"], new[,] { { 0.75, 0.25 }, { 0.5, 0.5 } })],
    };

    private static StepMetrics[] Run(int steps) =>
        [.. Enumerable.Range(1, steps).Select(step => MetricsFileTests.Record(step, 1 + 4.0 / step, step % 10 == 0 || step == steps ? 1.5 : null))];

    private static string[] Sections(XDocument page) => [.. page.Descendants("h2").Select(heading => heading.Value)];

    private static Dictionary<string, string> Headline(XDocument page) => page.OfClass("headline").Single().Elements("div")
        .ToDictionary(figure => figure.Element("dt")!.Value, figure => figure.Element("dd")!.Value);

    [Fact]
    public void All_parts_are_there()
    {
        XDocument page = Rendered.Xml(TrainingReport.Compose(Data(Run(100))));
        Assert.Equal(
            ["Result", "Loss", "Course of training", "Expert load", "Balance", "Who handles what", "Routing of a text", "What it writes", "Configuration"],
            Sections(page));
        Assert.Equal("a text", page.OfClass("command").Single().Value);
        Assert.Equal(["Layer 0", "Layer 2"], page.Descendants("section").ElementAt(3).Descendants("figcaption").Select(caption => caption.Value));
        Assert.Contains(page.Descendants("b"), title => title.Value == "Dropped pairs");
    }

    [Fact]
    public void The_headline_states_the_last_evaluation()
    {
        Dictionary<string, string> figures = Headline(Rendered.Xml(TrainingReport.Compose(Data(Run(100)))));
        Assert.Equal("1.500", figures["Validation loss"]);
        Assert.Equal("0.750", figures["Per byte"]);
        Assert.Equal("4.482", figures["Perplexity"]);
        Assert.Equal("1.040", figures["Training loss"]);
        Assert.Equal("410 k", figures["Tokens"]);
        Assert.Equal("4 min 53 s", figures["Time"]);
        Assert.Equal("20 k", figures["Throughput"]);
        Assert.Equal("14.2 M", figures["Parameters"]);
        Assert.Equal("4.8 M", figures["Active"]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Short_runs_have_a_report(int steps)
    {
        string page = TrainingReport.Compose(Data(Run(steps))).Render();
        Assert.DoesNotContain("NaN", page);
        Assert.Equal(steps > 0, Sections(XDocument.Parse(page)).Contains("Loss"));
    }

    [Fact]
    public void A_run_that_blew_up_has_a_report()
    {
        StepMetrics[] run = Run(50);
        for (int i = 30; i < 50; i++)
        {
            run[i] = run[i] with
            {
                TrainLoss = double.NaN,
                ValidationLoss = i == 49 ? double.PositiveInfinity : null,
                GradientNorm = double.PositiveInfinity,
                Layers = [new() { Layer = 0, Load = [double.NaN, double.NaN], Entropy = double.NaN, DroppedFraction = double.NaN, MaxOverMean = double.NaN }],
            };
        }

        XDocument page = Rendered.Xml(TrainingReport.Compose(Data(run)));
        Assert.Equal("∞", Headline(page)["Validation loss"]);
        Assert.Equal("NaN", Headline(page)["Training loss"]);
        Assert.DoesNotContain(page.Descendants("path"), path => ((string?)path.Attribute("d") ?? "").Contains('N'));
    }

    [Fact]
    public void A_dense_model_and_a_bare_run_leave_sections_out()
    {
        TrainingReportData data = new()
        {
            Title = "dense",
            CommandLine = "switchyard train",
            Metrics = [.. Run(20).Select(record => record with { Layers = [] })],
            Configuration = [],
        };
        Assert.Equal(["Result", "Loss", "Course of training", "Configuration"], Sections(Rendered.Xml(TrainingReport.Compose(data))));
    }

    [Fact]
    public void Hostile_text_is_shown_and_nothing_is_fetched_or_run()
    {
        string text = TrainingReport.Compose(Data(Run(20), Rendered.HostileText)).Render();
        XDocument page = XDocument.Parse(text);
        Assert.Equal(Rendered.HostileSeen, page.Descendants("h1").Single().Value);
        Assert.Equal(Rendered.HostileSeen, page.OfClass("command").Single().Value);
        Assert.Empty(page.Descendants("script"));
        Assert.Empty(page.Descendants("link"));
        Assert.Empty(page.Descendants().Attributes("src"));
        Assert.All(page.Descendants().Attributes("href"), link => Assert.StartsWith("#s", link.Value));
        Assert.DoesNotContain(page.Descendants().Attributes(), attribute => attribute.Name.LocalName.StartsWith("on", StringComparison.Ordinal));
        Assert.DoesNotContain("http://", text);
        Assert.DoesNotContain("https://", text);
        Assert.DoesNotContain("url(", text);
        Assert.DoesNotContain("@import", text);
    }

    [Fact]
    public void A_long_run_of_many_experts_stays_a_small_file()
    {
        double[] load = [.. Enumerable.Repeat(1 / 64.0, 64)];
        LayerMetrics[] layers = [.. Enumerable.Range(0, 8).Select(layer => new LayerMetrics { Layer = layer, Load = load, Entropy = 1, DroppedFraction = 0, MaxOverMean = 1 })];
        StepMetrics[] run = [.. Run(20_000).Select(record => record with { Layers = layers })];
        Assert.InRange(TrainingReport.Compose(Data(run)).Render().Length, 100_000, 4_000_000);
    }

    [Fact]
    public void Choices_must_match_the_tokens()
    {
        TrainingReportData data = Data(Run(2)) with { RoutedTexts = [new("text", ["a", "b"], [new(0, 2, [1])])] };
        Assert.Contains("layer 0 has 1 choices", Assert.Throws<ArgumentException>(() => TrainingReport.Compose(data)).Message);
    }
}

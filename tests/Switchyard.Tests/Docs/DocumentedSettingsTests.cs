using System.CommandLine;
using System.Text.Json.Nodes;
using Switchyard.Cli.Commands;
using Switchyard.Language.Runs;

namespace Switchyard.Tests.Docs;

/// <summary>The tables of settings in docs/training.md name every setting, its option and its default.</summary>
public sealed class DocumentedSettingsTests
{
    private const string Page = "docs/training.md";

    [Fact]
    public void Every_setting_stands_there_with_its_default()
    {
        List<string[]> rows = Documentation.Table(Page, "setting", "option", "default", "meaning");
        Dictionary<string, string> defaults = Flatten(new LanguageRunOptions());
        Assert.Equal(defaults.Keys.Order(), rows.Select(row => row[0]).Order());
        Assert.All(rows, row => Assert.Equal(defaults[row[0]], row[2], ignoreCase: true));
    }

    [Fact]
    public void What_depends_on_the_text_stands_there_with_its_values()
    {
        List<string[]> rows = Documentation.Table(Page, "setting", "built-in text", "200 kB of text", "1 MB of text", "50 MB of text");
        Dictionary<string, string> defaults = Flatten(new LanguageRunOptions() with { Data = "book.txt" });
        Dictionary<string, string>[] columns =
        [
            Flatten(LanguageRunOptions.For(null, 1 << 20) with { Data = "book.txt" }),
            Flatten(LanguageRunOptions.For("book.txt", 200_000)),
            Flatten(LanguageRunOptions.For("book.txt", 1_000_000)),
            Flatten(LanguageRunOptions.For("book.txt", 50_000_000)),
        ];
        Assert.Equal(defaults.Keys.Where(key => columns.Any(column => column[key] != defaults[key])).Order(), rows.Select(row => row[0]).Order());
        Assert.All(rows, row => Assert.Equal(columns.Select(column => column[row[0]]), row[1..].Select(cell => cell.Replace(",", "", StringComparison.Ordinal))));
    }

    [Theory]
    [InlineData("docs/masked-lm.md", "mlm")]
    [InlineData("docs/translation.md", "translation")]
    public void The_pages_of_the_tasks_have_their_settings_with_the_defaults(string page, string task)
    {
        Dictionary<string, string> defaults = Flatten(LanguageRunOptions.For("text", 1_000_000, task));
        Assert.All(Documentation.Table(page, "setting", "option", "default", "meaning"), row => Assert.Equal(defaults[row[0]], row[2], ignoreCase: true));
    }

    [Fact]
    public void Every_option_of_train_stands_there()
    {
        string page = string.Join('\n', Documentation.Lines(Page));
        Assert.All(Assert.Single(CommandList.Create(), command => command.Name == "train").Options, option => Assert.Contains($"`{option.Name}", page, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("generate", "docs/generate-evaluate-export.md")]
    [InlineData("evaluate", "docs/generate-evaluate-export.md")]
    [InlineData("fill", "docs/masked-lm.md")]
    [InlineData("translate", "docs/translation.md")]
    [InlineData("export", "docs/generate-evaluate-export.md")]
    [InlineData("bench", "docs/benchmarks.md")]
    [InlineData("compare", "docs/evomoe.md")]
    [InlineData("mixture", "docs/mixture.md")]
    public void Every_option_of_the_other_commands_stands_in_its_page(string name, string page)
    {
        string text = string.Join('\n', Documentation.Lines(page));
        Command command = Assert.Single(CommandList.Create(), command => command.Name == name);
        Assert.All(command.Subcommands.Append(command).SelectMany(inner => inner.Options), option => Assert.Contains($"`{option.Name}", text, StringComparison.Ordinal));
    }

    private static Dictionary<string, string> Flatten(LanguageRunOptions options)
    {
        Dictionary<string, string> settings = [];
        Add("", LanguageRunJson.Write(options));
        return settings;

        void Add(string prefix, JsonObject keys)
        {
            foreach ((string key, JsonNode? value) in keys)
            {
                if (value is JsonObject inner) Add($"{prefix}{key}.", inner);
                else settings[$"{prefix}{key}"] = value?.ToString() ?? "none";
            }
        }
    }
}

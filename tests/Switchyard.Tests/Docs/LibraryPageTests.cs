using System.Text.RegularExpressions;

namespace Switchyard.Tests.Docs;

/// <summary>The C# in docs/library.md is that of <see cref="LibraryExamples"/>, word for word, and all of it.</summary>
public sealed partial class LibraryPageTests
{
    [Fact]
    public void Every_example_is_one_that_is_compiled_and_run()
    {
        string source = File.ReadAllText(Path.Combine(Fixtures.Repository, "tests", "Switchyard.Tests", "Docs", "LibraryExamples.cs"));
        IEnumerable<string> compiled = Region().Matches(source).Select(match => WithoutIndentation(match.Groups[1].Value));
        IEnumerable<string> shown = Documentation.Blocks("docs/library.md", "csharp").Select(block => string.Join('\n', block.Block));
        Assert.Equal(compiled.Order(StringComparer.Ordinal), shown.Order(StringComparer.Ordinal));
    }

    private static string WithoutIndentation(string code)
    {
        string[] lines = code.Split('\n');
        int indentation = lines.Where(line => line.Length > 0).Min(line => line.Length - line.TrimStart(' ').Length);
        return string.Join('\n', lines.Select(line => line.Length == 0 ? line : line[indentation..]));
    }

    [GeneratedRegex(@"#region \w+\n(.*?)\n *#endregion", RegexOptions.Singleline)]
    private static partial Regex Region();
}

namespace Switchyard.Tests.Docs;

/// <summary>README.md and the pages in docs/, as the tests that keep them true read them.</summary>
internal static class Documentation
{
    /// <summary>The pages, relative to the repository.</summary>
    public static IReadOnlyList<string> Pages { get; } =
    [
        "README.md",
        .. Directory.GetFiles(Path.Combine(Fixtures.Repository, "docs"), "*.md").Order(StringComparer.Ordinal).Select(path => $"docs/{Path.GetFileName(path)}"),
    ];

    /// <summary>The lines of a page.</summary>
    public static string[] Lines(string page) => File.ReadAllLines(Path.Combine(Fixtures.Repository, page));

    /// <summary>The fenced blocks of a language on a page, each with the number of its first line, from 1.</summary>
    public static IEnumerable<(int Line, string[] Block)> Blocks(string page, string language)
    {
        string[] lines = Lines(page);
        for (int start = 0; start < lines.Length; start++)
        {
            if (lines[start] != $"```{language}") continue;
            int end = Array.IndexOf(lines, "```", start + 1);
            yield return (start + 2, lines[(start + 1)..end]);
            start = end;
        }
    }

    /// <summary>The rows of the table of a page that has these column heads, each as its cells without backticks.</summary>
    public static List<string[]> Table(string page, params string[] heads)
    {
        string[][] rows = [.. Lines(page).Select(Cells)];
        int head = Array.FindIndex(rows, row => row.SequenceEqual(heads));
        Assert.True(head >= 0, $"{page} has no table '{string.Join(" | ", heads)}'");
        return [.. rows.Skip(head + 2).TakeWhile(row => row.Length > 0)];
    }

    private static string[] Cells(string line) =>
        line.StartsWith('|') ? [.. line.Trim('|').Split('|').Select(cell => cell.Trim().Trim('`'))] : [];
}

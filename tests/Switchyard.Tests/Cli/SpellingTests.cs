using Switchyard.Cli;

namespace Switchyard.Tests.Cli;

public class SpellingTests
{
    [Theory]
    [InlineData("", "abc", 3)]
    [InlineData("train", "train", 0)]
    [InlineData("trian", "train", 1)]
    [InlineData("rain", "train", 1)]
    [InlineData("trainn", "train", 1)]
    [InlineData("brain", "train", 1)]
    [InlineData("kitten", "sitting", 3)]
    public void Distance_counts_insertions_omissions_replacements_and_swaps(string a, string b, int expected)
    {
        Assert.Equal(expected, Spelling.Distance(a, b));
        Assert.Equal(expected, Spelling.Distance(b, a));
    }

    [Fact]
    public void What_is_far_from_everything_has_no_nearest()
    {
        Assert.Equal("export", Spelling.Nearest("exprot", ["train", "export"]));
        Assert.Null(Spelling.Nearest("zebra", ["train", "export"]));
        Assert.Null(Spelling.Nearest("x", []));
    }
}

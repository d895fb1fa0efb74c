using Switchyard.Language.Tokenizers.Subword;

namespace Switchyard.Tests.Language.Tokenizers;

public sealed class SubwordTests
{
    [Fact]
    public void The_example_of_the_paper_is_learnt_and_applied()
    {
        // Sennrich et al. 2016, §3.2: low 5 times, lower 2, newest 6, widest 3.
        string text = string.Join(' ', [.. Enumerable.Repeat("low", 5), .. Enumerable.Repeat("lower", 2), .. Enumerable.Repeat("newest", 6), .. Enumerable.Repeat("widest", 3)]);
        SubwordCodes codes = SubwordLearner.Learn([text], merges: 4);
        Assert.Equal([("s", "t</w>"), ("e", "st</w>"), ("l", "o"), ("w", "est</w>")], codes.Merges);
        SubwordSegmenter segmenter = new(codes);
        Assert.Equal("lo@@ w n@@ e@@ west w@@ i@@ d@@ est", segmenter.Segment("low newest widest"));
        Assert.Equal(codes.Merges, SubwordCodes.Parse("codes", codes.ToString()).Merges);
    }

    [Theory]
    [InlineData("a b\n", "the first line")]
    [InlineData("#version: 0.2\na b\nabc\n", "line 3")]
    [InlineData("#version: 0.2\na b c\n", "line 2")]
    public void What_is_no_file_of_codes_is_refused_by_line(string content, string expected)
        => Assert.Contains(expected, Assert.Throws<SwitchyardException>(() => SubwordCodes.Parse("codes", content)).Message, StringComparison.Ordinal);
}

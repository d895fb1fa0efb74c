using Switchyard.Ranking.Data;
using Switchyard.Ranking.Features;

namespace Switchyard.Tests.Ranking.Data;

public sealed class CrossRowsTests
{
    private static readonly Feature Cross = new() { Name = "a x b", Kind = FeatureKind.Cross, Columns = ["a", "b"] };

    [Fact]
    public void A_vocabulary_gives_each_of_its_names_a_row()
    {
        // Texts with bars and colons in them, and the same letters cut elsewhere.
        string[][] texts = [["x", "y"], ["x|1:y", "z"], ["x", "y|1:z"], ["1:", "|"], ["y", "x"]];
        CrossRows rows = new(Cross with { Vocabulary = [.. texts.Select(CrossRows.NameOf)] });
        for (int i = 0; i < texts.Length; i++) Assert.Equal(i + 2, rows.Of([.. texts[i].Select(CrossRows.KeyOf)]));
        Assert.Equal(RowEncoder.Unknown, rows.Of([CrossRows.KeyOf("x"), CrossRows.KeyOf("z")]));
        Assert.Equal(RowEncoder.Missing, rows.Of([CrossRows.KeyOf("x"), CrossRows.KeyOf("")]));
    }

    [Fact]
    public void Hashed_crosses_fall_into_all_rows()
    {
        const int Rows = 10;
        CrossRows rows = new(Cross with { Hash = Rows });
        int[] counts = new int[Rows + 1];
        for (int i = 0; i < 1000; i++) counts[rows.Of([CrossRows.KeyOf($"a{i / 10}"), CrossRows.KeyOf($"b{i % 10}")])]++;
        Assert.Equal(0, counts[RowEncoder.Missing]);
        Assert.All(counts[1..], static count => Assert.InRange(count, 50, 160));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("9:x")]
    [InlineData("0:|1:x")]
    [InlineData("-1:x")]
    [InlineData("99999999999:x")]
    public void A_name_that_is_none_is_refused(string name) => Assert.Throws<SwitchyardException>(() => new CrossRows(Cross with { Vocabulary = [name] }));
}

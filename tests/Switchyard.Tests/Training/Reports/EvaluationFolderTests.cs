using Switchyard.Training.Reports;

namespace Switchyard.Tests.Training.Reports;

public sealed class EvaluationFolderTests
{
    [Theory]
    [InlineData("other.txt", "other.txt")]
    [InlineData("../texts/other.txt", "other.txt")]
    [InlineData("texts/", "texts")]
    [InlineData("test.en,/data/test.de", "test.en+test.de")]
    [InlineData("texts/*.txt", "-.txt")]
    [InlineData("..", "data")]
    [InlineData("/", "data")]
    [InlineData("a:b|c d.txt", "a-b-c-d.txt")]
    public void A_folder_has_the_name_of_the_data(string data, string expected) => Assert.Equal(expected, EvaluationFolder.NameOf(data));

    [Fact]
    public void A_run_that_may_not_be_written_says_so()
    {
        using TemporaryFolder folder = new();
        string run = Path.Combine(folder.Path, "run");
        File.WriteAllText(run, "a file where a folder should be");
        Assert.Contains("cannot make the folder", Assert.Throws<SwitchyardException>(() => EvaluationFolder.Write(run, "text", new ReportPage { Title = "", CommandLine = "", Sections = [] })).Message, StringComparison.Ordinal);
    }
}

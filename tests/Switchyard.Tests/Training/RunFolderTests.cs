using Switchyard.Training;

namespace Switchyard.Tests.Training;

public sealed class RunFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_run_is_started_once()
    {
        string path = Path.Combine(_folder.Path, "a", "b");
        RunFolder run = RunFolder.At(path);
        Assert.False(Directory.Exists(path));
        run.Start("{\"layers\": 4}");
        Assert.Equal("{\"layers\": 4}", File.ReadAllText(run.ConfigPath));
        Assert.Contains("holds a run already", Assert.Throws<SwitchyardException>(() => RunFolder.At(path)).Message);
        Assert.Throws<SwitchyardException>(() => run.Start("{}"));
        Assert.Equal(run.ConfigPath, RunFolder.Open(path).ConfigPath);
    }

    [Theory]
    [InlineData("metrics.jsonl")]
    [InlineData("checkpoints/step-00000001/state.json")]
    public void The_remains_of_a_run_are_not_overwritten(string file)
    {
        _folder.Write(file, "x"u8);
        Assert.Throws<SwitchyardException>(() => RunFolder.At(_folder.Path));
    }

    [Fact]
    public void A_folder_without_a_run_is_told()
        => Assert.Contains("holds no run", Assert.Throws<SwitchyardException>(() => RunFolder.Open(_folder.Path)).Message);

    [Fact]
    public void A_file_in_the_way_is_told()
    {
        string file = _folder.Write("file", "x"u8);
        Assert.Contains("cannot make the folder", Assert.Throws<SwitchyardException>(() => RunFolder.At(Path.Combine(file, "run")).Start("{}")).Message);
    }

    [Fact]
    public void Names_tell_the_time_and_are_never_taken()
    {
        DateTimeOffset moment = new(2026, 11, 22, 9, 15, 40, TimeSpan.FromHours(2));
        for (int n = 1; n <= 3; n++)
        {
            string path = RunFolder.NewPath(moment, _folder.Path);
            Assert.Equal(n == 1 ? "2026-11-22-0915" : $"2026-11-22-0915-{n}", Path.GetFileName(path));
            Directory.CreateDirectory(path);
        }
    }
}

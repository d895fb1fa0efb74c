using System.Text;
using System.Text.Json;
using Switchyard.Language.Runs;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Cli;

/// <summary>Training as the processes of mpirun.</summary>
[Trait("Category", "Slow")]
public sealed class MpiTrainingTests : IDisposable
{
    private const int Steps = 24;

    private readonly TemporaryFolder _folder = new();
    private readonly string _text;

    public MpiTrainingTests()
    {
        Assert.SkipWhen(ChildProgram.Mpirun is null, "mpirun is not installed: apt-get install openmpi-bin");
        _text = _folder.Write("text.txt", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 300).Select(static number => $"{number} plus {number + 1} is {2 * number + 1}.\n"))));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Four_processes_come_to_the_bits_of_four_threads()
    {
        (int code, string error) = ChildProgram.Run([.. Train("threads", Steps), "--ranks", "4"]);
        Assert.True(code == 0, error);
        using ChildProgram mpirun = ChildProgram.StartUnderMpirun(4, 1, [.. Train("processes", Steps), "--json"]);
        (code, error) = mpirun.End();
        Assert.True(code == 0, error);
        using JsonDocument result = JsonDocument.Parse(mpirun.LastLine);
        Assert.Equal(Steps, result.RootElement.GetProperty("steps").GetInt32());
        StepMetrics[] threads = Records("threads"), processes = Records("processes");
        Assert.Equal(Steps, threads.Length);
        Assert.Equal(threads.Select(static record => (record.TrainLoss, record.GradientNorm, record.ValidationLoss)), processes.Select(static record => (record.TrainLoss, record.GradientNorm, record.ValidationLoss)));
        // One rank speaks, and says where the time of all went.
        Assert.Single(error.Split('\n'), static line => line.Contains("computes longest", StringComparison.Ordinal));
        Assert.Single(error.Split('\n'), static line => line.Contains("4 ranks", StringComparison.Ordinal));
    }

    [Fact]
    public void A_killed_rank_ends_the_job_by_name_and_fewer_ranks_go_on()
    {
        using ChildProgram mpirun = ChildProgram.StartUnderMpirun(4, 1, Train("run", 400));
        while (!mpirun.HasEnded && Records("run").Length < 30) Thread.Sleep(5);
        mpirun.KillChild(2);
        (int code, string error) = mpirun.End();
        Assert.NotEqual(0, code);
        Assert.Matches(@"rank 2\b", error);
        Assert.Matches(@"step \d+", error);
        (code, error) = ChildProgram.Run("train", "--resume", Run("run"), "--ranks", "2");
        Assert.True(code == 0, error);
        Assert.Equal(Enumerable.Range(1, 400), Records("run").Select(static record => (int)record.Step));
    }

    [Fact]
    public void A_terminated_mpirun_saves()
    {
        using ChildProgram mpirun = ChildProgram.StartUnderMpirun(2, 4, Train("run", 1_000_000));
        while (!mpirun.HasEnded && Records("run").Length < 10) Thread.Sleep(5);
        mpirun.Terminate();
        (int code, string error) = mpirun.End();
        Assert.NotEqual(0, code);
        Assert.Matches(@"interrupted in step \d+", error);
        Assert.Matches(@"saved after step \d+", error);
        using LanguageRun saved = LanguageRun.Open(Run("run"));
        Assert.Equal(saved.State.Step, Records("run")[^1].Step);
    }

    private string Run(string name) => Path.Combine(_folder.Path, name);

    private StepMetrics[] Records(string name)
    {
        string path = Path.Combine(Run(name), MetricsFile.Name);
        return File.Exists(path) ? [.. MetricsFile.Read(path)] : [];
    }

    private string[] Train(string name, int steps) =>
    [
        "train", "--data", _text, "--out", Run(name), "--steps", $"{steps}", "--batch", "4", "--context", "16", "--layers", "1", "--width", "16", "--heads", "2",
        "--hidden", "8", "--experts", "4", "--checkpoint-every", "40", "--evaluate-every", $"{steps}", "--seed", "5", "--threads", "1",
    ];
}

using System.Text;
using Switchyard.Tests.Training;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Cli;

/// <summary>Processes that are killed and signalled while they train, and go on to the same bits.</summary>
[Trait("Category", "Slow")]
public sealed class KilledRunTests : IDisposable
{
    private const int Steps = 240;
    private const int Kills = 20;

    private readonly TemporaryFolder _folder = new();
    private readonly string _text;

    public KilledRunTests() => _text = _folder.Write("text.txt", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("the cat sat on the mat, and the dog lay on the log.\n", 40))));

    private string Whole => Path.Combine(_folder.Path, "whole");

    private string Broken => Path.Combine(_folder.Path, "broken");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData]
    [InlineData("--recipe", "evomoe", "--mixture-every", "2")]
    public void A_run_killed_twenty_times_comes_to_the_bits_of_one_that_was_not(params string[] more)
    {
        Assert.Equal((0, 0), (ChildProgram.Run([.. Train(Whole), .. more]).Code, Leftovers(Whole)));

        Random random = new(2026);
        int inTheMiddleOfWriting = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            using ChildProgram program = ChildProgram.Start(kill == 0 ? [.. Train(Broken), .. more] : Resume(kill));
            // Every third time as soon as a checkpoint is being written; otherwise anywhere in the next steps.
            int from = StepsRecorded(Broken), until = (Steps - 20) * (kill + 1) / Kills - random.Next(10);
            bool whileWriting = kill % 3 == 1;
            while (!program.HasEnded && (StepsRecorded(Broken) < Math.Max(until, from + 1) || (whileWriting && Leftovers(Broken) == 0))) Thread.Yield();
            if (!whileWriting) Thread.Sleep(random.Next(8));
            program.Kill();
            Assert.NotEqual(0, program.End().Code);
            inTheMiddleOfWriting += Leftovers(Broken) > 0 ? 1 : 0;
        }
        (int code, string error) = ChildProgram.Run(Resume(0));
        Assert.True(code == 0, error);
        TrainingRun.AssertSame(Whole, Broken, Steps);
        Assert.Equal(Enumerable.Range(1, Steps).Select(static step => (long)step), MetricsFile.Read(Path.Combine(Broken, "metrics.jsonl")).Select(static record => record.Step));
        Assert.Equal(0, Leftovers(Broken));
        Assert.InRange(inTheMiddleOfWriting, 1, Kills);
    }

    [Fact]
    public void A_terminated_run_saves_says_so_and_goes_on()
    {
        Assert.Equal(0, ChildProgram.Run(Train(Whole)).Code);
        using (ChildProgram program = ChildProgram.Start(Train(Broken)))
        {
            while (!program.HasEnded && StepsRecorded(Broken) < 33) Thread.Yield();
            program.Terminate();
            (int code, string error) = program.End();
            Assert.Equal(130, code);
            int saved = StepsRecorded(Broken);
            Assert.True(Directory.Exists(Path.Combine(Broken, "checkpoints", $"step-{saved:D8}")));
            Assert.Contains($"saved after step {saved}; go on with: switchyard train --resume {Broken}", error, StringComparison.Ordinal);
        }
        Assert.Equal(0, ChildProgram.Run(Resume(0)).Code);
        TrainingRun.AssertSame(Whole, Broken, Steps);
    }

    private string[] Train(string run) =>
    [
        "train", "--data", _text, "--out", run, "--steps", $"{Steps}", "--dropout", "0.1", "--checkpoint-every", "4", "--evaluate-every", "60", "--threads", "1",
        "--layers", "2", "--width", "16", "--heads", "2", "--hidden", "8", "--experts", "4", "--context", "16", "--batch", "2",
    ];

    // The number of threads must not matter either.
    private string[] Resume(int kill) => ["train", "--resume", Broken, "--threads", $"{1 + kill % 2}"];

    private static int StepsRecorded(string run)
    {
        FileInfo metrics = new(Path.Combine(run, "metrics.jsonl"));
        if (!metrics.Exists) return 0;
        using FileStream stream = metrics.Open(FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] bytes = new byte[stream.Length];
        return bytes.AsSpan(0, stream.Read(bytes)).Count((byte)'\n');
    }

    /// <summary>Hidden folders of checkpoints that are being written or removed.</summary>
    private static int Leftovers(string run)
    {
        string checkpoints = Path.Combine(run, "checkpoints");
        return Directory.Exists(checkpoints) ? Directory.GetDirectories(checkpoints, ".*").Length : 0;
    }
}

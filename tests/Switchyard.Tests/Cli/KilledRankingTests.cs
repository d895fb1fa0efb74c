using Switchyard.Ranking.Runs;
using Switchyard.Tests.Training;

namespace Switchyard.Tests.Cli;

/// <summary>Rankers whose training is killed and signalled, and goes on to the same bits.</summary>
[Trait("Category", "Slow")]
public sealed class KilledRankingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_killed_and_a_terminated_training_come_to_the_bits_of_one_that_was_not()
    {
        (string log, string whole, string broken) = (Path.Combine(_folder.Path, "log.csv"), Path.Combine(_folder.Path, "whole"), Path.Combine(_folder.Path, "broken"));
        Assert.Equal(0, ChildProgram.Run("rank", "simulate", "--out", log, "--pages", "300").Code);
        string[] train = ["rank", "train", "--data", log, "--schema", log + ".schema.json", "--batch", "16", "--passes", "6", "--threads", "1"];
        Assert.Equal(0, ChildProgram.Run([.. train, "--out", whole]).Code);

        using (ChildProgram program = ChildProgram.Start([.. train, "--out", broken]))
        {
            // A checkpoint is written half-way: killed after it, the training goes on from there.
            while (!program.HasEnded && !Directory.Exists(Path.Combine(broken, "checkpoints"))) Thread.Yield();
            program.Kill();
        }
        using (ChildProgram program = ChildProgram.Start("rank", "train", "--resume", broken))
        {
            int before = Lines(broken);
            while (!program.HasEnded && Lines(broken) < before + 3) Thread.Yield();
            program.Terminate();
            (int code, string error) = program.End();
            Assert.True(code == 130, error);
            Assert.Contains($"go on with: switchyard rank train --resume {broken}", error, StringComparison.Ordinal);
        }
        (int end, string failure) = ChildProgram.Run("rank", "train", "--resume", broken, "--threads", "2");
        Assert.True(end == 0, failure);
        TrainingRun.AssertSame(whole, broken, long.Parse(Path.GetFileName(Directory.GetDirectories(Path.Combine(whole, "checkpoints")).Single())["step-".Length..]));
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole, RankingTraining.ModelFile)), File.ReadAllBytes(Path.Combine(broken, RankingTraining.ModelFile)));
    }

    private static int Lines(string run)
    {
        string path = Path.Combine(run, "metrics.jsonl");
        if (!File.Exists(path)) return 0;
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] bytes = new byte[stream.Length];
        return bytes.AsSpan(0, stream.Read(bytes)).Count((byte)'\n');
    }
}

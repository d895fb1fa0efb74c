using Switchyard.Modules.Optimisers;
using Switchyard.Tensors;
using Switchyard.Training.Checkpoints;

namespace Switchyard.Tests.Training.Checkpoints;

public sealed class CheckpointFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly CurveFitting _task = new();
    private readonly AdamW _optimiser;

    public CheckpointFolderTests() => _optimiser = new AdamW(_task.Model.Parameters());

    private CheckpointFolder Folder => new(Path.Combine(_folder.Path, "checkpoints"));

    public void Dispose()
    {
        _optimiser.Dispose();
        _task.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void What_is_saved_is_loaded()
    {
        using (TensorScope scope = new()) _task.Loss(0, new Philox(1)).Total.Backward();
        _optimiser.Step(0.1);
        TrainingState state = State(7) with { BestValidation = 0.1 + 0.2, ElapsedSeconds = Math.PI, Seed = ulong.MaxValue, EvaluationPending = true };
        Folder.Save(state, _task.Model, _optimiser, 3);

        using CurveFitting other = new(weights: 99);
        using AdamW otherOptimiser = new(other.Model.Parameters());
        Checkpoint checkpoint = Folder.OpenNewest()!;
        checkpoint.Load(other.Model);
        checkpoint.Load(otherOptimiser);
        Assert.Equal(state, checkpoint.State);
        Assert.Equal(1, otherOptimiser.Steps);
        AssertSame(_task.Model.State(), other.Model.State());
        AssertSame(_optimiser.State.Skip(1), otherOptimiser.State.Skip(1));
    }

    [Fact]
    public void The_last_are_kept()
    {
        foreach (long step in (long[])[1, 2, 9, 10, 100]) Folder.Save(State(step), _task.Model, _optimiser, 3);
        Assert.Equal(["step-00000100", "step-00000010", "step-00000009"], Names());
    }

    [Fact]
    public void A_checkpoint_of_the_same_step_is_replaced()
    {
        Folder.Save(State(5), _task.Model, _optimiser, 3);
        Folder.Save(State(5) with { Tokens = 77 }, _task.Model, _optimiser, 3);
        Assert.Equal(77, Folder.OpenNewest()!.State.Tokens);
        Assert.Equal(["step-00000005"], Names());
    }

    [Fact]
    public void Damaged_newer_ones_do_not_push_out_good_ones()
    {
        Folder.Save(State(1), _task.Model, _optimiser, 2);
        foreach (int step in (int[])[6, 7]) Directory.CreateDirectory(Path.Combine(Folder.Path, $"step-{step:D8}"));
        Folder.Save(State(2), _task.Model, _optimiser, 2);
        Assert.Equal(["step-00000002", "step-00000001"], Names());
    }

    [Fact]
    public void What_killed_writers_left_is_removed_and_never_taken_for_a_checkpoint()
    {
        Folder.Save(State(1), _task.Model, _optimiser, 2);
        Directory.CreateDirectory(Path.Combine(Folder.Path, ".partial-step-00000002"));
        File.WriteAllText(Path.Combine(Folder.Path, ".partial-step-00000002", "model.safetensors.partial"), "half");
        Directory.CreateDirectory(Path.Combine(Folder.Path, ".removed-step-00000000"));
        Assert.Equal(1, Folder.OpenNewest()!.State.Step);
        Folder.RemoveLeftovers();
        Assert.Equal(["step-00000001"], Directory.GetFileSystemEntries(Folder.Path).Select(path => Path.GetFileName(path)!));
    }

    [Fact]
    public void A_checkpoint_that_was_whole_when_its_writer_was_killed_is_kept()
    {
        Folder.Save(State(1), _task.Model, _optimiser, 2);
        string newest = Folder.Save(State(2), _task.Model, _optimiser, 2);
        string partial = Path.Combine(Folder.Path, ".partial-step-00000002");
        Directory.Move(newest, partial);
        Folder.RemoveLeftovers();
        Assert.Equal(2, Folder.OpenNewest()!.State.Step);
        Assert.False(Directory.Exists(partial));
    }

    [Fact]
    public void Foreign_folders_are_left_alone()
    {
        Directory.CreateDirectory(Path.Combine(Folder.Path, "step-by-step"));
        Folder.Save(State(1), _task.Model, _optimiser, 1);
        Folder.Save(State(2), _task.Model, _optimiser, 1);
        Assert.Equal(["step-00000002", "step-by-step"], Directory.GetFileSystemEntries(Folder.Path).Select(path => Path.GetFileName(path)!).Order());
    }

    [Fact]
    public void No_checkpoint_is_none() => Assert.Null(Folder.OpenNewest());

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("optimiser.safetensors")]
    [InlineData("state.json")]
    [InlineData("SHA256SUMS")]
    public void Every_flipped_bit_and_every_cut_is_noticed(string file)
    {
        Folder.Save(State(1), _task.Model, _optimiser, 3);
        string newest = Folder.Save(State(2), _task.Model, _optimiser, 3);
        string path = Path.Combine(newest, file);
        byte[] content = File.ReadAllBytes(path);
        Philox random = new(5);
        for (int trial = 0; trial < 60; trial++)
        {
            byte[] flipped = [.. content];
            flipped[random.Next(flipped.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(path, flipped);
            AssertPassedOver(newest);
            File.WriteAllBytes(path, content[..random.Next(content.Length)]);
            AssertPassedOver(newest);
        }
        File.WriteAllBytes(path, [.. content, 0]);
        AssertPassedOver(newest);
        File.Delete(path);
        AssertPassedOver(newest);
        File.WriteAllBytes(path, content);
        Assert.Equal(2, Folder.OpenNewest()!.State.Step);
    }

    [Fact]
    public void Without_a_good_one_all_is_told()
    {
        foreach (int step in (int[])[1, 2]) File.Delete(Path.Combine(Folder.Save(State(step), _task.Model, _optimiser, 3), "state.json"));
        SwitchyardException failure = Assert.Throws<SwitchyardException>(() => Folder.OpenNewest());
        Assert.Contains("none of 2 checkpoints can be used", failure.Message);
        Assert.DoesNotContain('\n', failure.Message);
    }

    [Fact]
    public void The_model_of_another_size_is_refused()
    {
        Folder.Save(State(1), _task.Model, _optimiser, 3);
        using CurveFitting larger = new(hidden: 9);
        SwitchyardException failure = Assert.Throws<SwitchyardException>(() => Folder.OpenNewest()!.Load(larger.Model));
        Assert.Contains("model.safetensors: tensor inner.weight has shape [5, 2], the model expects [9, 2]", failure.Message);
    }

    [Fact]
    public void Another_version_is_refused()
    {
        string state = Path.Combine(_folder.Path, "state.json");
        SwitchyardException failure = Assert.Throws<SwitchyardException>(() => TrainingState.Parse((State(1) with { Format = 2 }).ToJson(), state));
        Assert.Contains("format 2, where 1 was expected", failure.Message);
        Assert.Throws<SwitchyardException>(() => TrainingState.Parse("null"u8, state));
        Assert.Throws<SwitchyardException>(() => TrainingState.Parse("{\"step\": 1}"u8, state));
        Assert.Throws<SwitchyardException>(() => TrainingState.Parse("{"u8, state));
    }

    [Fact]
    public void A_full_disk_leaves_former_checkpoints()
    {
        using SmallDisk disk = SmallDisk.Mount(Path.Combine(_folder.Path, "disk"), kilobytes: 256);
        CheckpointFolder checkpoints = new(Path.Combine(disk.Path, "checkpoints"));
        checkpoints.Save(State(1), _task.Model, _optimiser, 1);
        using CurveFitting larger = new(hidden: 10_000);
        using AdamW optimiser = new(larger.Model.Parameters());
        SwitchyardException failure = Assert.Throws<SwitchyardException>(() => checkpoints.Save(State(2), larger.Model, optimiser, 1));
        Assert.Contains("free some space", failure.Hint);
        Assert.DoesNotContain('\n', failure.Message);
        Assert.Equal(1, checkpoints.OpenNewest()!.State.Step);
        Assert.Single(Directory.GetFileSystemEntries(checkpoints.Path));
        checkpoints.Save(State(3), _task.Model, _optimiser, 1);
    }

    private static TrainingState State(long step)
        => new() { Format = 1, Model = "a network", Seed = 3, Step = step, Tokens = 8 * step, MicroBatches = step, ElapsedSeconds = 0 };

    private static void AssertSame(IEnumerable<(string Name, Tensor Tensor)> expected, IEnumerable<(string Name, Tensor Tensor)> actual)
    {
        foreach (((string name, Tensor a), (string otherName, Tensor b)) in expected.Zip(actual, (a, b) => (a, b)))
        {
            Assert.Equal(name, otherName);
            Assert.True(a.AsReadOnlySpan<float>().SequenceEqual(b.AsReadOnlySpan<float>()), name);
        }
    }

    private IEnumerable<string> Names() => Folder.All().Select(path => Path.GetFileName(path));

    private void AssertPassedOver(string newest)
    {
        List<string> warnings = [];
        Assert.Equal(1, Folder.OpenNewest(warnings.Add)!.State.Step);
        Assert.StartsWith(newest, Assert.Single(warnings), StringComparison.Ordinal);
    }
}

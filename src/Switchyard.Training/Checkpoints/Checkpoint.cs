using Switchyard.Files;
using Switchyard.Modules;
using Switchyard.Modules.Optimisers;
using Switchyard.Modules.Safetensors;
using Switchyard.Tensors;
using Switchyard.Training.Ranks;

namespace Switchyard.Training.Checkpoints;

/// <summary>
/// A folder that holds all that a training needs to go on to the same bits: <c>model.safetensors</c>,
/// <c>optimiser.safetensors</c>, <c>state.json</c> and <c>SHA256SUMS</c>. One that exists is whole and unchanged.
/// </summary>
public sealed class Checkpoint
{
    /// <summary>The file of the model's parameters and buffers.</summary>
    public const string ModelFile = "model.safetensors";

    private const string OptimiserFile = "optimiser.safetensors";
    private const string StateFile = "state.json";
    private static readonly string[] Files = [ModelFile, OptimiserFile, StateFile];

    private Checkpoint(string path, TrainingState state) => (Path, State) = (path, state);

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>How far the training had come.</summary>
    public TrainingState State { get; }

    /// <summary>Opens a checkpoint after checking every file of it.</summary>
    /// <exception cref="SwitchyardException">A file is missing, cut or changed.</exception>
    public static Checkpoint Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Checksums.Verify(path, Files);
        string state = System.IO.Path.Combine(path, StateFile);
        return new Checkpoint(path, TrainingState.Parse(File.ReadAllBytes(state), state));
    }

    /// <summary>Copies the saved values into a model.</summary>
    /// <param name="model">The model, or what one rank has of it.</param>
    /// <param name="shards">What that is; null for all.</param>
    /// <exception cref="SwitchyardException">They are those of another model.</exception>
    public void Load(Module model, ShardedParameters? shards = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        Load(ModelFile, find => model.Load(shards is null ? find : name => shards.Own(name, find(name))));
    }

    /// <summary>Copies the saved state into an optimiser.</summary>
    /// <param name="optimiser">The optimiser of a model, or of what one rank has of it.</param>
    /// <param name="shards">What that is; null for all.</param>
    /// <exception cref="SwitchyardException">It is that of another optimiser or model.</exception>
    public void Load(Optimiser optimiser, ShardedParameters? shards = null)
    {
        ArgumentNullException.ThrowIfNull(optimiser);
        Load(OptimiserFile, find => optimiser.Load(shards is null ? find : name => shards.Own(name, find(name))));
    }

    /// <summary>Writes the files into an empty folder, each forced onto the disk.</summary>
    /// <exception cref="SwitchyardException">The disk is full, or the folder may not be written.</exception>
    internal static void Write(string folder, TrainingState state, IEnumerable<(string Name, Tensor Tensor)> model, IEnumerable<(string Name, Tensor Tensor)> optimiser)
    {
        SafetensorsWriter.Write(System.IO.Path.Combine(folder, ModelFile), Sources(model));
        SafetensorsWriter.Write(System.IO.Path.Combine(folder, OptimiserFile), Sources(optimiser));
        byte[] json = state.ToJson();
        AtomicFile.Write(System.IO.Path.Combine(folder, StateFile), stream => stream.Write(json));
        byte[] checksums = Checksums.Of(folder, Files);
        AtomicFile.Write(System.IO.Path.Combine(folder, Checksums.FileName), stream => stream.Write(checksums));
    }

    private static IEnumerable<SafetensorsSource> Sources(IEnumerable<(string Name, Tensor Tensor)> tensors)
        => tensors.Select(tensor => tensor.Tensor.ToSource(tensor.Name));

    private void Load(string fileName, Action<Func<string, Tensor?>> load)
    {
        using SafetensorsFile file = SafetensorsFile.Open(System.IO.Path.Combine(Path, fileName));
        using TensorScope scope = new();
        try
        {
            load(name => file.Header.Find(name) is { } entry ? file.ReadTensor(entry) : null);
        }
        catch (SwitchyardException failure)
        {
            throw new SwitchyardException($"{file.Header.Source}: {failure.Message}", failure.Hint, failure);
        }
    }
}

using Switchyard.Language.HuggingFace;
using Switchyard.Language.Tokenizers;
using Switchyard.Language.Transformer;
using Switchyard.Tensors;
using Switchyard.Training;
using Switchyard.Training.Checkpoints;

namespace Switchyard.Language.Runs;

/// <summary>A trained model with its tokenizer, as a run folder holds it.</summary>
public sealed class LanguageRun : IDisposable
{
    private readonly string _path;

    private LanguageRun(string path, LanguageRunOptions options, LanguageModel model, Tokenizer tokenizer, TrainingState state)
        => (_path, Options, Model, Tokenizer, State) = (path, options, model, tokenizer, state);

    /// <summary>How it was trained.</summary>
    public LanguageRunOptions Options { get; }

    /// <summary>The model, in evaluation mode.</summary>
    public LanguageModel Model { get; }

    /// <summary>The model, if it continues texts.</summary>
    /// <exception cref="SwitchyardException">The run is of another task.</exception>
    public CausalModel Causal => Of<CausalModel>();

    /// <summary>The model, if it guesses hidden tokens.</summary>
    /// <exception cref="SwitchyardException">The run is of another task.</exception>
    public EncoderModel Encoder => Of<EncoderModel>();

    /// <summary>The model, if it translates.</summary>
    /// <exception cref="SwitchyardException">The run is of another task.</exception>
    public EncoderDecoderModel EncoderDecoder => Of<EncoderDecoderModel>();

    /// <summary>What cuts text for it.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>How far it was trained; a checkpoint of Hugging Face does not tell, and counts as untrained.</summary>
    public TrainingState State { get; }

    /// <summary>Opens a run at its newest good checkpoint, or a checkpoint as Hugging Face lays it out.</summary>
    /// <param name="path">The folder of the run or of the checkpoint.</param>
    /// <param name="warn">Told, in one line, of a checkpoint that is damaged and passed over.</param>
    /// <exception cref="SwitchyardException">There is neither, or no good checkpoint in the run.</exception>
    public static LanguageRun Open(string path, Action<string>? warn = null)
    {
        RunFolder folder = RunFolder.Open(path);
        if (HuggingFaceConfig.IsAt(folder.ConfigPath)) return OfCheckpoint(path);
        LanguageRunOptions options = LanguageRunJson.Change(new LanguageRunOptions(), LanguageRunJson.Read(folder.ConfigPath), folder.ConfigPath);
        Tokenizer tokenizer = Tokenizer.Load(path);
        Checkpoint checkpoint = folder.Checkpoints.OpenNewest(warn)
            ?? throw new SwitchyardException($"{path} has no checkpoint yet", "let the training write one, or name another run");
        LanguageModel model = options.ModelIn(checkpoint.State.Phase).Make(new Philox(0));
        checkpoint.Load(model);
        model.Train(false);
        return new LanguageRun(path, options, model, tokenizer, checkpoint.State);
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    private static LanguageRun OfCheckpoint(string path)
    {
        DecoderModel model = HuggingFaceCheckpoint.Load(path);
        model.Train(false);
        TrainingState untrained = new() { Format = TrainingState.CurrentFormat, Model = model.Options.Describe(), Seed = 0, Step = 0, Tokens = 0, MicroBatches = 0, ElapsedSeconds = 0 };
        return new LanguageRun(path, new LanguageRunOptions { Model = model.Options }, model, Tokenizer.Load(path), untrained);
    }

    private T Of<T>()
        where T : LanguageModel
        => Model as T ?? throw new SwitchyardException($"{_path} is a run of the task {Options.Task}", "'generate' takes runs of lm, 'fill' of mlm, 'translate' of translation, and 'evaluate' all of them");
}

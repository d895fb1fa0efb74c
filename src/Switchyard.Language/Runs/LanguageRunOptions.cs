using System.Text.Json.Serialization;
using Switchyard.Experts.Gates;
using Switchyard.Language.Evolution;
using Switchyard.Language.Masking;
using Switchyard.Language.Text;
using Switchyard.Language.Transformer;
using Switchyard.Language.Translation;

namespace Switchyard.Language.Runs;

/// <summary>Everything that decides a training run of a language model: what stands in its <c>config.json</c>.</summary>
public sealed record LanguageRunOptions
{
    /// <summary>The task of predicting the next token.</summary>
    public const string Causal = "lm";

    /// <summary>The task of guessing hidden tokens.</summary>
    public const string Masked = "mlm";

    /// <summary>The task of translating.</summary>
    public const string Translation = "translation";

    /// <summary>What is learnt: <see cref="Causal"/>, <see cref="Masked"/> or <see cref="Translation"/>.</summary>
    public string Task { get; init; } = Causal;

    /// <summary>A file, a folder or a pattern; null for the built-in generated text. For translation see <see cref="ParallelFiles"/>.</summary>
    public string? Data { get; init; }

    /// <summary>The SHA-256 of the text as the run found it, so that it is not resumed on another; see <see cref="TextSource.Checksum"/>.</summary>
    public string? DataChecksum { get; init; }

    /// <summary><c>bytes</c>, or <c>bpe:N</c> for byte-level pairs with N entries learnt from the training text.</summary>
    public string Tokenizer { get; init; } = "bytes";

    /// <summary>The name of the recipe that the phases are from, one of <see cref="RecipeCatalogue.All"/>; null for none.</summary>
    public string? Recipe { get; init; }

    /// <summary>The phases of the training, each with a gate of its own; empty for one phase of the model as it stands here.</summary>
    [JsonIgnore]
    public IReadOnlyList<LanguagePhase> Phases { get; init; } = [];

    /// <summary>A dense run, or a folder with a dense checkpoint of Hugging Face, whose weights the training begins with; null for random ones.</summary>
    public string? From { get; init; }

    /// <summary>The model.</summary>
    public LanguageModelOptions Model { get; init; } = new DecoderOptions();

    /// <summary>Which tokens are hidden, where they are to be guessed.</summary>
    public MaskingOptions Masking { get; init; } = new();

    /// <summary>The training.</summary>
    public LearningOptions Learning { get; init; } = new();

    /// <summary>The model in a phase, counted from 0.</summary>
    public LanguageModelOptions ModelIn(int phase) => Phases.Count == 0 ? Model : Phases[Math.Clamp(phase, 0, Phases.Count - 1)].ModelIn(Model);

    /// <summary>Checks what does not depend on the text.</summary>
    /// <exception cref="ArgumentException">Something is out of range, or does not fit together; the message says what.</exception>
    public void Check()
    {
        Model.Check();
        Masking.Check();
    }

    /// <summary>The usual choice for a task and a text.</summary>
    /// <param name="data">Where the text is; null for the built-in one.</param>
    /// <param name="bytes">How long it is.</param>
    /// <param name="task">What is learnt.</param>
    public static LanguageRunOptions For(string? data, long bytes, string task = Causal) => task switch
    {
        Masked => ForText(data, bytes, Encoder) with { Task = task, Tokenizer = "bpe:1024" },
        Translation => new()
        {
            Task = task,
            Data = data,
            Tokenizer = "bpe:4096",
            Model = new EncoderDecoderOptions { Layers = 3, Width = 192, Hidden = 384, Experts = 4, MixtureEvery = 2, Context = 128, Dropout = bytes < 20_000_000 ? 0.2 : 0.1, Routing = new SwitchOptions() },
            Learning = new() { Tokens = Math.Clamp(3 * bytes, 1_000_000, 12_000_000), Batch = 64, LearningRate = 1.5e-3, WarmUpSteps = 400, LabelSmoothing = 0.1 },
        },
        _ => ForText(data, bytes, static decoder => decoder),
    };

    private static LanguageRunOptions ForText(string? data, long bytes, Func<DecoderOptions, LanguageModelOptions> architecture) => data is null
        ? new()
        {
            Model = architecture(Small),
            Learning = new() { Tokens = 2_000_000, Batch = 4, LearningRate = 4e-3 },
        }
        : new()
        {
            Data = data,
            // A small text is known by heart after a few epochs: less to learn with, and more that is dropped.
            Model = architecture(bytes < 300_000 ? Small with { Dropout = 0.2 } : new DecoderOptions { Dropout = bytes < 20_000_000 ? 0.15 : 0 }),
            Learning = new() { Tokens = Math.Clamp(6 * bytes, 1_000_000, 12_000_000), Batch = 8, LearningRate = 1.5e-3 },
        };

    private static EncoderOptions Encoder(DecoderOptions decoder) => new()
    {
        Layers = decoder.Layers,
        Width = decoder.Width,
        Hidden = decoder.Hidden,
        Dropout = decoder.Dropout,
        Context = 128,
    };

    private static DecoderOptions Small { get; } = new() { Layers = 3, Width = 128, Hidden = 192 };
}

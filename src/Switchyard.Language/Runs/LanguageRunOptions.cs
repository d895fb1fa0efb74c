using System.Text.Json.Serialization;
using Switchyard.Language.Evolution;
using Switchyard.Language.Text;
using Switchyard.Language.Transformer;

namespace Switchyard.Language.Runs;

/// <summary>Everything that decides a training run of a language model: what stands in its <c>config.json</c>.</summary>
public sealed record LanguageRunOptions
{
    /// <summary>A file, a folder or a pattern; null for the built-in generated text.</summary>
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

    /// <summary>The training.</summary>
    public LearningOptions Learning { get; init; } = new();

    /// <summary>The model in a phase, counted from 0.</summary>
    public LanguageModelOptions ModelIn(int phase) => Phases.Count == 0 ? Model : Phases[Math.Clamp(phase, 0, Phases.Count - 1)].ModelIn(Model);

    /// <summary>The usual choice for a text.</summary>
    /// <param name="data">Where the text is; null for the built-in one.</param>
    /// <param name="bytes">How long it is.</param>
    public static LanguageRunOptions For(string? data, long bytes) => data is null
        ? new()
        {
            Model = Small,
            Learning = new() { Tokens = 2_000_000, Batch = 4, LearningRate = 4e-3 },
        }
        : new()
        {
            Data = data,
            // A small text is known by heart after a few epochs: less to learn with, and more that is dropped.
            Model = bytes < 300_000 ? Small with { Dropout = 0.2 } : new DecoderOptions { Dropout = bytes < 20_000_000 ? 0.15 : 0 },
            Learning = new() { Tokens = Math.Clamp(6 * bytes, 1_000_000, 12_000_000), Batch = 8, LearningRate = 1.5e-3 },
        };

    private static DecoderOptions Small { get; } = new() { Layers = 3, Width = 128, Hidden = 192 };
}

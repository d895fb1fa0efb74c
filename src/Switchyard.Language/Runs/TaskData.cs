using System.Globalization;
using Switchyard.Experts.Gates;
using Switchyard.Language.Tokenizers;
using Switchyard.Training;

namespace Switchyard.Language.Runs;

/// <summary>What a task learns from, as it was read from files: one derived class per task.</summary>
internal abstract class TaskData
{
    private static readonly Dictionary<string, Func<string?, TaskData>> Tasks = new()
    {
        [LanguageRunOptions.Causal] = static data => new CausalData(data),
        [LanguageRunOptions.Masked] = static data => new MaskedData(data),
        [LanguageRunOptions.Translation] = static data => new TranslationData(data),
    };

    /// <summary>What messages call it.</summary>
    public abstract string Name { get; }

    /// <summary>How much there is.</summary>
    public abstract long Bytes { get; }

    /// <summary>Where it was found, by absolute paths; null for the built-in text.</summary>
    public abstract string? Place { get; }

    /// <summary>Differs wherever two texts do.</summary>
    public abstract string Checksum();

    /// <summary>Reads the data of a task.</summary>
    /// <param name="task">Its name.</param>
    /// <param name="data">Where they are; null for the built-in text.</param>
    /// <exception cref="ArgumentException">There is no such task.</exception>
    /// <exception cref="SwitchyardException">The data cannot be read.</exception>
    public static TaskData Load(string task, string? data) => Tasks.TryGetValue(task, out Func<string?, TaskData>? load)
        ? load(data)
        : throw new ArgumentException($"there is no task '{task}': choose {string.Join(", ", Tasks.Keys)}");

    /// <summary>Learns or makes the tokenizer that is asked for, with the marks of the task.</summary>
    /// <exception cref="ArgumentException">There is no such tokenizer.</exception>
    public Tokenizer MakeTokenizer(string name, IProgress<WorkProgress>? progress)
    {
        if (name == "bytes") return Marks.Count == 0 ? new ByteTokenizer() : BpeTokenizer.Bytes(Marks);
        if (name.StartsWith("bpe:", StringComparison.Ordinal) && int.TryParse(name.AsSpan(4), NumberStyles.None, CultureInfo.InvariantCulture, out int size) && size >= 256)
            return new BpeTrainer(Math.Max(size, 256 + Marks.Count)) { SpecialTokens = Marks, Grown = entries => progress?.Report(new("learning byte pairs", "entries", entries, size)) }.Train([.. TrainingTexts]);
        throw new ArgumentException($"there is no tokenizer '{name}': give bytes, or bpe:N with N of at least 256");
    }

    /// <summary>Cuts the data into tokens.</summary>
    /// <exception cref="SwitchyardException">They are too short for the model.</exception>
    public abstract Lesson Encode(LanguageRunOptions options, Tokenizer tokenizer);

    /// <summary>What a vocabulary needs beside text.</summary>
    protected virtual IReadOnlyList<string> Marks => [];

    /// <summary>The texts that a vocabulary is learnt from.</summary>
    protected abstract IEnumerable<ReadOnlyMemory<byte>> TrainingTexts { get; }

    /// <summary>The model of the kind that a task needs.</summary>
    /// <exception cref="ArgumentException">It is of another kind.</exception>
    protected static T Fitting<T>(LanguageModel model, LanguageRunOptions options)
        where T : LanguageModel
        => model as T ?? throw new ArgumentException($"the task {options.Task} is not learnt by the architecture '{options.Model.Architecture}': leave --architecture out for the one that fits");
}

/// <summary>Data cut into tokens, ready to be learnt.</summary>
/// <param name="Statistics">What the text is like, for gates that want to know.</param>
/// <param name="HeldOutTokens">How many tokens an evaluation goes through.</param>
/// <param name="Task">Makes the task for a model.</param>
internal sealed record Lesson(TokenStatistics Statistics, long HeldOutTokens, Func<LanguageModel, LanguageTask> Task)
{
    /// <summary>What a user should know about the data; null for nothing.</summary>
    public string? Remark { get; init; }
}

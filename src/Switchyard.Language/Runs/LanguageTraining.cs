using System.Globalization;
using Switchyard.Collectives;
using Switchyard.Experts.Gates;
using Switchyard.Experts.Ranks;
using Switchyard.Language.Text;
using Switchyard.Language.Tokenizers;
using Switchyard.Modules;
using Switchyard.Tensors;
using Switchyard.Training;

namespace Switchyard.Language.Runs;

/// <summary>The training of a language model in a run folder: begun, or taken up again where it was left.</summary>
public sealed class LanguageTraining : IDisposable
{
    // Large enough that a model of a few million parameters does not know it by heart.
    private const int GeneratedBytes = 1 << 20;

    private ExchangeQueue? _queue;

    private LanguageTraining(LanguageRunOptions options, Tokenizer tokenizer, TextCorpus corpus, GeneratedCorpus? generated, RunFolder folder)
    {
        (Options, Folder, Tokenizer, Generated) = (options, folder, tokenizer, generated);
        Philox random = new Philox(options.Learning.Seed).Split("initial weights");
        Model = options.Model.Make(random);
        HeldOut = TokenStream.Encode($"the held-out part of {corpus.Name}", tokenizer, corpus.HeldOut);
        TokenStream training = TokenStream.Encode($"the training part of {corpus.Name}", tokenizer, corpus.Training);
        TokenStatistics statistics = new(training.Tokens.ToArray(), tokenizer.VocabularySize);
        foreach ((_, Module module) in Model.Modules()) (module as Gate)?.Prepare(statistics);
        EvaluationWindows heldOut = new(HeldOut, options.Model.Context);
        Task = new LanguageTask(Model, tokenizer, new WindowSampler(training, options.Model.Context, options.Learning.Seed), heldOut, options.Learning.Batch);
        Plan = options.Learning.ToPlan(Task.TokensPerMicroBatch * options.Learning.MicroBatches, heldOut.Predictions);
        Plan.Check();
    }

    /// <summary>Everything that was decided.</summary>
    public LanguageRunOptions Options { get; }

    /// <summary>Where the run keeps what it makes.</summary>
    public RunFolder Folder { get; }

    /// <summary>What cuts the text.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>What learns.</summary>
    public LanguageModel Model { get; }

    /// <summary>What is learnt.</summary>
    public LanguageTask Task { get; }

    /// <summary>How long and how fast.</summary>
    public TrainingPlan Plan { get; }

    /// <summary>The held-out text.</summary>
    public TokenStream HeldOut { get; }

    /// <summary>The built-in text with its domains and its entropy, if that is what is learnt.</summary>
    public GeneratedCorpus? Generated { get; }

    /// <summary>Begins a run. Nothing is written unless text, tokenizer and model fit together.</summary>
    /// <param name="path">Its folder.</param>
    /// <param name="data">A file, a folder or a pattern; null for the built-in text.</param>
    /// <param name="decide">Gives the options, once it is known where the text is and how many bytes it has.</param>
    /// <param name="progress">Is told how far the learning of a tokenizer has come, or null.</param>
    /// <exception cref="SwitchyardException">The text cannot be read or is too short, or the folder holds a run.</exception>
    /// <exception cref="ArgumentException">The options do not fit together.</exception>
    public static LanguageTraining Begin(string path, string? data, Func<string?, long, LanguageRunOptions> decide, IProgress<WorkProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(decide);
        string? place = data is null ? null : Path.GetFullPath(data);
        (TextSource source, GeneratedCorpus? generated) = ReadText(place);
        TextCorpus corpus = TextCorpus.Split(source);
        LanguageRunOptions options = decide(place, source.Bytes);
        options.Model.Check();
        Tokenizer tokenizer = MakeTokenizer(options.Tokenizer, corpus, progress);
        options = options with { DataChecksum = source.Checksum(), Model = options.Model with { Vocabulary = tokenizer.VocabularySize } };
        string config = LanguageRunJson.Write(options).ToJsonString(new() { WriteIndented = true }) + "\n";
        LanguageTraining training = new(options, tokenizer, corpus, generated, RunFolder.At(path));
        // The configuration last: a folder that has one can be resumed.
        tokenizer.Save(path);
        training.Folder.Start(config);
        return training;
    }

    /// <summary>Takes a run up again. The next <see cref="Run"/> goes on from its newest good checkpoint.</summary>
    /// <exception cref="SwitchyardException">The folder holds no run, or its text cannot be read any more or has changed.</exception>
    public static LanguageTraining Resume(string path)
    {
        RunFolder folder = RunFolder.Open(path);
        LanguageRunOptions options = LanguageRunJson.Change(new LanguageRunOptions(), LanguageRunJson.Read(folder.ConfigPath), folder.ConfigPath);
        (TextSource source, GeneratedCorpus? generated) = ReadText(options.Data);
        if (options.DataChecksum is { } checksum && checksum != source.Checksum())
            throw new SwitchyardException($"{source.Name} is not the text that {path} began with", "put that text back, or begin a new run with this one");
        return new LanguageTraining(options, Tokenizer.Load(path), TextCorpus.Split(source), generated, folder);
    }

    /// <summary>
    /// Shares the experts out among ranks that hold the same run. Each of them then trains on its share of every
    /// micro-batch; rank 0 writes. Every rank must call it.
    /// </summary>
    /// <param name="ranks">The ranks; the group stays the caller's.</param>
    /// <exception cref="ArgumentException">There are more ranks than windows in a micro-batch.</exception>
    public void Distribute(ProcessGroup ranks)
    {
        ArgumentNullException.ThrowIfNull(ranks);
        if (Options.Learning.Batch < ranks.Size) throw new ArgumentException($"a micro-batch of {Options.Learning.Batch} windows cannot be shared out among {ranks.Size} ranks: give a batch of {ranks.Size} or more, or fewer ranks");
        // Inside a node rows travel by the processors that would have to work meanwhile.
        if (ranks.Topology.Nodes > 1) _queue = new ExchangeQueue(ranks);
        Model.Distribute(ranks, _queue);
    }

    /// <summary>Trains to the end of the plan, or until cancelled.</summary>
    public TrainingResult Run(TrainingObserver observer, TimeProvider clock, CancellationToken cancellation)
        => new Trainer(Task, Plan, Folder, observer, clock, Model.Ranks).Run(cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        _queue?.Dispose();
        Model.Dispose();
    }

    private static (TextSource Source, GeneratedCorpus? Generated) ReadText(string? data)
    {
        GeneratedCorpus? generated = data is null ? GeneratedCorpus.Generate(0, GeneratedBytes) : null;
        return (generated?.Source ?? TextSource.Load(data!), generated);
    }

    private static Tokenizer MakeTokenizer(string name, TextCorpus corpus, IProgress<WorkProgress>? progress)
    {
        if (name == "bytes") return new ByteTokenizer();
        if (name.StartsWith("bpe:", StringComparison.Ordinal) && int.TryParse(name.AsSpan(4), NumberStyles.None, CultureInfo.InvariantCulture, out int size) && size >= 256)
            return new BpeTrainer(size) { Grown = entries => progress?.Report(new("learning byte pairs", "entries", entries, size)) }.Train([.. corpus.Training.Select(static document => document.Utf8)]);
        throw new ArgumentException($"there is no tokenizer '{name}': give bytes, or bpe:N with N of at least 256");
    }
}

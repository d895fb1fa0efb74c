using Switchyard.Collectives;
using Switchyard.Experts.Gates;
using Switchyard.Experts.Ranks;
using Switchyard.Language.Evolution;
using Switchyard.Language.Tokenizers;
using Switchyard.Modules;
using Switchyard.Training;

namespace Switchyard.Language.Runs;

/// <summary>The training of a language model in a run folder: begun, or taken up again where it was left.</summary>
public sealed class LanguageTraining : IDisposable
{
    private ExchangeQueue? _queue;

    private LanguageTraining(LanguageRunOptions options, Tokenizer tokenizer, TaskData data, RunFolder folder)
    {
        (Options, Folder, Tokenizer) = (options, folder, tokenizer);
        Lesson lesson = data.Encode(options, tokenizer);
        Remark = lesson.Remark;
        Task = new PhasedTask(options, model =>
        {
            foreach ((_, Module module) in model.Modules()) (module as Gate)?.Prepare(lesson.Statistics);
            return lesson.Task(model);
        });
        Plan = options.Learning.ToPlan(Task.TokensPerMicroBatch * options.Learning.MicroBatches, lesson.HeldOutTokens);
        Plan.Check();
    }

    /// <summary>Everything that was decided.</summary>
    public LanguageRunOptions Options { get; }

    /// <summary>Where the run keeps what it makes.</summary>
    public RunFolder Folder { get; }

    /// <summary>What cuts the text.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>What learns: the model of the phase that training has come to.</summary>
    public LanguageModel Model => Task.Model;

    /// <summary>What is learnt, phase by phase.</summary>
    public PhasedTask Task { get; }

    /// <summary>How the weights of a dense model became those that training begins with; null where they are random, or were taken over before.</summary>
    public PhaseEntry? Extended { get; private set; }

    /// <summary>How long and how fast.</summary>
    public TrainingPlan Plan { get; }

    /// <summary>What a user should know about the data; null for nothing.</summary>
    public string? Remark { get; }

    /// <summary>Begins a run. Nothing is written unless text, tokenizer and model fit together.</summary>
    /// <param name="path">Its folder.</param>
    /// <param name="data">A file, a folder or a pattern; null for the built-in text. For translation see <see cref="Translation.ParallelFiles"/>.</param>
    /// <param name="decide">Gives the options, once it is known where the text is and how many bytes it has.</param>
    /// <param name="progress">Is told how far the learning of a tokenizer has come, or null.</param>
    /// <param name="task">What is learnt, one of the names in <see cref="LanguageRunOptions"/>.</param>
    /// <exception cref="SwitchyardException">The text cannot be read or is too short, or the folder holds a run.</exception>
    /// <exception cref="ArgumentException">The options do not fit together.</exception>
    public static LanguageTraining Begin(
        string path, string? data, Func<string?, long, LanguageRunOptions> decide, IProgress<WorkProgress>? progress = null, string task = LanguageRunOptions.Causal)
    {
        ArgumentNullException.ThrowIfNull(decide);
        TaskData source = TaskData.Load(task, data);
        LanguageRunOptions options = decide(source.Place, source.Bytes) with { Task = task };
        using DenseStart? start = options.From is null ? null : DenseStart.Open(options.From);
        if (start is not null) options = start.Extend(options with { From = Path.GetFullPath(options.From!) });
        options.Check();
        Tokenizer tokenizer = start?.Tokenizer ?? source.MakeTokenizer(options.Tokenizer, progress);
        options = options with { DataChecksum = source.Checksum(), Model = options.Model with { Vocabulary = start?.Model.Options.Vocabulary ?? tokenizer.VocabularySize } };
        string config = LanguageRunJson.Write(options).ToJsonString(new() { WriteIndented = true }) + "\n";
        LanguageTraining training = new(options, tokenizer, source, RunFolder.At(path));
        // The configuration last: a folder that has one can be resumed.
        tokenizer.Save(path);
        training.Folder.Start(config);
        training.BeginWith(start, progress);
        return training;
    }

    /// <summary>Takes a run up again. The next <see cref="Run"/> goes on from its newest good checkpoint.</summary>
    /// <exception cref="SwitchyardException">The folder holds no run, or its text cannot be read any more or has changed.</exception>
    /// <param name="path">Its folder.</param>
    /// <param name="progress">Is told how far an evaluation has come, or null.</param>
    public static LanguageTraining Resume(string path, IProgress<WorkProgress>? progress = null)
    {
        RunFolder folder = RunFolder.Open(path);
        LanguageRunOptions options = LanguageRunJson.Change(new LanguageRunOptions(), LanguageRunJson.Read(folder.ConfigPath), folder.ConfigPath);
        TaskData source = TaskData.Load(options.Task, options.Data);
        if (options.DataChecksum is { } checksum && checksum != source.Checksum())
            throw new SwitchyardException($"{source.Name} is not the text that {path} began with", "put that text back, or begin a new run with this one");
        LanguageTraining training = new(options, Tokenizer.Load(path), source, folder);
        if (options.From is null || folder.Checkpoints.All().Count > 0) return training;
        using DenseStart start = DenseStart.Open(options.From);
        training.BeginWith(start, progress);
        return training;
    }

    /// <summary>
    /// Shares the experts out among ranks that hold the same run. Each of them then trains on its share of every
    /// micro-batch; rank 0 writes. Every rank must call it.
    /// </summary>
    /// <param name="ranks">The ranks; the group stays the caller's.</param>
    /// <exception cref="ArgumentException">There are more ranks than windows, or pairs of lines, in a micro-batch.</exception>
    public void Distribute(ProcessGroup ranks)
    {
        ArgumentNullException.ThrowIfNull(ranks);
        if (Options.Learning.Batch < ranks.Size) throw new ArgumentException($"a micro-batch of {Options.Learning.Batch} {(Options.Task == LanguageRunOptions.Translation ? "pairs" : "windows")} cannot be shared out among {ranks.Size} ranks: give a batch of {ranks.Size} or more, or fewer ranks");
        // Inside a node rows travel by the processors that would have to work meanwhile.
        if (ranks.Topology.Nodes > 1)
        {
            // Before there is a queue, which then knows the costs too.
            if (ranks.Algorithm is null) ranks.Calibrate();
            _queue = new ExchangeQueue(ranks);
        }
        Task.Distribute(ranks, _queue);
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

    /// <summary>Takes over the weights of a dense model, and keeps them: the run needs it no more.</summary>
    private void BeginWith(DenseStart? start, IProgress<WorkProgress>? progress)
    {
        if (start is null) return;
        Extended = Task.BeginWith(start.Model, progress);
        new Trainer(Task, Plan, Folder).SaveBeginning();
    }
}

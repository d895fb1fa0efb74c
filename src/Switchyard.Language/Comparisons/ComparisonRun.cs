using Switchyard.Language.Runs;
using Switchyard.Training;
using Switchyard.Training.Reports;

namespace Switchyard.Language.Comparisons;

/// <summary>One run of a comparison: a recipe with a seed, in a run folder like any other.</summary>
/// <param name="Recipe">The recipe's name.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Path">The run's folder.</param>
public sealed record ComparisonRun(string Recipe, ulong Seed, string Path)
{
    /// <summary>The records of the run.</summary>
    public IReadOnlyList<StepMetrics> Metrics() => MetricsFile.Read(System.IO.Path.Combine(Path, MetricsFile.Name));

    /// <summary>Begins the run, unless it was begun before.</summary>
    /// <param name="options">Its settings.</param>
    /// <param name="progress">Is told how far the learning of a tokenizer has come, or null.</param>
    /// <exception cref="SwitchyardException">It was begun with other settings, or the text cannot be read.</exception>
    public void Begin(LanguageRunOptions options, IProgress<WorkProgress>? progress)
    {
        if (!Exists)
        {
            LanguageTraining.Begin(Path, options.Data, (place, _) => options with { Data = place }, progress, options.Task).Dispose();
            return;
        }
        LanguageRunOptions before = Read();
        TaskData data = TaskData.Load(options.Task, options.Data);
        LanguageRunOptions after = options with { Data = data.Place, DataChecksum = data.Checksum(), Model = options.Model with { Vocabulary = before.Model.Vocabulary } };
        if (LanguageRunJson.Write(before).ToJsonString() != LanguageRunJson.Write(after).ToJsonString())
            throw new SwitchyardException($"{Path} was begun with other settings", "give the same data, settings and length as before, or another folder");
    }

    /// <summary>Whether the run has come to its end.</summary>
    public bool IsDone()
    {
        if (!Exists || RunFolder.Open(Path).Checkpoints.OpenNewest() is not { State: { EvaluationPending: false } state }) return false;
        LearningOptions learning = Read().Learning;
        return state.Step >= learning.Steps || state.Tokens >= learning.Tokens || state.Flops >= learning.Flops || state.ElapsedSeconds >= learning.Minutes * 60;
    }

    private bool Exists => File.Exists(RunFolder.ConfigOf(Path));

    private LanguageRunOptions Read() => LanguageRunJson.Change(new LanguageRunOptions(), LanguageRunJson.Read(RunFolder.ConfigOf(Path)), RunFolder.ConfigOf(Path));
}

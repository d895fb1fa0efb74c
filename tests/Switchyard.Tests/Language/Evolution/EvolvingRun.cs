using System.Text.Json.Nodes;
using Switchyard.Language.Evolution;
using Switchyard.Language.Runs;
using Switchyard.Language.Text;
using Switchyard.Language.Transformer;
using Switchyard.Training;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Language.Evolution;

/// <summary>Small trainings by recipes, in a folder of their own.</summary>
internal sealed class EvolvingRun : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public EvolvingRun() => Text = _folder.Write("text.txt", GeneratedCorpus.Generate(0, 12_000).Utf8.ToArray());

    public string Text { get; }

    public static LanguageRunOptions Options { get; } = new()
    {
        Model = new DecoderOptions { Layers = 2, Width = 16, Heads = 2, Hidden = 24, Experts = 4, Context = 16, MixtureEvery = 2 },
        Learning = new LearningOptions { Steps = 20, Batch = 8, EvaluateEvery = 5, CheckpointEvery = 3, KeepCheckpoints = 100, WarmUpSteps = 2, LearningRate = 5e-3 },
    };

    public void Dispose() => _folder.Dispose();

    public string In(string name) => Path.Combine(_folder.Path, name);

    /// <summary>The usual options with the phases of a recipe.</summary>
    public static LanguageRunOptions By(string recipe, LanguageRunOptions? options = null)
        => LanguageRunJson.Change(options ?? Options, new JsonObject { ["recipe"] = recipe }, "the test");

    public LanguageTraining Begin(string name, LanguageRunOptions options)
        => LanguageTraining.Begin(In(name), Text, (place, _) => options with { Data = place });

    public TrainingResult Train(string name, LanguageRunOptions options, TrainingObserver? observer = null)
    {
        using LanguageTraining training = Begin(name, options);
        return training.Run(observer ?? new(), TimeProvider.System, TestContext.Current.CancellationToken);
    }

    public TrainingResult Resume(string name, TrainingObserver? observer = null, CancellationToken? cancellation = null)
    {
        using LanguageTraining training = LanguageTraining.Resume(In(name));
        return training.Run(observer ?? new(), TimeProvider.System, cancellation ?? TestContext.Current.CancellationToken);
    }

    public IReadOnlyList<StepMetrics> Metrics(string name) => MetricsFile.Read(Path.Combine(In(name), MetricsFile.Name));

    /// <summary>Phases of a few steps each.</summary>
    public static IReadOnlyList<LanguagePhase> Short { get; } =
    [
        .. RecipeCatalogue.Find("evomoe").Phases.Zip((double?[])[0.2, 0.6, null], static (phase, until) => phase with { Until = until }),
    ];
}

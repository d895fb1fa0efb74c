using Switchyard.Language.Runs;
using Switchyard.Language.Transformer;
using Switchyard.Tensors.Kernels;
using Switchyard.Training.Reports;

namespace Switchyard.Tests.Language.Evolution;

/// <summary>What the recipe does to a model that learns, on a model small enough to be watched.</summary>
[Collection(nameof(WorkerPool))]
[Trait("Category", "Slow")]
public sealed class EvolutionCourseTests : IDisposable
{
    private const int Steps = 800, Every = Steps / 20;

    private readonly EvolvingRun _runs = new();

    public void Dispose() => _runs.Dispose();

    [Fact]
    public void Experts_of_a_token_fall_from_all_to_one_and_no_switch_hurts()
    {
        LanguageRunOptions options = EvolvingRun.By("evomoe", new LanguageRunOptions
        {
            Model = new DecoderOptions { Layers = 2, Width = 32, Heads = 2, Hidden = 64, Experts = 8, Context = 32, MixtureEvery = 2 },
            Learning = new LearningOptions { Steps = Steps, Batch = 8, EvaluateEvery = Every, WarmUpSteps = 20 },
        });
        _runs.Train("run", options);
        IReadOnlyList<StepMetrics> metrics = _runs.Metrics("run");

        double[] active = [.. metrics.Where(static record => record.Phase != "dense").Select(static record => record.Layers[0].ActivePerToken!.Value).Chunk(Every / 2).Select(static chunk => chunk.Average())];
        Assert.Equal(8, active[0], 0.1);
        Assert.Equal(1, active[^1]);
        for (int i = 1; i < active.Length; i++) Assert.True(active[i] <= active[i - 1] * 1.05, $"{active[i - 1]} experts became {active[i]}");

        Dictionary<long, double> losses = metrics.Where(static record => record.ValidationLoss is not null).ToDictionary(static record => record.Step, static record => record.ValidationLoss!.Value);
        foreach (long last in (long[])[Steps / 20, Steps / 4]) Assert.True(losses[last + Every] <= losses[last] + 0.05, $"{losses[last]} became {losses[last + Every]}");

        // Experts that were nearly copies go apart.
        double[] distances = [.. metrics.Where(static record => record.ValidationLayers?.Count > 0).Select(static record => record.ValidationLayers![0].ExpertDistance!.Value)];
        Assert.True(distances[^1] > distances[0]);
    }
}

using Switchyard.Experts.Gates;
using Switchyard.Language.Runs;
using Switchyard.Language.Text;
using Switchyard.Language.Tokenizers;
using Switchyard.Language.Transformer;
using Switchyard.Modules;
using Switchyard.Modules.Schedules;
using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;
using Switchyard.Training;

namespace Switchyard.Tests.Language.Runs;

/// <summary>A language model trains with every gate, and a run that was cut goes on to the same bits.</summary>
[Collection(nameof(WorkerPool))]
public sealed class GateTrainingTests : IDisposable
{
    private const int Steps = 8;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Names => [.. GateCatalogue.All.Select(static gate => gate.Name)];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public void A_run_that_was_cut_goes_on_to_the_same_bits(string name)
    {
        float[][] whole = Train(name, "whole", cutAfter: null), cut = Train(name, "cut", cutAfter: 3);
        Assert.Equal(whole.Length, cut.Length);
        for (int i = 0; i < whole.Length; i++) Assert.Equal(whole[i], cut[i]);
    }

    private float[][] Train(string name, string folder, int? cutAfter)
    {
        string path = Path.Combine(_folder.Path, folder);
        RunFolder.At(path).Start("{}");
        if (cutAfter is { } step)
        {
            using CancellationTokenSource cancellation = new();
            Run(name, path, new TrainingObserver { Recorded = metrics => { if (metrics.Step == step) cancellation.Cancel(); } }, cancellation.Token);
        }
        return Run(name, path, new TrainingObserver(), TestContext.Current.CancellationToken);
    }

    private static float[][] Run(string name, string path, TrainingObserver observer, CancellationToken cancellation)
    {
        GateOptions options = GateCatalogue.Find(name).Defaults switch
        {
            CosineOptions cosine => cosine with { Projection = 8 },
            SoftMoeOptions soft => soft with { SlotsPerExpert = 2 },
            StableOptions stable => stable with { FirstStage = 0.5 },
            DenseToSparseOptions sparse => sparse with { DecayFrom = 0, DecayTo = 0.6, HardFrom = 0.6 },
            var other => other,
        };
        DecoderOptions model = new() { Context = 16, Layers = 1, Width = 16, Heads = 2, Hidden = 8, Experts = 8, Routing = options };
        ByteTokenizer tokenizer = new();
        TextCorpus text = TextCorpus.Split(GeneratedCorpus.Generate(0, 20_000).Source);
        TokenStream stream = TokenStream.Encode("training", tokenizer, text.Training);
        using DecoderModel learner = new(model, new Philox(1));
        foreach ((_, Module module) in learner.Modules()) (module as Gate)?.Prepare(new TokenStatistics(stream.Tokens.ToArray(), model.Vocabulary));
        CausalTask task = new(learner, tokenizer, new WindowSampler(stream, model.Context, 0), new EvaluationWindows(TokenStream.Encode("held out", tokenizer, text.HeldOut), model.Context), new LearningOptions { Batch = 2 });
        TrainingPlan plan = new() { Steps = Steps, MicroBatchesPerStep = 2, EvaluateEvery = Steps, LearningRate = new LearningRateSchedule { Peak = 1e-2, WarmUpSteps = 2 } };
        new Trainer(task, plan, RunFolder.Open(path), observer).Run(cancellation);
        return [.. learner.State().Select(static state => state.Tensor.Type == ElementType.Int32 ? Array.ConvertAll(state.Tensor.ToArray<int>(), static x => (float)x) : state.Tensor.ToArray<float>())];
    }
}

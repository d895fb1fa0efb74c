using Switchyard.Language.Runs;
using Switchyard.Language.Text;
using Switchyard.Language.Tokenizers;
using Switchyard.Language.Transformer;
using Switchyard.Modules.Schedules;
using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;
using Switchyard.Tensors.Memory;
using Switchyard.Training;

namespace Switchyard.Tests.Language.Runs;

/// <summary>A long training needs no more memory than a short one. As many operations as the reference model, on small tensors.</summary>
[Collection(nameof(WorkerPool))]
[Trait("Category", "Slow")]
public sealed class TrainingMemoryTests : IDisposable
{
    private const int Steps = 2000;
    private const int Settled = 100;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Two_thousand_steps_take_no_more_memory_than_a_hundred()
    {
        GeneratedCorpus corpus = GeneratedCorpus.Generate(0, 40_000);
        TextCorpus text = TextCorpus.Split(corpus.Source);
        ByteTokenizer tokenizer = new();
        DecoderOptions options = new() { Context = 16, Layers = 4, Width = 16, Heads = 4, Hidden = 8, Experts = 8, Dropout = 0.1 };
        using DecoderModel model = new(options, new Philox(1));
        CausalTask task = new(
            model, tokenizer, new WindowSampler(TokenStream.Encode("training", tokenizer, text.Training), options.Context, 0),
            new EvaluationWindows(TokenStream.Encode("held out", tokenizer, text.HeldOut), options.Context), new LearningOptions { Batch = 2 });
        TrainingPlan plan = new() { Steps = Steps, LearningRate = new LearningRateSchedule { Peak = 1e-3, WarmUpSteps = 10 } };
        RunFolder run = RunFolder.At(Path.Combine(_folder.Path, "run"));
        run.Start("{}");

        long resident = 0, allocated = 0, reserved = 0, residentAfter = 0, allocatedAfter = 0, reservedAfter = 0;
        TrainingObserver observer = new()
        {
            Recorded = metrics =>
            {
                if (metrics.Step <= Settled && metrics.Step % 20 == 0) LetTheRuntimeSettle();
                if (metrics.Step == Settled) (resident, allocated, reserved) = (Environment.WorkingSet, GC.GetAllocatedBytesForCurrentThread(), MemoryPool.BytesReserved);
                // The evaluation at the end is no step.
                if (metrics.Step == Steps - 1) (residentAfter, allocatedAfter, reservedAfter) = (Environment.WorkingSet, GC.GetAllocatedBytesForCurrentThread(), MemoryPool.BytesReserved);
            },
        };
        new Trainer(task, plan, run, observer).Run(TestContext.Current.CancellationToken);

        double perStep = (allocatedAfter - allocated) / (double)(Steps - 1 - Settled);
        TestContext.Current.TestOutputHelper?.WriteLine($"{perStep:f0} managed bytes per step; resident {resident:N0}, {residentAfter:N0} at the end");
        Assert.InRange(perStep, 0, 64 * 1024);
        Assert.InRange(residentAfter, 0, (long)(resident * 1.02));
        Assert.Equal(reserved, reservedAfter);
    }

    // A hundred steps of a model this small are over before the runtime has compiled its methods for good and the
    // collector has used the nursery that it allows itself: neither has to do with training.
    private static void LetTheRuntimeSettle()
    {
        Thread.Sleep(300);
        int collections = GC.CollectionCount(0);
        while (GC.CollectionCount(0) < collections + 2) GC.KeepAlive(new byte[10_000]);
    }
}

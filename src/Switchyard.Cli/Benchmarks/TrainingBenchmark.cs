using System.Diagnostics;
using Switchyard.Language;
using Switchyard.Language.Transformer;
using Switchyard.Modules.Optimisers;
using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Cli.Benchmarks;

/// <summary>
/// A whole training step, forward, backward, clipping and AdamW, of the reference model: 4 layers, width 256, 4 heads,
/// 8 experts of inner width 512 of which 2 are used, vocabulary 256, 16 windows of 256 tokens, float32.
/// </summary>
internal static class TrainingBenchmark
{
    private const int Batch = 16;
    private const int WarmUpSteps = 3;

    /// <summary>Measures steps, large matrix products and, where it is installed, PyTorch's steps in turn, and takes medians.</summary>
    public static BenchmarkRow Measure(int threads, int rounds, Output output, CancellationToken interrupted)
    {
        WorkerPool.Threads = threads;
        DecoderOptions options = new();
        using DecoderModel model = new(options, new Philox(0));
        using AdamW optimiser = new(model.Parameters(), decay: new WeightDecay(0.1));
        using MatrixPeak.Operands operands = new();
        Philox random = new(1);
        long tokens = (long)Batch * options.Context;
        double[] steps = new double[rounds], peaks = new double[rounds], others = new double[rounds];
        using PyTorchSteps? peer = PyTorchSteps.Start(threads);
        using Progress progress = output.Progress($"measuring with {threads} threads", "rounds", rounds + WarmUpSteps);
        for (int round = -WarmUpSteps; round < rounds; round++)
        {
            interrupted.ThrowIfCancellationRequested();
            double peak = operands.Run();
            long started = Stopwatch.GetTimestamp();
            Step(model, optimiser, random);
            double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds, otherSeconds = peer?.Run() ?? double.NaN;
            if (round >= 0) (peaks[round], steps[round], others[round]) = (peak, tokens / seconds, tokens / otherSeconds);
            progress.Report(round + WarmUpSteps + 1);
        }
        double rate = MatrixPeak.Median(steps);
        return new BenchmarkRow("step/reference", threads, rate, "tokens/s")
        {
            Peer = peer?.Name,
            PeerValue = peer is null ? null : MatrixPeak.Median(others),
            Limit = "own matrix peak",
            OfLimit = rate * model.TrainingFlopsPerToken / MatrixPeak.Median(peaks),
        };
    }

    private static void Step(DecoderModel model, AdamW optimiser, Philox random)
    {
        using TensorScope scope = new();
        int context = model.Options.Context, vocabulary = model.Options.Vocabulary;
        Tensor ids = RandomIds([Batch, context], vocabulary, random), targets = RandomIds([Batch * context], vocabulary, random);
        LanguageModelOutput result = model.Forward(ids, random);
        Tensor loss = Tensor.CrossEntropy(result.Logits.Reshape([Batch * context, vocabulary]), targets);
        if (result.RoutingLoss() is { } routing) loss += routing;
        loss.Backward();
        optimiser.Step(1e-3, GradientNorm.Clip(GradientNorm.Euclidean(optimiser.Parameters), 1));
        optimiser.ClearGradients();
    }

    private static Tensor RandomIds(Shape shape, int vocabulary, Philox random)
    {
        Tensor ids = Tensor.Empty(shape, ElementType.Int32);
        foreach (ref int id in ids.AsSpan<int>()) id = random.Next(vocabulary);
        return ids;
    }
}

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

    // Of losses and gradients in float32: a token between two experts may go to either.
    private const double Tolerance = 1e-3;

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
        if (peer is not null) CheckThatBothLearnTheSame(peer, model, optimiser, random);
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
        Loss(model, RandomWindows(model, random), random).Backward();
        optimiser.Step(1e-3, GradientNorm.Clip(GradientNorm.Euclidean(optimiser.Parameters), 1));
        optimiser.ClearGradients();
    }

    // Otherwise the two would race on different tracks.
    private static void CheckThatBothLearnTheSame(PyTorchSteps peer, DecoderModel model, AdamW optimiser, Philox random)
    {
        using TensorScope scope = new();
        Tensor windows = RandomWindows(model, random), loss = Loss(model, windows, random);
        loss.Backward();
        (double ours, double ourNorm) = (loss.ToDouble(), GradientNorm.Euclidean(optimiser.Parameters));
        (double theirs, double theirNorm) = peer.Evaluate(optimiser.Parameters.Select(static parameter => parameter.Tensor), windows);
        optimiser.ClearGradients();
        if (!(Math.Abs(theirs - ours) <= Tolerance * ours && Math.Abs(theirNorm - ourNorm) <= Tolerance * ourNorm))
            throw new SwitchyardException($"{peer.Name} has a loss of {theirs:g6} and gradients of norm {theirNorm:g6} where ours are {ours:g6} and {ourNorm:g6}", "the two do not train the same model: correct training_step.py, or measure without PyTorch");
    }

    private static Tensor Loss(DecoderModel model, Tensor windows, Philox random)
    {
        int tokens = Batch * model.Options.Context;
        LanguageModelOutput result = model.Forward(windows.Slice(1, 0, model.Options.Context), random);
        Tensor loss = Tensor.CrossEntropy(result.Logits.Reshape([tokens, model.Options.Vocabulary]), windows.Slice(1, 1).Reshape([tokens]));
        return result.RoutingLoss() is { } routing ? loss + routing : loss;
    }

    // [windows, tokens + 1]
    private static Tensor RandomWindows(DecoderModel model, Philox random)
    {
        Tensor ids = Tensor.Empty([Batch, model.Options.Context + 1], ElementType.Int32);
        foreach (ref int id in ids.AsSpan<int>()) id = random.Next(model.Options.Vocabulary);
        return ids;
    }
}

using Switchyard.Modules.Optimisers;
using Switchyard.Tensors;
using Switchyard.Training.Ranks;
using Switchyard.Training.Reports;

namespace Switchyard.Training;

/// <summary>What one optimiser step did.</summary>
/// <param name="Loss">The task's loss, the mean over all tokens of the step.</param>
/// <param name="Tokens">How many tokens, or examples, the step was over.</param>
/// <param name="GradientNorm">The global norm of the gradients before clipping.</param>
/// <param name="Layers">The routing, averaged over the step.</param>
internal readonly record struct StepFigures(double Loss, long Tokens, double GradientNorm, IReadOnlyList<LayerMetrics> Layers);

/// <summary>
/// Does optimiser steps: the gradient of each micro-batch, weighted by its tokens, then one update. All randomness
/// is a function of the seed and the number of the micro-batch, so a step does not depend on how it was come to.
/// </summary>
internal sealed class StepRunner
{
    private readonly TrainingTask _task;
    private readonly TrainingPlan _plan;
    private readonly Optimiser _optimiser;
    private readonly Philox _random;
    private readonly RankedModel? _ranks;
    private readonly RoutingAverage _routing = new();

    public StepRunner(TrainingTask task, TrainingPlan plan, Optimiser optimiser, RankedModel? ranks = null)
    {
        (_task, _plan, _optimiser, _ranks) = (task, plan, optimiser, ranks);
        _random = new Philox(plan.Seed).Split("micro-batch");
    }

    /// <summary>Does one step.</summary>
    /// <param name="step">How many were done before.</param>
    /// <param name="firstMicroBatch">The number of its first micro-batch.</param>
    /// <param name="learningRate">Its learning rate.</param>
    /// <exception cref="SwitchyardException">The loss or a gradient is not finite. The parameters are as they were.</exception>
    public StepFigures Run(long step, long firstMicroBatch, double learningRate)
    {
        double loss = 0, totalWeight = 0, norm = 0;
        long tokens = 0;
        _routing.Clear();
        for (int i = 0; i < _plan.MicroBatchesPerStep; i++)
        {
            using TensorScope scope = new();
            long microBatch = firstMicroBatch + i;
            TaskLoss part = _task.Loss(microBatch, _random.Split((ulong)microBatch));
            // One rank alone must not turn back: where there are several, the norm of all tells them together.
            if (_ranks is null && !double.IsFinite(part.Total.ToDouble())) throw NotFinite(step, "loss", part.Total.ToDouble(), part.Total);

            // 1 for the usual micro-batch: nothing is rounded then, and the scale of gradients does not grow with it.
            double weight = (double)part.Tokens / _task.TokensPerMicroBatch;
            Tensor? upstream = weight == 1 ? null : Tensor.Full(part.Total.Shape, weight, part.Total.Type);
            bool isLast = i == _plan.MicroBatchesPerStep - 1;
            if (isLast && _ranks is not null) _ranks.Backward(part.Total, upstream);
            else part.Total.Backward(upstream);
            loss += weight * part.Loss;
            totalWeight += weight;
            tokens += part.Tokens;
            _routing.Add(part.Layers, weight);

            if (!isLast) continue;
            if (_ranks is not null) (loss, totalWeight, tokens) = _ranks.Sum(loss, totalWeight, tokens);
            norm = (_ranks?.GradientNorm(_optimiser.Parameters) ?? GradientNorm.Euclidean(_optimiser.Parameters)) / totalWeight;
            if (!double.IsFinite(norm)) throw NotFinite(step, "gradient norm", norm, part.Total);
        }
        double clip = _plan.ClipNorm is { } limit ? GradientNorm.Clip(norm, limit) : 1;
        _optimiser.Step(learningRate, clip / totalWeight);
        _optimiser.ClearGradients();
        return new StepFigures(loss / totalWeight, tokens, norm, _routing.Result());
    }

    private SwitchyardException NotFinite(long step, string what, double value, Tensor loss)
    {
        string place = _task.FirstNonFinite(loss) is { } first ? $"; the first value that is not finite is {first}" : "";
        return new SwitchyardException($"step {step + 1}: the {what} is {value}{place}", "nothing was updated and the last checkpoint is good: lower the learning rate, lengthen the warm-up or clip gradients, and train anew");
    }
}

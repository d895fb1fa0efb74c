using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Losses;

/// <summary>How the losses of several tasks become one.</summary>
public enum TaskWeighting
{
    /// <summary>By the weights of the schema.</summary>
    Fixed,

    /// <summary>By these times Σ exp(-s)·L + s with learnt s (Kendall et al., CVPR 2018, equation 7, without the ½).</summary>
    Uncertainty,

    /// <summary>By these times weights that let all tasks pull alike at what they share, a slow one harder: see <see cref="Losses.GradNorm"/>.</summary>
    GradNorm,
}

/// <summary>The weights of the losses of several tasks.</summary>
public sealed class TaskWeights : Module
{
    private readonly double[] _weights;
    private readonly double[] _ratios;
    private readonly Tensor? _uncertainty;
    private readonly GradNorm? _gradNorm;

    /// <summary>Makes weights.</summary>
    /// <param name="weights">Those of the tasks at the first step.</param>
    /// <param name="weighting">How losses become one.</param>
    /// <param name="ratios">By what the weights are multiplied from step to step, w_k·γ_kᵗ (Tang et al., RecSys 2020, equation 9); null for 1.</param>
    public TaskWeights(IReadOnlyList<double> weights, TaskWeighting weighting = TaskWeighting.Fixed, IReadOnlyList<double>? ratios = null)
    {
        ArgumentNullException.ThrowIfNull(weights);
        _weights = [.. weights];
        _ratios = ratios is null ? [.. weights.Select(static _ => 1.0)] : [.. ratios];
        if (weighting == TaskWeighting.Uncertainty) _uncertainty = AddParameter("s", Tensor.Zeros([_weights.Length]));
        if (weighting == TaskWeighting.GradNorm) _gradNorm = AddChild("grad_norm", new GradNorm(_weights.Length));
    }

    /// <summary>The weights at a step, from 0.</summary>
    public double[] At(long step) => [.. _weights.Select((weight, task) => weight * Math.Pow(_ratios[task], step))];

    /// <summary>The losses of all tasks as one.</summary>
    /// <param name="losses">One number per task.</param>
    /// <param name="step">The step under way, from 0.</param>
    /// <param name="shared">What the tasks share, for weights that look at its gradients; while training only.</param>
    public Tensor Total(IReadOnlyList<Tensor> losses, long step, IReadOnlyList<Tensor>? shared = null)
    {
        ArgumentNullException.ThrowIfNull(losses);
        double[] weights = At(step);
        if (_gradNorm is not null)
        {
            double[] balance = _gradNorm.Weights;
            if (IsTraining && shared is not null) _gradNorm.Step([.. losses.Zip(weights, static (loss, weight) => loss * weight)], shared);
            for (int task = 0; task < weights.Length; task++) weights[task] *= balance[task];
        }
        Tensor? total = null;
        for (int task = 0; task < weights.Length; task++)
        {
            Tensor loss = losses[task];
            if (_uncertainty is not null)
            {
                Tensor s = _uncertainty.Slice(0, task, task + 1).Reshape([]);
                loss = (-s).Exp() * loss + s;
            }
            if (weights[task] != 1) loss *= weights[task];
            total = total is null ? loss : total + loss;
        }
        return total ?? throw new ArgumentException("there is no task");
    }
}

using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Losses;

/// <summary>
/// Weights of tasks that follow the norms of their gradients (Chen et al., "GradNorm", ICML 2018, algorithm 1): with
/// Gᵢ = wᵢ·|∇Lᵢ| at what the tasks share and rᵢ = Lᵢ/Lᵢ(0) over its mean, wᵢ takes a step against the slope of
/// Σ |Gᵢ - mean(G)·rᵢ^α|, whose second term is held fixed, and the weights are scaled to sum to the number of tasks.
/// </summary>
public sealed class GradNorm : Module
{
    /// <summary>α: how much harder a task pulls that has learnt less than the others.</summary>
    public const double Asymmetry = 1.5;

    /// <summary>How far the weights move in a step.</summary>
    public const double Rate = 0.025;

    // A weight of 0 would have no gradient any more.
    private const double Least = 1e-3;

    private readonly Tensor _weights; // [tasks]
    private readonly Tensor _first; // [tasks], the losses at the first step; 0 before it

    /// <summary>Makes weights of 1.</summary>
    /// <param name="tasks">How many tasks there are.</param>
    public GradNorm(int tasks)
    {
        _weights = AddBuffer("weights", Tensor.Full([tasks], 1, ElementType.Float64));
        _first = AddBuffer("first_losses", Tensor.Zeros([tasks], ElementType.Float64));
    }

    /// <summary>The weights of the step under way [tasks].</summary>
    public double[] Weights => [.. _weights.AsReadOnlySpan<double>()];

    /// <summary>Moves the weights.</summary>
    /// <param name="losses">One number per task.</param>
    /// <param name="shared">What the tasks share.</param>
    public void Step(IReadOnlyList<Tensor> losses, IReadOnlyList<Tensor> shared)
    {
        ArgumentNullException.ThrowIfNull(losses);
        Span<double> weights = _weights.AsSpan<double>(), first = _first.AsSpan<double>();
        double[] norms = [.. losses.Select(loss => Norm(Gradients.Of(loss, shared)))], rates = new double[norms.Length];
        for (int task = 0; task < rates.Length; task++)
        {
            double loss = losses[task].ToDouble();
            if (first[task] == 0) first[task] = loss;
            rates[task] = first[task] > 0 ? loss / first[task] : 1;
        }
        double meanRate = rates.Average(), meanNorm = 0;
        for (int task = 0; task < norms.Length; task++) meanNorm += weights[task] * norms[task] / norms.Length;
        double sum = 0;
        for (int task = 0; task < norms.Length; task++)
        {
            double target = meanRate > 0 ? meanNorm * Math.Pow(rates[task] / meanRate, Asymmetry) : meanNorm;
            weights[task] = Math.Max(Least, weights[task] - Rate * Math.Sign(weights[task] * norms[task] - target) * norms[task]);
            sum += weights[task];
        }
        for (int task = 0; task < norms.Length; task++) weights[task] *= norms.Length / sum;
    }

    private static double Norm(Tensor[] gradients) => Math.Sqrt(gradients.Sum(static gradient => (gradient * gradient).Sum().ToDouble()));
}

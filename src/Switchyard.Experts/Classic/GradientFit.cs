using Switchyard.Modules.Optimisers;
using Switchyard.Tensors;

namespace Switchyard.Experts.Classic;

/// <summary>What gradient descent makes small.</summary>
public enum MixtureLoss
{
    /// <summary>-ln p(y|x): experts compete for rows (Jacobs et al. 1991, equation 3, with variances where these are learnt).</summary>
    Competitive,

    /// <summary>½ |y - E[y|x]|²: experts work together on every row (equation 1), for contrast.</summary>
    Cooperative,
}

/// <summary>Settings of <see cref="GradientFit"/>.</summary>
public sealed record GradientFitOptions
{
    /// <summary>What is made small.</summary>
    public MixtureLoss Loss { get; init; } = MixtureLoss.Competitive;

    /// <summary>Steps over all rows, at least 0.</summary>
    public int Iterations { get; init; } = 1000;

    /// <summary>The rate of Adam; it falls to nothing over the last half of the iterations.</summary>
    public double LearningRate { get; init; } = 0.05;
}

/// <summary>
/// Fits a mixture, gates and experts together, by gradient descent (Adam) on all rows at once, with the mixture's ridges
/// as weight penalty. Unlike <see cref="ExpectationMaximisation"/> it fits every kind of expert the same way, and its
/// likelihood may fall on the way.
/// </summary>
public static class GradientFit
{
    /// <summary>Fits a mixture to all rows, from where it is: call <see cref="ClassicMixture.Start"/> before.</summary>
    /// <inheritdoc cref="ExpectationMaximisation.Fit"/>
    public static MixtureFit Fit(
        ClassicMixture mixture, Tensor features, Tensor targets, GradientFitOptions options, Action<int, FitPoint>? observer = null, CancellationToken interrupted = default)
    {
        ArgumentNullException.ThrowIfNull(mixture);
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(targets);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegative(options.Iterations);
        if (features.Rank != 2 || features.Shape[0] == 0) throw new ArgumentException($"the features are {features}: there is nothing to fit");
        using AdamW optimiser = new(mixture.Parameters());
        List<FitPoint> trace = [];
        for (int iteration = 0; ; iteration++)
        {
            using TensorScope scope = new();
            Tensor joint = mixture.LogJoint(features, targets); // [rows, experts]
            Tensor logLikelihood = joint.LogSumExp().Sum(), penalty = mixture.Penalty();
            FitPoint point = new FitPoint(logLikelihood.ToDouble(), logLikelihood.ToDouble() - penalty.ToDouble()).Checked(iteration);
            trace.Add(point);
            observer?.Invoke(iteration, point);
            if (iteration == options.Iterations || interrupted.IsCancellationRequested)
                return new MixtureFit(trace, false, ExpectationMaximisation.Collapsed(joint.Softmax()));
            Tensor error = options.Loss == MixtureLoss.Competitive
                ? -logLikelihood
                : MixtureErrors.Cooperative(mixture.ExpertMeans(features), mixture.LogGate(features), targets).Sum();
            optimiser.ClearGradients();
            ((error + penalty) / features.Shape[0]).Backward();
            double left = 2.0 * (options.Iterations - iteration) / options.Iterations;
            optimiser.Step(options.LearningRate * Math.Min(1, left));
        }
    }
}

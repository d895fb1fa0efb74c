using Switchyard.Tensors;

namespace Switchyard.Experts.Classic;

/// <summary>
/// Fits a mixture by expectation–maximisation (Jordan and Jacobs 1994, sections 4 and 5). The E-step finds the
/// responsibilities h; the M-step is a separate weighted fit for every gate and expert: least squares for linear
/// Gaussian experts, Newton's method (IRLS) for gates and linear experts for classes, and for experts with hidden units
/// some gradient steps that never lose (generalised EM). The penalised log-likelihood never falls. An expert whose
/// responsibilities sum to less than <see cref="MixtureFit.CollapsedShare"/> of the rows keeps its parameters, and gets
/// another chance in the next iteration.
/// </summary>
public static class ExpectationMaximisation
{
    /// <summary>Fits a mixture to all rows, from where it is: call <see cref="ClassicMixture.Start"/> before.</summary>
    /// <param name="mixture">Changed in place.</param>
    /// <param name="features">Float64 [rows, inputs]</param>
    /// <param name="targets">Float64 [rows, outputs]</param>
    /// <param name="options">When to end, and how far the gates go at a time.</param>
    /// <param name="observer">Told the number of iterations done and where they led, or null.</param>
    /// <param name="interrupted">Ends the fit after the iteration that runs.</param>
    /// <exception cref="ArgumentException">Shapes do not fit, or there are no rows.</exception>
    /// <exception cref="SwitchyardException">The likelihood is not finite: the data hold extreme values.</exception>
    public static MixtureFit Fit(
        ClassicMixture mixture, Tensor features, Tensor targets, ExpectationMaximisationOptions options, Action<int, FitPoint>? observer = null, CancellationToken interrupted = default)
    {
        ArgumentNullException.ThrowIfNull(mixture);
        ArgumentNullException.ThrowIfNull(features);
        ArgumentNullException.ThrowIfNull(targets);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegative(options.Iterations);
        if (features.Rank != 2 || features.Shape[0] == 0) throw new ArgumentException($"the features are {features}: there is nothing to fit");
        using TensorScope scope = new();
        using MaximisationStep step = new(mixture, features, targets, options.GateStep);
        List<FitPoint> trace = [];
        while (true)
        {
            using TensorScope iteration = new();
            (Tensor responsibilities, FitPoint point) = Expect(mixture, features, targets);
            point.Checked(trace.Count);
            bool converged = options.Tolerance > 0 && trace.Count > 0 && point.Penalised - trace[^1].Penalised <= options.Tolerance * Math.Abs(point.Penalised);
            observer?.Invoke(trace.Count, point);
            trace.Add(point);
            if (converged || trace.Count > options.Iterations || interrupted.IsCancellationRequested)
                return new MixtureFit(trace, converged, Collapsed(responsibilities));
            step.Maximise(responsibilities);
        }
    }

    /// <summary>The experts whose responsibilities [rows, experts] sum to next to nothing.</summary>
    internal static int[] Collapsed(Tensor responsibilities)
    {
        double[] totals = responsibilities.Sum([0]).ToArray<double>();
        double least = MixtureFit.CollapsedShare * responsibilities.Shape[0];
        return [.. Enumerable.Range(0, totals.Length).Where(expert => totals[expert] < least)];
    }

    private static (Tensor Responsibilities, FitPoint Point) Expect(ClassicMixture mixture, Tensor features, Tensor targets)
    {
        using Gradients.Pause pause = Gradients.Paused();
        Tensor joint = mixture.LogJoint(features, targets); // [rows, experts]
        double logLikelihood = joint.LogSumExp().Sum().ToDouble();
        return (joint.Softmax(), new FitPoint(logLikelihood, logLikelihood - mixture.Penalty().ToDouble()));
    }
}

namespace Switchyard.Experts.Classic;

/// <summary>How well a mixture explained its rows at one moment of a fit.</summary>
/// <param name="LogLikelihood">Σ ln p(y|x) over the rows.</param>
/// <param name="Penalised">The same less <see cref="ClassicMixture.Penalty"/>: what a fit raises.</param>
public readonly record struct FitPoint(double LogLikelihood, double Penalised)
{
    /// <summary>Refuses to go on from a place where the likelihood is no number any more.</summary>
    internal FitPoint Checked(int iteration) => double.IsFinite(Penalised)
        ? this
        : throw new SwitchyardException($"the log-likelihood is {LogLikelihood} after {iteration} iterations", "features or targets hold extreme values: standardise them, or take logarithms, or raise the ridge");
}

/// <summary>The course of a fit.</summary>
/// <param name="Trace">The mixture before the first iteration, and after each.</param>
/// <param name="Converged">Whether it ended because little was gained, not because its iterations were spent.</param>
/// <param name="Collapsed">Experts that were left without rows in the end, in rising order.</param>
public sealed record MixtureFit(IReadOnlyList<FitPoint> Trace, bool Converged, IReadOnlyList<int> Collapsed)
{
    /// <summary>An expert is taken to have collapsed where its responsibilities sum to less than this share of the rows.</summary>
    public const double CollapsedShare = 1e-3;

    /// <summary>Iterations done.</summary>
    public int Iterations => Trace.Count - 1;

    /// <summary>Whether the penalised log-likelihood never fell by more than rounding, 1e-9 of its size.</summary>
    public bool NeverFell
    {
        get
        {
            for (int i = 1; i < Trace.Count; i++)
                if (!(Trace[i].Penalised >= Trace[i - 1].Penalised - 1e-9 * Math.Abs(Trace[i - 1].Penalised))) return false;
            return true;
        }
    }
}

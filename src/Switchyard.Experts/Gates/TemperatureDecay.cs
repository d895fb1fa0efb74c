namespace Switchyard.Experts.Gates;

/// <summary>How a temperature falls (EvoMoE, arXiv 2112.14397).</summary>
public enum TemperatureDecay
{
    /// <summary>start·(end/start)^t.</summary>
    Exponential,

    /// <summary>start - t·(start - end).</summary>
    Linear,
}

/// <summary>The temperatures.</summary>
public static class TemperatureDecays
{
    /// <summary>The temperature at a point of the fall, never below the end.</summary>
    /// <param name="decay">How it falls.</param>
    /// <param name="start">The temperature at 0 and before.</param>
    /// <param name="end">The temperature at 1 and after.</param>
    /// <param name="progress">Where in the fall.</param>
    public static double At(this TemperatureDecay decay, double start, double end, double progress)
    {
        double at = Math.Max(0, progress);
        return Math.Max(end, decay == TemperatureDecay.Exponential ? start * Math.Pow(end / start, at) : start - at * (start - end));
    }
}

namespace Switchyard.Modules.Schedules;

/// <summary>
/// The learning rate as a pure function of the step: it rises in a straight line while the optimiser's averages fill,
/// then falls to <see cref="MinimumRatio"/> of its peak, where it stays.
/// </summary>
/// <remarks>
/// The first step already has the rate peak / warm-up. Where libraries give step s of the warm-up the rate
/// s / warm-up, and so waste the step 0, theirs is ours one step earlier; the decay is the same.
/// </remarks>
public sealed record LearningRateSchedule
{
    /// <summary>The largest rate.</summary>
    public required double Peak { get; init; }

    /// <summary>How many steps the rise takes.</summary>
    public long WarmUpSteps { get; init; }

    /// <summary>How the rate falls.</summary>
    public Decay Decay { get; init; } = Decay.Cosine;

    /// <summary>The rate at the end and after it, as a share of the peak, 0 to 1. Without meaning where nothing falls.</summary>
    public double MinimumRatio { get; init; }

    /// <summary>The rate of a step.</summary>
    /// <param name="step">The number of steps done before, from 0.</param>
    /// <param name="totalSteps">At which step the rate has fallen to its minimum.</param>
    public double At(long step, long totalSteps)
        => At(step, step >= totalSteps ? 1 : (double)(step - WarmUpSteps) / (totalSteps - WarmUpSteps));

    /// <summary>The rate of a step, where the way to the end is not measured in steps.</summary>
    /// <param name="step">The number of steps done before, from 0: decides about the warm-up.</param>
    /// <param name="progress">The share of the way that is done, 0 to 1: decides about the decay.</param>
    public double At(long step, double progress)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        if (step < WarmUpSteps) return Peak * (step + 1) / WarmUpSteps;
        double left = 1 - Math.Clamp(progress, 0, 1);
        return Decay switch
        {
            Decay.Constant => Peak,
            Decay.Linear => Peak * Mix(left),
            Decay.Cosine => Peak * Mix((1 - Math.Cos(Math.PI * left)) / 2),
            _ => throw new InvalidOperationException($"no such decay: {Decay}"),
        };
    }

    private double Mix(double share) => MinimumRatio + (1 - MinimumRatio) * share;
}

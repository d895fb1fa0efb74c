namespace Switchyard.Language.Translation;

/// <summary>How the log-probability s of a sequence and its length become the score that sequences are compared by. The end counts into the length.</summary>
public enum LengthPenalty
{
    /// <summary>s: short sequences win.</summary>
    None,

    /// <summary>s / length^a; a of 1 is the mean.</summary>
    Power,

    /// <summary>s / ((5 + length) / 6)^a (Wu et al., arXiv 1609.08144, §7).</summary>
    Gnmt,

    /// <summary>s + a · length.</summary>
    Reward,
}

/// <summary>How a beam search chooses.</summary>
public sealed record BeamOptions
{
    /// <summary>How many unfinished sequences are followed; 1 is greedy search.</summary>
    public int Width { get; init; } = 5;

    /// <summary>How sequences of different lengths are compared.</summary>
    public LengthPenalty Penalty { get; init; } = LengthPenalty.Gnmt;

    /// <summary>The a of the length penalty.</summary>
    public double Strength { get; init; } = 0.6;

    /// <summary>Checks the numbers.</summary>
    /// <exception cref="ArgumentException">One is out of range.</exception>
    public void Check()
    {
        if (Width < 1) throw new ArgumentException($"the beam is {Width} wide: give 1 or more");
        if (!double.IsFinite(Strength)) throw new ArgumentException($"the length penalty is {Strength}: give a finite number");
    }

    /// <summary>The score of a sequence.</summary>
    /// <param name="logProbability">Sum of the log-probabilities of its tokens.</param>
    /// <param name="length">How many tokens it has, the end included.</param>
    public double Score(double logProbability, int length) => Penalty switch
    {
        LengthPenalty.Power => logProbability / Math.Pow(length, Strength),
        LengthPenalty.Gnmt => logProbability / Math.Pow((5.0 + length) / 6, Strength),
        LengthPenalty.Reward => logProbability + Strength * length,
        _ => logProbability,
    };
}

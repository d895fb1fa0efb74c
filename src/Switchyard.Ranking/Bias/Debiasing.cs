namespace Switchyard.Ranking.Bias;

/// <summary>What is done about the place on the page having a say in clicks.</summary>
public enum Debiasing
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A shallow tower of position and device, whose logit is added while training and absent when serving (Zhao et al. 2019, §4.2).</summary>
    Tower,

    /// <summary>P(click) = P(examined | position) · P(relevant | features): two heads, of which the second serves (Guo et al., PAL, RecSys 2019).</summary>
    Pal,

    /// <summary>Position as an input, served as a missing one.</summary>
    InputMissing,

    /// <summary>Position as an input, served as the first one.</summary>
    InputFirst,

    /// <summary>Clicks weighted by the inverse of the probability that their position was examined (Joachims et al., WSDM 2017).</summary>
    Ipw,

    /// <summary>A head that guesses the position from what the tasks share, whose gradient is reversed (Ganin and Lempitsky, ICML 2015).</summary>
    Adversarial,
}

/// <summary>How position bias is dealt with.</summary>
public sealed record DebiasingOptions
{
    /// <summary>By what means.</summary>
    public Debiasing Kind { get; init; } = Debiasing.Tower;

    /// <summary>How likely a position is taken for a missing one while training, so that the features must do without it.</summary>
    public double PositionDropout { get; init; } = 0.1;

    /// <summary>Whether a missing position has a learnt row in the shallow tower, or adds nothing.</summary>
    public bool MissingRow { get; init; }

    /// <summary>Length of the vector of a position and a device.</summary>
    public int Width { get; init; } = 8;

    /// <summary>Inverse propensities are at most this.</summary>
    public double Clip { get; init; } = 30;

    /// <summary>How strongly the adversary's gradient is reversed.</summary>
    public double Reversal { get; init; } = 0.3;

    /// <summary>Checks that it is possible.</summary>
    /// <exception cref="ArgumentException">It is not.</exception>
    public void Check()
    {
        if (!(PositionDropout is >= 0 and < 1)) throw new ArgumentException($"positions are dropped with probability {PositionDropout}: give 0 to below 1");
        if (Width < 1) throw new ArgumentException($"a position has a vector of width {Width}: give 1 or more");
        if (!(Clip >= 1)) throw new ArgumentException($"inverse propensities are clipped at {Clip}: give 1 or more");
        if (!(Reversal >= 0 && double.IsFinite(Reversal))) throw new ArgumentException($"the adversary's gradient is reversed {Reversal} times: give 0 or more");
    }
}

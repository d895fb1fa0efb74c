namespace Switchyard.Experts.Classic;

/// <summary>How far a gate goes in one M-step.</summary>
public enum GateStep
{
    /// <summary>To the maximum, by Newton's method.</summary>
    Maximum,

    /// <summary>One step of every row by its own block of the curvature, as Jordan and Jacobs did in 1994: cheaper, more iterations.</summary>
    BlockIrls,
}

/// <summary>Settings of <see cref="ExpectationMaximisation"/>.</summary>
public sealed record ExpectationMaximisationOptions
{
    /// <summary>The most iterations, at least 0.</summary>
    public int Iterations { get; init; } = 200;

    /// <summary>It ends when an iteration gains less than this share of the penalised log-likelihood; 0 spends all iterations.</summary>
    public double Tolerance { get; init; } = 1e-7;

    /// <summary>How far the gates go in one M-step.</summary>
    public GateStep GateStep { get; init; } = GateStep.Maximum;
}

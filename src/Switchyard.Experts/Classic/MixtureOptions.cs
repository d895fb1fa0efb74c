namespace Switchyard.Experts.Classic;

/// <summary>
/// The shape of a <see cref="ClassicMixture"/> and what holds its parameters back: together they make the objective
/// that both <see cref="ExpectationMaximisation"/> and <see cref="GradientFit"/> raise.
/// </summary>
public sealed record MixtureOptions
{
    /// <summary>How many features a row has, without the constant 1 that is put before them.</summary>
    public required int Inputs { get; init; }

    /// <summary>Numbers to predict (Gaussian), 1 (Bernoulli) or classes (multinomial).</summary>
    public required int Outputs { get; init; }

    /// <summary>What the targets are.</summary>
    public ExpertFamily Family { get; init; } = ExpertFamily.Gaussian;

    /// <summary>Branches of the top gate. With one expert in each this is a mixture of one level.</summary>
    public int Groups { get; init; } = 2;

    /// <summary>Experts in each group; more than one make a hierarchical mixture of two levels.</summary>
    public int ExpertsPerGroup { get; init; } = 1;

    /// <summary>Hidden units (tanh) of every expert; 0 for experts that are linear in the features.</summary>
    public int Hidden { get; init; }

    /// <summary>Whether the last logit of every gate is held at 0, which makes the gates' maximum unique without a ridge.</summary>
    public bool LastGateRowZero { get; init; }

    /// <summary>Whether Gaussian experts learn their variances; else these stay as they are, at 1 in the beginning.</summary>
    public bool LearnVariance { get; init; } = true;

    /// <summary>The least variance, in squared units of the targets: without it an expert that fits a few rows exactly has no end.</summary>
    public double VarianceFloor { get; init; } = 1e-6;

    /// <summary>r of the penalty ½ r |v|² on every gate parameter, the intercepts included.</summary>
    public double GateRidge { get; init; } = 1e-3;

    /// <summary>r of the penalty ½ r |w|² on every expert parameter but the variances, the intercepts included.</summary>
    public double ExpertRidge { get; init; } = 1e-3;

    /// <summary>All experts: groups times experts per group.</summary>
    public int Experts => Groups * ExpertsPerGroup;

    /// <summary>Refuses what makes no mixture.</summary>
    /// <exception cref="ArgumentException">A count, a penalty or the floor is out of range.</exception>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(Inputs);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Outputs);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Groups);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(ExpertsPerGroup);
        ArgumentOutOfRangeException.ThrowIfNegative(Hidden);
        if (Family == ExpertFamily.Bernoulli && Outputs != 1) throw new ArgumentException($"a Bernoulli mixture has 1 output, not {Outputs}: take the multinomial family for classes");
        if (Family == ExpertFamily.Multinomial && Outputs < 2) throw new ArgumentException("a multinomial mixture needs at least 2 classes");
        if (LastGateRowZero && Groups == 1) throw new ArgumentException("a gate of one branch has no row to hold at 0");
        if (!(VarianceFloor > 0 && double.IsFinite(VarianceFloor))) throw new ArgumentException($"the variance floor is {VarianceFloor}, and must be positive and finite");
        if (!(GateRidge >= 0 && double.IsFinite(GateRidge))) throw new ArgumentException($"the gate ridge is {GateRidge}, and must be finite and not negative");
        if (!(ExpertRidge >= 0 && double.IsFinite(ExpertRidge))) throw new ArgumentException($"the expert ridge is {ExpertRidge}, and must be finite and not negative");
    }
}

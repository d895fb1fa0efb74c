using Switchyard.Experts.Classic;

namespace Switchyard.Training.Mixtures;

/// <summary>How a mixture is fitted.</summary>
public enum FitMethod
{
    /// <summary>Expectation–maximisation.</summary>
    Em,

    /// <summary>Gradient descent.</summary>
    Gradient,
}

/// <summary>What an expert is.</summary>
public enum ExpertKind
{
    /// <summary>Linear in the features: least squares for numbers, logistic for classes.</summary>
    Linear,

    /// <summary>Logistic or softmax regression: every target, also a number, is taken for a class.</summary>
    Logistic,

    /// <summary>A network with one hidden layer.</summary>
    Mlp,
}

/// <summary>What a user asks of a fit to a table.</summary>
public sealed record MixtureRunOptions
{
    /// <summary>The CSV file.</summary>
    public required string Data { get; init; }

    /// <summary>The column to predict.</summary>
    public required string Target { get; init; }

    /// <summary>The columns to predict from; empty for all that hold numbers only, but the target and the group.</summary>
    public IReadOnlyList<string> Features { get; init; } = [];

    /// <summary>Those features whose logarithm is taken.</summary>
    public IReadOnlyList<string> Log { get; init; } = [];

    /// <summary>A column whose equal values stay together on one side of the split; null for none.</summary>
    public string? Group { get; init; }

    /// <summary>The share of the rows, or of the groups, that is held out: 0 or more, less than 1.</summary>
    public double HeldOut { get; init; } = 0.2;

    /// <summary>All experts.</summary>
    public int Experts { get; init; } = 4;

    /// <summary>1, or 2 for a gate of gates.</summary>
    public int Levels { get; init; } = 1;

    /// <summary>What an expert is.</summary>
    public ExpertKind Expert { get; init; } = ExpertKind.Linear;

    /// <summary>Hidden units of an <see cref="ExpertKind.Mlp"/>.</summary>
    public int Hidden { get; init; } = 8;

    /// <summary>How it is fitted.</summary>
    public FitMethod Method { get; init; } = FitMethod.Em;

    /// <summary>What gradient descent makes small.</summary>
    public MixtureLoss Loss { get; init; } = MixtureLoss.Competitive;

    /// <summary>The most iterations; null for 200 of EM or 1000 gradient steps.</summary>
    public int? Iterations { get; init; }

    /// <summary>The ridge of the experts; null for 0.001 for numbers, 0.1 for classes.</summary>
    public double? Ridge { get; init; }

    /// <summary>The ridge of the gates; null for 0.001 for numbers, 1 for classes.</summary>
    public double? GateRidge { get; init; }

    /// <summary>Seed of the split and of where the fit starts.</summary>
    public ulong Seed { get; init; }

    /// <summary>Refuses what cannot be fitted.</summary>
    /// <exception cref="ArgumentException">A setting is out of range, or two do not go together.</exception>
    public void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Experts);
        if (Levels is not (1 or 2)) throw new ArgumentException($"the mixture has {Levels} levels: give 1 or 2");
        if (Levels == 2 && Groups() == 1) throw new ArgumentException($"{Experts} experts make no two levels: give 4, or another number that is no prime");
        if (!(HeldOut is >= 0 and < 1)) throw new ArgumentException($"the held-out share is {HeldOut}: give 0 or more, and less than 1");
        foreach (double? ridge in (double?[])[Ridge, GateRidge])
            if (ridge is { } value && !(value >= 0 && double.IsFinite(value))) throw new ArgumentException($"a ridge is {value}, and must be finite and not negative");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Hidden);
        if (Iterations is < 1) throw new ArgumentException($"{Iterations} iterations fit nothing: give at least 1");
        if (Method == FitMethod.Em && Loss == MixtureLoss.Cooperative) throw new ArgumentException("EM has no cooperative loss: fit by gradient");
        if (Log.Except(Features).FirstOrDefault() is { } stranger && Features.Count > 0) throw new ArgumentException($"the logarithm of '{stranger}' is asked for, which is no feature");
        if (Features.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1) is { } twice) throw new ArgumentException($"the feature '{twice.Key}' is named twice");
        if (Features.FirstOrDefault(name => name == Target || name == Group) is { } barred) throw new ArgumentException($"'{barred}' is the target or the group, and cannot be a feature too");
    }

    /// <summary>Branches of the top gate: the largest divisor of the experts that is at most their root, or all of them with one level.</summary>
    internal int Groups() => Levels == 1 ? Experts : Enumerable.Range(1, (int)Math.Sqrt(Experts)).Last(divisor => Experts % divisor == 0);
}

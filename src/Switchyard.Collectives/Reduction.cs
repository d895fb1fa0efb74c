namespace Switchyard.Collectives;

/// <summary>How the values of all ranks become one.</summary>
public enum Reduction
{
    /// <summary>Their sum, added in the order of the ranks: ((v₀ + v₁) + v₂) + ...</summary>
    Sum,

    /// <summary>The largest; NaN if one of them is.</summary>
    Max,

    /// <summary>The smallest; NaN if one of them is.</summary>
    Min,
}

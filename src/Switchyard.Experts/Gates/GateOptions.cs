using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>The sizes that a gate is made for.</summary>
/// <param name="Width">Length of a token's hidden vector.</param>
/// <param name="Experts">How many experts there are.</param>
/// <param name="Vocabulary">How many different token ids there are; 0 where tokens have none.</param>
public readonly record struct GateSize(int Width, int Experts, int Vocabulary = 0);

/// <summary>The policy of a gate: its knobs with their defaults.</summary>
public abstract record GateOptions
{
    /// <summary>
    /// Whether, in evaluation, the experts of a token depend on no later token. A gate that looks at the whole batch is
    /// not causal: what it learns is of little use where text is made token by token.
    /// </summary>
    public virtual bool IsCausal => true;

    /// <summary>Whether the same holds while training.</summary>
    public virtual bool IsCausalInTraining => IsCausal;

    /// <summary>Makes a gate of this policy.</summary>
    /// <param name="size">What for.</param>
    /// <param name="random">Draws initial weights and tables.</param>
    public abstract Gate Make(GateSize size, Philox random);

    /// <summary>Experts that see a token, on average.</summary>
    /// <param name="experts">How many there are.</param>
    public abstract double ExpertsPerToken(int experts);

    /// <summary>Checks that the policy can be carried out.</summary>
    /// <param name="experts">How many experts there are.</param>
    /// <exception cref="ArgumentException">It cannot; the message says why.</exception>
    public abstract void Check(int experts);

    /// <summary>Checks coefficients of losses.</summary>
    private protected static void CheckCoefficients(params ReadOnlySpan<(string Loss, double Coefficient)> coefficients)
    {
        foreach ((string loss, double coefficient) in coefficients)
            if (!(coefficient >= 0)) throw new ArgumentException($"the weight of the {loss} is {coefficient}: give 0 or more");
    }
}

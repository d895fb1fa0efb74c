using Switchyard.Tensors;

namespace Switchyard.Modules.Optimisers;

/// <summary>How strongly parameters are drawn to zero, and which of them.</summary>
/// <param name="Rate">The decay: AdamW multiplies a parameter by 1 - rate · learning rate at every step.</param>
/// <param name="Applies">Whether a parameter decays, by its name and itself; null stands for <see cref="Matrices"/>.</param>
public sealed record WeightDecay(double Rate, Func<string, Tensor, bool>? Applies = null)
{
    /// <summary>No decay.</summary>
    public static WeightDecay None { get; } = new(0);

    /// <summary>The usual choice: what has two axes or more decays; norms and biases do not.</summary>
    public static bool Matrices(string name, Tensor parameter) => parameter.Rank >= 2;

    /// <summary>The rate for each parameter: <see cref="Rate"/> or 0.</summary>
    internal double[] Rates(IReadOnlyList<(string Name, Tensor Tensor)> parameters)
    {
        if (!(Rate >= 0 && double.IsFinite(Rate))) throw new ArgumentOutOfRangeException(nameof(parameters), Rate, "a weight decay is finite and not negative");
        Func<string, Tensor, bool> applies = Applies ?? Matrices;
        return [.. parameters.Select(parameter => applies(parameter.Name, parameter.Tensor) ? Rate : 0)];
    }
}

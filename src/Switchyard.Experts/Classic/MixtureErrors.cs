using Switchyard.Tensors;

namespace Switchyard.Experts.Classic;

/// <summary>
/// The error functions that Jacobs, Jordan, Nowlan and Hinton compare ("Adaptive Mixtures of Local Experts", Neural
/// Computation 3, 1991, equations 1 to 3), per row and differentiable. p is the softmax of the gate, o_i what expert i
/// says, y the target. Everywhere outputs are [rows, experts, outputs], the gate [rows, experts] in logits (or
/// log-probabilities), targets [rows, outputs], and the result is [rows].
/// </summary>
public static class MixtureErrors
{
    /// <summary>½ |y - Σ p_i o_i|²: the experts work off each other's remainders, and none is good alone.</summary>
    public static Tensor Cooperative(Tensor outputs, Tensor gate, Tensor targets)
    {
        Check(outputs, gate, targets);
        Tensor mean = (Column(gate.Softmax()) * outputs).Sum([1]); // [rows, outputs]
        return (targets - mean).Square().Sum([-1]) * 0.5;
    }

    /// <summary>Σ p_i ½ |y - o_i|²: every expert learns the whole target, the better ones the more slowly while the gate is undecided.</summary>
    public static Tensor Gated(Tensor outputs, Tensor gate, Tensor targets)
    {
        Check(outputs, gate, targets);
        return (gate.Softmax() * SquaredDistance(outputs, targets)).Sum([-1]) * 0.5;
    }

    /// <summary>-ln Σ p_i exp(-½ |y - o_i|²): the expert that fits a row best learns most from it.</summary>
    public static Tensor Competitive(Tensor outputs, Tensor gate, Tensor targets)
    {
        Check(outputs, gate, targets);
        return -(gate.LogSoftmax() + SquaredDistance(outputs, targets) * -0.5).LogSumExp();
    }

    /// <summary>-ln Σ p_i N(y; o_i, σ_i² I): the competitive error with variances [experts] and all constants, a negative log-density.</summary>
    public static Tensor Density(Tensor outputs, Tensor gate, Tensor targets, Tensor variance)
    {
        Check(outputs, gate, targets);
        return -(gate.LogSoftmax() + LogNormal(outputs, targets, variance)).LogSumExp();
    }

    /// <summary>ln N(y; o_i, σ_i² I), [rows, experts].</summary>
    internal static Tensor LogNormal(Tensor outputs, Tensor targets, Tensor variance)
    {
        double half = 0.5 * outputs.Shape[2];
        return SquaredDistance(outputs, targets) / variance * -0.5 - (variance * (2 * Math.PI)).Log() * half;
    }

    private static Tensor SquaredDistance(Tensor outputs, Tensor targets)
        => (outputs - targets.Reshape([targets.Shape[0], 1, targets.Shape[1]])).Square().Sum([-1]); // [rows, experts]

    private static Tensor Column(Tensor weights) => weights.Reshape([weights.Shape[0], weights.Shape[1], 1]);

    private static void Check(Tensor outputs, Tensor gate, Tensor targets)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        ArgumentNullException.ThrowIfNull(gate);
        ArgumentNullException.ThrowIfNull(targets);
        if (outputs.Rank != 3 || gate.Rank != 2 || targets.Rank != 2 || outputs.Shape[0] != gate.Shape[0] || outputs.Shape[1] != gate.Shape[1]
            || outputs.Shape[0] != targets.Shape[0] || outputs.Shape[2] != targets.Shape[1])
        {
            throw new ArgumentException($"outputs {outputs}, gate {gate} and targets {targets} do not fit: they are [rows, experts, outputs], [rows, experts] and [rows, outputs]");
        }
    }
}

using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Experts.Classic;

/// <summary>The experts of a <see cref="ClassicMixture"/>, computed all at once: every expert sees every row.</summary>
public abstract class MixtureExperts : Module
{
    /// <summary>What every expert says of every row: means (Gaussian) or logits.</summary>
    /// <param name="design">[rows, 1 + inputs], the constant 1 before the features.</param>
    /// <returns>[rows, experts, outputs]</returns>
    public abstract Tensor Forward(Tensor design);
}

/// <summary>Experts that are linear in the features. Parameter <c>weight</c> [experts, outputs, 1 + inputs], zero in the beginning.</summary>
public sealed class LinearExperts : MixtureExperts
{
    /// <summary>Makes the experts.</summary>
    internal LinearExperts(int experts, int outputs, int inputs)
        => Weight = AddParameter("weight", Tensor.Zeros([experts, outputs, 1 + inputs], ElementType.Float64));

    /// <summary>[experts, outputs, 1 + inputs]</summary>
    public Tensor Weight { get; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor design)
    {
        ArgumentNullException.ThrowIfNull(design);
        (int experts, int outputs, int columns) = (Weight.Shape[0], Weight.Shape[1], Weight.Shape[2]);
        Tensor all = Tensor.Linear(design, Weight.Reshape([experts * outputs, columns]));
        return all.Reshape([design.Shape[0], experts, outputs]); // [rows, experts, outputs]
    }
}

using Switchyard.Tensors;

namespace Switchyard.Experts.Classic;

/// <summary>
/// Experts with one hidden layer of tanh units. Parameters <c>hidden</c> [experts, hidden, 1 + inputs],
/// <c>output</c> [experts, outputs, hidden] and <c>bias</c> [experts, outputs], zero in the beginning.
/// </summary>
public sealed class MlpExperts : MixtureExperts
{
    /// <summary>Makes the experts.</summary>
    internal MlpExperts(int experts, int outputs, int inputs, int hidden)
    {
        Hidden = AddParameter("hidden", Tensor.Zeros([experts, hidden, 1 + inputs], ElementType.Float64));
        Output = AddParameter("output", Tensor.Zeros([experts, outputs, hidden], ElementType.Float64));
        Bias = AddParameter("bias", Tensor.Zeros([experts, outputs], ElementType.Float64));
    }

    /// <summary>[experts, hidden, 1 + inputs]</summary>
    public Tensor Hidden { get; }

    /// <summary>[experts, outputs, hidden]</summary>
    public Tensor Output { get; }

    /// <summary>[experts, outputs]</summary>
    public Tensor Bias { get; }

    /// <inheritdoc/>
    public override Tensor Forward(Tensor design)
    {
        ArgumentNullException.ThrowIfNull(design);
        Tensor hidden = Tensor.MatMul(design, Hidden, transposeB: true).Tanh(); // [experts, rows, hidden]
        Tensor output = Tensor.MatMul(hidden, Output, transposeB: true); // [experts, rows, outputs]
        return output.Transpose(0, 1) + Bias; // [rows, experts, outputs]
    }
}

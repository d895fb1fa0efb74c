using Switchyard.Tensors;

namespace Switchyard.Modules;

/// <summary>
/// Layer normalisation of the last axis (Ba, Kiros and Hinton, "Layer normalization", arXiv 1607.06450). Parameters
/// <c>weight</c> [width], at first ones, and <c>bias</c> [width], at first zeros.
/// </summary>
public sealed class LayerNorm : Module
{
    private readonly double _epsilon;

    /// <summary>Makes a norm.</summary>
    /// <param name="width">Length of the last axis.</param>
    /// <param name="epsilon">Added inside the root.</param>
    public LayerNorm(int width, double epsilon = 1e-5)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        _epsilon = epsilon;
        Weight = AddParameter("weight", Tensor.Full([width], 1));
        Bias = AddParameter("bias", Tensor.Zeros([width]));
    }

    /// <summary>The scale [width].</summary>
    public Tensor Weight { get; }

    /// <summary>The shift [width].</summary>
    public Tensor Bias { get; }

    /// <summary>Normalises [.., width].</summary>
    public Tensor Forward(Tensor x) => Tensor.LayerNorm(x, Weight, Bias, 1, _epsilon);
}

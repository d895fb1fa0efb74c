using Switchyard.Tensors;

namespace Switchyard.Modules;

/// <summary>
/// Root-mean-square normalisation of the last axis (Zhang and Sennrich, "Root mean square layer normalization",
/// NeurIPS 2019). Parameter <c>weight</c> [width], at first ones.
/// </summary>
public sealed class RmsNorm : Module
{
    private readonly double _epsilon;

    /// <summary>Makes a norm.</summary>
    /// <param name="width">Length of the last axis.</param>
    /// <param name="epsilon">Added inside the root.</param>
    public RmsNorm(int width, double epsilon = 1e-5)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        _epsilon = epsilon;
        Weight = AddParameter("weight", Tensor.Full([width], 1));
    }

    /// <summary>The scale [width].</summary>
    public Tensor Weight { get; }

    /// <summary>Normalises [.., width].</summary>
    public Tensor Forward(Tensor x) => Tensor.RmsNorm(x, Weight, _epsilon);
}

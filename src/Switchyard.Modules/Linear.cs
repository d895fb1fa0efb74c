using Switchyard.Tensors;

namespace Switchyard.Modules;

/// <summary>A linear map of the last axis: x·weightᵀ + bias. Parameters <c>weight</c> [out, in] and, if asked for, <c>bias</c> [out].</summary>
public sealed class Linear : Module
{
    /// <summary>Makes a map with random weights and a bias of zeros.</summary>
    /// <param name="input">Length of what comes in.</param>
    /// <param name="output">Length of what goes out.</param>
    /// <param name="random">Draws the initial weights, normal.</param>
    /// <param name="deviation">Their standard deviation.</param>
    /// <param name="bias">Whether a bias is added.</param>
    public Linear(int input, int output, Philox random, double deviation = 0.02, bool bias = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(input);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(output);
        Weight = AddParameter("weight", Tensor.Normal([output, input], 0, deviation, random));
        if (bias) Bias = AddParameter("bias", Tensor.Zeros([output]));
    }

    /// <summary>The matrix [out, in].</summary>
    public Tensor Weight { get; }

    /// <summary>What is added [out], or null.</summary>
    public Tensor? Bias { get; }

    /// <summary>Maps [.., in] to [.., out].</summary>
    public Tensor Forward(Tensor x) => Tensor.Linear(x, Weight, Bias);
}

using Switchyard.Tensors;

namespace Switchyard.Modules;

/// <summary>
/// Sets numbers to 0 at random while the module trains, and scales the others so that the expectation stays
/// (Srivastava et al., "Dropout", JMLR 15, 2014). No parameters.
/// </summary>
public sealed class Dropout : Module
{
    /// <summary>Makes a dropout.</summary>
    /// <param name="probability">How likely a number is dropped, from 0 to below 1.</param>
    public Dropout(double probability)
    {
        if (probability is not (>= 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(probability), probability, "a dropout is from 0 to below 1");
        Probability = probability;
    }

    /// <summary>How likely a number is dropped.</summary>
    public double Probability { get; }

    /// <summary>Drops numbers of a tensor of any shape while training; otherwise gives the tensor itself.</summary>
    /// <param name="x">Of any shape.</param>
    /// <param name="random">Decides which; null for none.</param>
    public Tensor Forward(Tensor x, Philox? random) => IsTraining && Probability > 0 && random is not null ? Tensor.Dropout(x, Probability, random) : x;
}

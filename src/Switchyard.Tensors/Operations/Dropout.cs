using Switchyard.Tensors.Autograd;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// Sets elements to 0 with a probability, and divides the others by one minus it, so that the expectation stays
    /// (Srivastava et al., "Dropout", 2014). Element i of the result uses the i-th number from the stream's
    /// position on; the stream moves past them.
    /// </summary>
    /// <param name="x">Of any shape.</param>
    /// <param name="probability">From 0 to 1.</param>
    /// <param name="random">The stream that decides.</param>
    /// <exception cref="ArgumentException">The probability is not from 0 to 1, or x is not computed with.</exception>
    public static Tensor Dropout(Tensor x, double probability, Philox random)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(random);
        CheckComputed(x);
        if (probability is not (>= 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(probability), probability, "a probability is from 0 to 1");
        return Masked(x, probability, random.Key, random.Take(DropoutMask.Blocks(x.Elements)));
    }

    private static Tensor Masked(Tensor x, double probability, ulong key, ulong position)
    {
        Tensor y = Empty(x.Shape, x.Type);
        DropoutMask.Apply(x, probability, key, position, y);
        return y.WithGradient(x, (dy, to) => to.Add(x, Masked(dy, probability, key, position)), Saved.Nothing);
    }
}

using Switchyard.Tensors;

namespace Switchyard.Modules;

/// <summary>A table of vectors, one for each id. Parameter <c>weight</c> [ids, width].</summary>
public sealed class Embedding : Module
{
    /// <summary>Makes a table of random vectors.</summary>
    /// <param name="count">How many different ids there are.</param>
    /// <param name="width">Length of a vector.</param>
    /// <param name="random">Draws the initial vectors, normal.</param>
    /// <param name="deviation">Their standard deviation.</param>
    public Embedding(int count, int width, Philox random, double deviation = 0.02)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        Weight = AddParameter("weight", Tensor.Normal([count, width], 0, deviation, random));
    }

    /// <summary>The vectors [ids, width].</summary>
    public Tensor Weight { get; }

    /// <summary>The vector of each id, from [..] Int32 to [.., width].</summary>
    /// <exception cref="ArgumentException">An id is not from 0 to the number of vectors - 1.</exception>
    public Tensor Forward(Tensor ids) => Tensor.Embedding(Weight, ids);
}

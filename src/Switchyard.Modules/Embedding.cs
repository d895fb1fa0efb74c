using Switchyard.Tensors;

namespace Switchyard.Modules;

/// <summary>A vector for every token.</summary>
public sealed class Embedding : Module
{
    /// <summary>Makes a table with random weights.</summary>
    /// <param name="rows">How many tokens there are.</param>
    /// <param name="width">Length of a vector.</param>
    /// <param name="random">Draws the initial weights, normal.</param>
    /// <param name="deviation">Standard deviation of the initial weights.</param>
    public Embedding(int rows, int width, Philox random, double deviation = 0.02)
        => Weight = AddParameter("weight", Tensor.Normal([rows, width], 0, deviation, random));

    /// <summary>The table [rows, width].</summary>
    public Tensor Weight { get; }

    /// <summary>Looks vectors up.</summary>
    /// <param name="ids">Int32, any shape.</param>
    /// <returns>[.., width].</returns>
    public Tensor Forward(Tensor ids) => Tensor.Embedding(Weight, ids);
}

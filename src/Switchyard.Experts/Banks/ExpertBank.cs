using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Experts.Banks;

/// <summary>The experts of one layer, wherever they live.</summary>
public abstract class ExpertBank : Module
{
    /// <summary>How many experts there are.</summary>
    public abstract int Experts { get; }

    /// <summary>Lets every expert work on its rows.</summary>
    /// <param name="rows">Hidden vectors grouped by expert [pairs, width].</param>
    /// <param name="offsets">Expert e has the rows offsets[e] to offsets[e + 1] - 1, Int32 [experts + 1].</param>
    /// <returns>[pairs, width].</returns>
    public abstract Tensor Forward(Tensor rows, Tensor offsets);
}

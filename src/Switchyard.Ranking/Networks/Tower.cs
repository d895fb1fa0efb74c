using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Networks;

/// <summary>A task's own layers above what is shared, and its head: one number per row, a logit or a value.</summary>
public sealed class Tower : Module
{
    /// <summary>Makes a tower.</summary>
    /// <param name="width">Length of what comes in.</param>
    /// <param name="widths">Its hidden layers; none for the head alone.</param>
    /// <param name="random">Draws the initial weights.</param>
    public Tower(int width, IReadOnlyList<int> widths, Philox random)
    {
        Hidden = AddChild("hidden", new Mlp(width, widths, random));
        Head = AddChild("out", new Linear(Hidden.Width, 1, random, Initialisation.KaimingDeviation(Hidden.Width), bias: true));
    }

    /// <summary>The hidden layers.</summary>
    public Mlp Hidden { get; }

    /// <summary>The head [1, width].</summary>
    public Linear Head { get; }

    /// <summary>Maps [rows, width] to [rows].</summary>
    public Tensor Forward(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return Head.Forward(Hidden.Forward(x)).Reshape([x.Shape[0]]);
    }
}

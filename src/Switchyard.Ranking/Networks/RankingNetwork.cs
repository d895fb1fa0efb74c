using Switchyard.Experts;
using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Networks;

/// <summary>What one gate did with a batch.</summary>
/// <param name="Name">The gate, such as <c>task0</c>, or <c>level1.shared</c>.</param>
/// <param name="Routing">Its decision.</param>
public readonly record struct GateDecision(string Name, Routing Routing);

/// <summary>What a network makes of a batch.</summary>
/// <param name="Streams">The hidden vectors of each task [tasks][rows, width].</param>
/// <param name="Gates">The gates on the way, in order; none in a network without experts.</param>
public sealed record NetworkOutput(IReadOnlyList<Tensor> Streams, IReadOnlyList<GateDecision> Gates);

/// <summary>What several tasks share, in whatever way: from one input to a hidden vector per task.</summary>
public abstract class RankingNetwork : Module
{
    /// <summary>Length of a task's hidden vector.</summary>
    public abstract int Width { get; }

    /// <summary>Computes the hidden vectors of every task.</summary>
    /// <param name="x">[rows, width of the input]</param>
    /// <param name="random">For the dropout of gates while training; null for none.</param>
    public abstract NetworkOutput Forward(Tensor x, Philox? random);
}

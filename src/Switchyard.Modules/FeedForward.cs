using Switchyard.Tensors;

namespace Switchyard.Modules;

/// <summary>The gated feed-forward block, down(silu(gate·x) ⊙ up·x) (SwiGLU, arXiv 2002.05202).</summary>
public sealed class FeedForward : Module
{
    private readonly Linear _gate;
    private readonly Linear _up;
    private readonly Linear _down;

    /// <summary>Makes a block.</summary>
    /// <param name="width">Length of a hidden vector.</param>
    /// <param name="hidden">Inner width.</param>
    /// <param name="random">Draws the initial weights, normal.</param>
    /// <param name="deviation">Standard deviation of the initial gate and up projections.</param>
    /// <param name="downDeviation">Standard deviation of the initial down projection; null for the same.</param>
    public FeedForward(int width, int hidden, Philox random, double deviation = 0.02, double? downDeviation = null)
    {
        _gate = AddChild("gate_proj", new Linear(width, hidden, random, deviation));
        _up = AddChild("up_proj", new Linear(width, hidden, random, deviation));
        _down = AddChild("down_proj", new Linear(hidden, width, random, downDeviation ?? deviation));
    }

    /// <summary>Applies the block to [.., width].</summary>
    public Tensor Forward(Tensor x) => _down.Forward(Tensor.SwiGlu(_gate.Forward(x), _up.Forward(x)));
}

using Switchyard.Tensors;

namespace Switchyard.Modules;

/// <summary>The feed-forward block of a transformer: two matrices with an activation between them, or three where it is gated.</summary>
public sealed class FeedForward : Module
{
    private readonly FeedForwardActivation _activation;
    private readonly Linear? _gate;
    private readonly Linear _up;
    private readonly Linear _down;

    /// <summary>Makes a block.</summary>
    /// <param name="width">Length of a hidden vector.</param>
    /// <param name="hidden">Inner width.</param>
    /// <param name="random">Draws the initial weights, normal.</param>
    /// <param name="deviation">Standard deviation of the initial gate and up projections.</param>
    /// <param name="downDeviation">Standard deviation of the initial down projection; null for the same.</param>
    /// <param name="activation">What happens between the matrices.</param>
    public FeedForward(
        int width, int hidden, Philox random, double deviation = 0.02, double? downDeviation = null, FeedForwardActivation activation = FeedForwardActivation.SwiGlu)
    {
        _activation = activation;
        if (activation == FeedForwardActivation.SwiGlu) _gate = AddChild("gate_proj", new Linear(width, hidden, random, deviation));
        _up = AddChild("up_proj", new Linear(width, hidden, random, deviation));
        _down = AddChild("down_proj", new Linear(hidden, width, random, downDeviation ?? deviation));
    }

    /// <summary>Applies the block to [.., width].</summary>
    public Tensor Forward(Tensor x) => _down.Forward(_activation.Apply(_gate?.Forward(x), _up.Forward(x)));
}

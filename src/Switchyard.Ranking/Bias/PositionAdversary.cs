using Switchyard.Modules;
using Switchyard.Ranking.Networks;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Bias;

/// <summary>
/// Guesses the position from a task's hidden vector. Its own weights learn to; the vector below learns the opposite, by
/// a gradient that is reversed on the way down (Ganin and Lempitsky, ICML 2015, equation 9).
/// </summary>
public sealed class PositionAdversary : Module
{
    private const int Hidden = 16;

    private readonly Mlp _hidden;
    private readonly Linear _out;
    private readonly double _reversal;

    /// <summary>Makes an adversary.</summary>
    /// <param name="width">Length of the hidden vector.</param>
    /// <param name="positions">How many positions are told apart.</param>
    /// <param name="reversal">How strongly the gradient is reversed.</param>
    /// <param name="random">Draws the initial weights.</param>
    public PositionAdversary(int width, int positions, double reversal, Philox random)
    {
        _reversal = reversal;
        _hidden = AddChild("hidden", new Mlp(width, [Hidden], random));
        _out = AddChild("out", new Linear(Hidden, positions, random, Initialisation.KaimingDeviation(Hidden), bias: true));
    }

    /// <summary>The mean cross-entropy of the guess; unknown positions are left out.</summary>
    /// <param name="stream">Hidden vectors [rows, width].</param>
    /// <param name="positions">The positions from 0 [rows].</param>
    public Tensor Loss(Tensor stream, int[] positions)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(positions);
        int last = _out.Weight.Shape[0] - 1;
        // x in value, -reversal·x in gradient.
        Tensor reversed = stream.Detach() * (1 + _reversal) - stream * _reversal;
        int[] targets = Array.ConvertAll(positions, position => position < 0 ? -100 : Math.Min(position, last));
        return Tensor.CrossEntropy(_out.Forward(_hidden.Forward(reversed)), Tensor.From(targets, [targets.Length]));
    }
}

using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Networks;

/// <summary>Linear maps with biases, a ReLU after every one. Without layers, what comes in goes out.</summary>
public sealed class Mlp : Module
{
    private readonly Linear[] _layers;

    /// <summary>Makes a network.</summary>
    /// <param name="width">Length of what comes in.</param>
    /// <param name="widths">The width of every layer.</param>
    /// <param name="random">Draws the initial weights, normal with deviation √(2/in).</param>
    public Mlp(int width, IReadOnlyList<int> widths, Philox random)
    {
        ArgumentNullException.ThrowIfNull(widths);
        _layers = new Linear[widths.Count];
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            int input = layer == 0 ? width : widths[layer - 1];
            double deviation = Initialisation.KaimingDeviation(input, Initialisation.Gain(Nonlinearity.Relu));
            _layers[layer] = AddChild($"{layer}", new Linear(input, widths[layer], random, deviation, bias: true));
        }
        Width = widths.Count == 0 ? width : widths[^1];
    }

    /// <summary>Length of what goes out.</summary>
    public int Width { get; }

    /// <summary>The linear maps.</summary>
    public IReadOnlyList<Linear> Layers => _layers;

    /// <summary>Maps [rows, in] to [rows, <see cref="Width"/>].</summary>
    public Tensor Forward(Tensor x)
    {
        foreach (Linear layer in _layers) x = layer.Forward(x).Relu();
        return x;
    }
}

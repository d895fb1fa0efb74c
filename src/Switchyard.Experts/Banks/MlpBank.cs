using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Experts.Banks;

/// <summary>
/// Small networks as experts: linear maps with biases, a ReLU after every one, as grouped products. One weight tensor
/// per layer holds all experts: <c>layers.L.weight</c> [experts, out, in] and <c>layers.L.bias</c> [experts, out].
/// </summary>
public sealed class MlpBank : ExpertBank
{
    private readonly (Tensor Weight, Tensor Bias)[] _layers;

    /// <summary>Makes a bank. Weights start normal with deviation √(2/in), different for every expert; biases at 0.</summary>
    /// <param name="experts">How many experts.</param>
    /// <param name="width">Length of what comes in.</param>
    /// <param name="widths">The width of every layer; the last is that of the answer.</param>
    /// <param name="random">Draws the initial weights.</param>
    /// <exception cref="ArgumentException">There is no layer.</exception>
    public MlpBank(int experts, int width, IReadOnlyList<int> widths, Philox random)
    {
        ArgumentNullException.ThrowIfNull(widths);
        if (widths.Count == 0) throw new ArgumentException("an expert has no layer: give the width of one or more");
        Experts = experts;
        _layers = new (Tensor, Tensor)[widths.Count];
        for (int layer = 0; layer < widths.Count; layer++)
        {
            int input = layer == 0 ? width : widths[layer - 1];
            double deviation = Initialisation.KaimingDeviation(input, Initialisation.Gain(Nonlinearity.Relu));
            _layers[layer] = (
                AddParameter($"layers.{layer}.weight", Tensor.Normal([experts, widths[layer], input], 0, deviation, random)),
                AddParameter($"layers.{layer}.bias", Tensor.Zeros([experts, widths[layer]])));
        }
    }

    /// <inheritdoc/>
    public override int Experts { get; }

    /// <summary>Weight [experts, out, in] and bias [experts, out] of every layer.</summary>
    public IReadOnlyList<(Tensor Weight, Tensor Bias)> Layers => _layers;

    /// <inheritdoc/>
    /// <returns>[pairs, width of the last layer].</returns>
    public override Tensor Forward(Tensor rows, Tensor offsets)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(offsets);
        return Above(Tensor.GroupedLinear(rows, _layers[0].Weight, offsets), offsets);
    }

    /// <inheritdoc/>
    /// <returns>[pairs, width of the last layer].</returns>
    public override Tensor Forward(Tensor rows, Tensor rowOf, Tensor offsets)
    {
        ArgumentNullException.ThrowIfNull(offsets);
        return Above(Tensor.GroupedLinear(rows, rowOf, _layers[0].Weight, offsets), offsets);
    }

    /// <summary>All that comes after the first product [pairs, out].</summary>
    private Tensor Above(Tensor product, Tensor offsets)
    {
        Tensor expertOf = ExpertOf(product.Shape[0], offsets); // [pairs]
        Tensor state = Activated(product, 0);
        for (int layer = 1; layer < _layers.Length; layer++) state = Activated(Tensor.GroupedLinear(state, _layers[layer].Weight, offsets), layer);
        return state;

        Tensor Activated(Tensor rows, int layer) => (rows + _layers[layer].Bias.IndexSelect(0, expertOf)).Relu(); // [pairs, out]
    }

    private static Tensor ExpertOf(int pairs, Tensor offsets)
    {
        Tensor expertOf = Tensor.Empty([pairs], ElementType.Int32);
        Span<int> experts = expertOf.AsSpan<int>();
        ReadOnlySpan<int> starts = offsets.AsReadOnlySpan<int>();
        for (int expert = 0; expert + 1 < starts.Length; expert++) experts[starts[expert]..starts[expert + 1]].Fill(expert);
        return expertOf;
    }
}

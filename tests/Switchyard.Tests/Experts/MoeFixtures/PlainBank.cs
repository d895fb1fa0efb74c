using Switchyard.Experts.Banks;
using Switchyard.Tensors;

namespace Switchyard.Tests.Experts.MoeFixtures;

/// <summary>Experts w2·act(w1·x + b1) + b2, or gated ones, from the tensors of a case, with a gradient for each.</summary>
internal sealed class PlainBank : ExpertBank
{
    private readonly Func<Tensor, Tensor> _activation;

    private PlainBank(Dictionary<string, Tensor> weights, string activation)
    {
        Weights = weights;
        _activation = activation switch { "relu" => static x => x.Relu(), "gelu" => static x => x.Gelu(), "swiglu" => static x => x, _ => throw new NotSupportedException(activation) };
    }

    public IReadOnlyDictionary<string, Tensor> Weights { get; }

    public override int Experts => Weights.First().Value.Shape[0];

    public static PlainBank Of(MoeCase c)
        => new(((string[])["gate", "up", "down", "w1", "b1", "w2", "b2"]).Where(c.HasInput).ToDictionary(static name => name, c.Input), c.Text("activation", "relu"));

    public override Tensor Forward(Tensor rows, Tensor offsets)
    {
        if (Weights.TryGetValue("gate", out Tensor? gate))
            return Tensor.GroupedLinear(Tensor.SwiGlu(Tensor.GroupedLinear(rows, gate, offsets), Tensor.GroupedLinear(rows, Weights["up"], offsets)), Weights["down"], offsets);
        Tensor hidden = _activation(WithBias(Tensor.GroupedLinear(rows, Weights["w1"], offsets), "b1", offsets));
        return WithBias(Tensor.GroupedLinear(hidden, Weights["w2"], offsets), "b2", offsets);
    }

    private Tensor WithBias(Tensor rows, string name, Tensor offsets)
    {
        if (!Weights.TryGetValue(name, out Tensor? bias)) return rows;
        int[] starts = offsets.ToArray<int>();
        int[] expertOf = [.. Enumerable.Range(0, rows.Shape[0]).Select(row => Enumerable.Range(0, Experts).First(expert => row < starts[expert + 1]))];
        return rows + bias.IndexSelect(0, Tensor.From(expertOf, [expertOf.Length]));
    }
}

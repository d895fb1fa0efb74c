using Switchyard.Tensors;

namespace Switchyard.Modules;

/// <summary>
/// A layer of long short-term memory. Parameters <c>weight_ih</c> [4·hidden, in], <c>weight_hh</c> [4·hidden, hidden]
/// and <c>bias</c> [4·hidden], the gates in the order input, forget, candidate, output.
/// </summary>
public sealed class Lstm : Module
{
    private readonly Tensor _input;
    private readonly Tensor _recurrent;
    private readonly Tensor _bias;

    /// <summary>Makes a layer with weights uniform in ±1/√hidden and a forget bias of 1, so that it remembers at first.</summary>
    /// <param name="input">Length of what comes in.</param>
    /// <param name="hidden">Length of the hidden vector and of the cell.</param>
    /// <param name="random">Draws the initial weights.</param>
    public Lstm(int input, int hidden, Philox random)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(input);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(hidden);
        double bound = 1 / Math.Sqrt(hidden);
        _input = AddParameter("weight_ih", Tensor.Uniform([4 * hidden, input], -bound, bound, random));
        _recurrent = AddParameter("weight_hh", Tensor.Uniform([4 * hidden, hidden], -bound, bound, random));
        Tensor bias = Tensor.Zeros([4 * hidden]);
        bias.AsSpan<float>()[hidden..(2 * hidden)].Fill(1);
        _bias = AddParameter("bias", bias);
    }

    /// <summary>Length of the hidden vector.</summary>
    public int Hidden => _recurrent.Shape[1];

    /// <summary>The state before the first input: zeros [batch, 2·hidden].</summary>
    public Tensor NewState(int batch) => Tensor.Zeros([batch, 2 * Hidden], _recurrent.Type);

    /// <summary>Walks through sequences.</summary>
    /// <param name="x">[batch, time, in]</param>
    /// <param name="state">Hidden vector and cell before it [batch, 2·hidden].</param>
    /// <returns>The hidden vectors [batch, time, hidden], and the state after the last input [batch, 2·hidden].</returns>
    public (Tensor Hidden, Tensor State) Forward(Tensor x, Tensor state)
    {
        ArgumentNullException.ThrowIfNull(x);
        Tensor states = Tensor.Lstm(Tensor.Linear(x, _input, _bias), _recurrent, state); // [batch, time, 2·hidden]
        int time = states.Shape[1];
        Tensor last = time == 0 ? state : states.Slice(1, time - 1, time).Reshape(state.Shape);
        return (states.Slice(2, 0, Hidden), last);
    }
}

using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

/// <content>Recurrent networks.</content>
public sealed partial class Tensor
{
    /// <summary>
    /// A long short-term memory over a sequence (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000):
    /// a = projected + h·recurrentᵀ; c' = σ(a_f)·c + σ(a_i)·tanh(a_g); h' = σ(a_o)·tanh(c').
    /// </summary>
    /// <remarks>
    /// The sequences of a batch are dealt out to the threads, each of which walks through time by itself. Memory beyond
    /// the result: the activated gates, while a gradient may need them.
    /// </remarks>
    /// <param name="projected">What the inputs give to the gates i, f, g, o [batch, time, 4·hidden].</param>
    /// <param name="recurrent">The weights of the hidden vector, in the same order [4·hidden, hidden].</param>
    /// <param name="initial">Hidden vector and cell before the first input, side by side [batch, 2·hidden].</param>
    /// <returns>Hidden vector and cell after each input, side by side [batch, time, 2·hidden].</returns>
    /// <exception cref="ArgumentException">Shapes or element types do not match.</exception>
    public static Tensor Lstm(Tensor projected, Tensor recurrent, Tensor initial)
    {
        ArgumentNullException.ThrowIfNull(projected);
        ArgumentNullException.ThrowIfNull(recurrent);
        ArgumentNullException.ThrowIfNull(initial);
        CheckSameType(projected, recurrent);
        CheckSameType(projected, initial);
        int hidden = recurrent.Rank == 2 ? recurrent.Shape[1] : 0;
        if (hidden == 0 || recurrent.Shape[0] != 4 * hidden || projected.Rank != 3 || projected.Shape[2] != 4 * hidden
            || initial.Rank != 2 || initial.Shape[0] != projected.Shape[0] || initial.Shape[1] != 2 * hidden)
        {
            throw new ArgumentException($"{projected}, {recurrent} and {initial} do not match: they have the shapes [batch, time, 4·hidden], [4·hidden, hidden] and [batch, 2·hidden]");
        }

        Tensor gates = Empty(projected.Shape, projected.Type), states = Empty(projected.Shape.With(2, 2 * hidden), projected.Type);
        LstmSequence.Forward(projected, recurrent, initial, gates, states);
        states.WithGradient(projected, recurrent, initial, (dstates, to) =>
        {
            if (to.CreateGraph)
            {
                to.Through(LstmComposed(projected, recurrent, initial));
                return;
            }
            Tensor dprojected = Empty(projected.Shape, projected.Type), dinitial = Zeros(initial.Shape, initial.Type);
            LstmSequence.Backward(recurrent, initial, gates, states, dstates, dprojected, dinitial);
            if (to.Wants(recurrent))
            {
                using Tensor before = HiddenBefore(states, initial); // [batch, time, hidden]
                Tensor drecurrent = Empty(recurrent.Shape, recurrent.Type);
                TensorProduct.TallInner(dprojected, before, drecurrent);
                to.Add(recurrent, drecurrent);
            }
            to.Add(projected, dprojected);
            to.Add(initial, dinitial);
        });
        if (states.Node is null) gates.Dispose();
        return states;
    }

    private static Tensor HiddenBefore(Tensor states, Tensor initial)
    {
        using Gradients.Pause pause = Gradients.Paused();
        using TensorScope scope = new();
        int batch = states.Shape[0], time = states.Shape[1], hidden = states.Shape[2] / 2;
        Tensor first = initial.Slice(1, 0, hidden).Reshape([batch, 1, hidden]);
        return scope.Keep(time < 2 ? first.Slice(1, 0, time) : Concat([first, states.Slice(1, 0, time - 1).Slice(2, 0, hidden)], 1));
    }

    private static Tensor LstmComposed(Tensor projected, Tensor recurrent, Tensor initial)
    {
        int batch = projected.Shape[0], time = projected.Shape[1], width = recurrent.Shape[1];
        Tensor hidden = initial.Slice(1, 0, width), cell = initial.Slice(1, width, 2 * width); // [batch, hidden]
        Tensor[] states = new Tensor[time];
        for (int step = 0; step < time; step++)
        {
            Tensor gates = projected.Slice(1, step, step + 1).Reshape([batch, 4 * width]) + Linear(hidden, recurrent);
            Tensor Gate(int gate) => gates.Slice(1, gate * width, (gate + 1) * width);
            cell = Gate(1).Sigmoid() * cell + Gate(0).Sigmoid() * Gate(2).Tanh();
            hidden = Gate(3).Sigmoid() * cell.Tanh();
            states[step] = Concat([hidden, cell], 1).Reshape([batch, 1, 2 * width]);
        }
        return Concat(states, 1);
    }
}

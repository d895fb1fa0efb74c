using System.Numerics;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// Long short-term memories, a walk through time for each sequence of a batch. The gates of a step lie side by side:
/// input, forget, candidate, output.
/// </summary>
internal static unsafe class LstmSequence
{
    /// <summary>Fills the activated gates and the states.</summary>
    /// <param name="projected">[batch, time, 4·hidden]</param>
    /// <param name="recurrent">[4·hidden, hidden]</param>
    /// <param name="initial">[batch, 2·hidden]</param>
    /// <param name="gates">[batch, time, 4·hidden]</param>
    /// <param name="states">Hidden vector and cell [batch, time, 2·hidden].</param>
    public static void Forward(Tensor projected, Tensor recurrent, Tensor initial, Tensor gates, Tensor states)
    {
        gates.MarkChanged();
        states.MarkChanged();
        if (states.Elements == 0) return;
        // Read once per step and part: lying this way, the rows of a step are one chain of multiply-adds however many there are.
        using Tensor transposed = recurrent.Detach().Transpose(0, 1);
        Operands operands = Sizes(states);
        operands.Projected = (void*)projected.Address;
        operands.Recurrent = (void*)transposed.Address;
        operands.Initial = (void*)initial.Address;
        operands.Gates = (void*)gates.Address;
        operands.States = (void*)states.Address;
        WorkerPool.Run(operands.Parts.Count, states.Type == ElementType.Float32 ? &ForwardPart<float> : &ForwardPart<double>, &operands);
    }

    /// <summary>The gradients of what the inputs gave to the gates, and of the initial state, which holds zeros before.</summary>
    public static void Backward(Tensor recurrent, Tensor initial, Tensor gates, Tensor states, Tensor dstates, Tensor dprojected, Tensor dinitial)
    {
        dprojected.MarkChanged();
        dinitial.MarkChanged();
        if (states.Elements == 0) return;
        Operands operands = Sizes(states);
        operands.Projected = (void*)dprojected.Address;
        operands.Recurrent = (void*)recurrent.Address;
        operands.Initial = (void*)initial.Address;
        operands.Gates = (void*)gates.Address;
        operands.States = (void*)states.Address;
        operands.StateGradients = (void*)dstates.Address;
        operands.Carried = (void*)dinitial.Address;
        WorkerPool.Run(operands.Parts.Count, states.Type == ElementType.Float32 ? &BackwardPart<float> : &BackwardPart<double>, &operands);
    }

    private static Operands Sizes(Tensor states)
    {
        int batch = states.Shape[0];
        // A step reads all recurrent weights, so there are as few parts as there are threads; the bits are the same for any number.
        return new() { Time = states.Shape[1], Hidden = states.Shape[2] / 2, Parts = new RowParts(batch, (batch + WorkerPool.Threads - 1) / WorkerPool.Threads) };
    }

    private static void ForwardPart<T>(void* state, int part)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Operands* o = (Operands*)state;
        int hidden = o->Hidden, rows = o->Parts.Length(part);
        long first = o->Parts.Start(part), gateRow = 4L * hidden * o->Time, stateRow = 2L * hidden * o->Time;
        for (int step = 0; step < o->Time; step++)
        {
            T* projected = (T*)o->Projected + first * gateRow + 4L * hidden * step, gates = (T*)o->Gates + first * gateRow + 4L * hidden * step;
            T* states = (T*)o->States + first * stateRow + 2L * hidden * step;
            (nint before, long beforeRow) = Before<T>(o, first, step);
            for (int row = 0; row < rows; row++)
                new ReadOnlySpan<T>(projected + row * gateRow, 4 * hidden).CopyTo(new Span<T>(gates + row * gateRow, 4 * hidden));
            MatrixProduct.MultiplySerial(
                rows, 4 * hidden, hidden, (T*)before, checked((int)beforeRow), false, (T*)o->Recurrent, 4 * hidden, false, gates, checked((int)gateRow), accumulate: true);
            for (int row = 0; row < rows; row++)
                Cell(hidden, gates + row * gateRow, (T*)before + row * beforeRow + hidden, states + row * stateRow);
        }
    }

    private static void BackwardPart<T>(void* state, int part)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Operands* o = (Operands*)state;
        int hidden = o->Hidden, rows = o->Parts.Length(part);
        long first = o->Parts.Start(part), gateRow = 4L * hidden * o->Time, stateRow = 2L * hidden * o->Time;
        // What the later steps ask of hidden vector and cell; after the first step, of the initial ones.
        T* carried = (T*)o->Carried + first * 2 * hidden;
        for (int step = o->Time - 1; step >= 0; step--)
        {
            T* dgates = (T*)o->Projected + first * gateRow + 4L * hidden * step, gates = (T*)o->Gates + first * gateRow + 4L * hidden * step;
            T* states = (T*)o->States + first * stateRow + 2L * hidden * step, dstates = (T*)o->StateGradients + first * stateRow + 2L * hidden * step;
            (nint before, long beforeRow) = Before<T>(o, first, step);
            for (int row = 0; row < rows; row++)
            {
                CellGradient(
                    hidden, gates + row * gateRow, (T*)before + row * beforeRow + hidden, states + row * stateRow + hidden,
                    dstates + row * stateRow, carried + row * 2 * hidden, dgates + row * gateRow);
            }
            MatrixProduct.MultiplySerial(
                rows, hidden, 4 * hidden, dgates, checked((int)gateRow), false, (T*)o->Recurrent, hidden, false, carried, 2 * hidden, accumulate: false);
        }
    }

    // The state before a step, and how far the sequences lie apart there.
    private static (nint State, long Row) Before<T>(Operands* o, long first, int step)
        where T : unmanaged
    {
        long state = 2L * o->Hidden;
        return step == 0
            ? ((nint)((T*)o->Initial + first * state), state)
            : ((nint)((T*)o->States + (first * o->Time + step - 1) * state), state * o->Time);
    }

    private static void Cell<T>(int hidden, T* gates, T* before, T* after)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (int i = 0; i < hidden; i += Vector<T>.Count)
        {
            int rest = hidden - i;
            Vector<T> input = VectorMath.Sigmoid(VectorMath.Load(gates + i, rest));
            Vector<T> forget = VectorMath.Sigmoid(VectorMath.Load(gates + hidden + i, rest));
            Vector<T> candidate = Tanh(VectorMath.Load(gates + 2 * hidden + i, rest));
            Vector<T> output = VectorMath.Sigmoid(VectorMath.Load(gates + 3 * hidden + i, rest));
            Vector<T> cell = forget * VectorMath.Load(before + i, rest) + input * candidate;
            VectorMath.Store(input, gates + i, rest);
            VectorMath.Store(forget, gates + hidden + i, rest);
            VectorMath.Store(candidate, gates + 2 * hidden + i, rest);
            VectorMath.Store(output, gates + 3 * hidden + i, rest);
            VectorMath.Store(output * Tanh(cell), after + i, rest);
            VectorMath.Store(cell, after + hidden + i, rest);
        }
    }

    private static void CellGradient<T>(int hidden, T* gates, T* before, T* cell, T* dstate, T* carried, T* dgates)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Vector<T> one = Vector<T>.One;
        for (int i = 0; i < hidden; i += Vector<T>.Count)
        {
            int rest = hidden - i;
            Vector<T> input = VectorMath.Load(gates + i, rest), forget = VectorMath.Load(gates + hidden + i, rest);
            Vector<T> candidate = VectorMath.Load(gates + 2 * hidden + i, rest), output = VectorMath.Load(gates + 3 * hidden + i, rest);
            Vector<T> squashed = Tanh(VectorMath.Load(cell + i, rest));
            Vector<T> dhidden = VectorMath.Load(dstate + i, rest) + VectorMath.Load(carried + i, rest);
            Vector<T> dcell = VectorMath.Load(dstate + hidden + i, rest) + VectorMath.Load(carried + hidden + i, rest)
                + dhidden * output * (one - squashed * squashed);
            VectorMath.Store(dcell * candidate * input * (one - input), dgates + i, rest);
            VectorMath.Store(dcell * VectorMath.Load(before + i, rest) * forget * (one - forget), dgates + hidden + i, rest);
            VectorMath.Store(dcell * input * (one - candidate * candidate), dgates + 2 * hidden + i, rest);
            VectorMath.Store(dhidden * squashed * output * (one - output), dgates + 3 * hidden + i, rest);
            VectorMath.Store(dcell * forget, carried + hidden + i, rest);
        }
    }

    private static Vector<T> Tanh<T>(Vector<T> x)
        where T : unmanaged
    {
        Vector<T> sigmoid = VectorMath.Sigmoid(x + x);
        return sigmoid + sigmoid - Vector<T>.One;
    }

    private struct Operands
    {
        public void* Projected;
        public void* Recurrent;
        public void* Initial;
        public void* Gates;
        public void* States;
        public void* StateGradients;
        public void* Carried;
        public int Time;
        public int Hidden;
        public RowParts Parts;
    }
}

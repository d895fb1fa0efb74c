using System.Numerics;

namespace Switchyard.Tensors.Kernels;

/// <summary>silu(gate)·up and its gradients, row by row: gate and up may be the halves of longer rows.</summary>
internal static unsafe class SwiGluRows
{
    /// <summary>y = silu(gate)·up.</summary>
    public static void Forward(Tensor gate, Tensor up, Tensor y)
    {
        y.MarkChanged();
        Operands operands = Separate(gate, up);
        operands.Y = (void*)y.Address;
        Run(y.Type, &operands, &ForwardPart<float>, &ForwardPart<double>);
    }

    /// <summary>y = silu(x[.., :F])·x[.., F:].</summary>
    public static void Forward(Tensor packed, Tensor y)
    {
        y.MarkChanged();
        Operands operands = Packed(packed);
        operands.Y = (void*)y.Address;
        Run(y.Type, &operands, &ForwardPart<float>, &ForwardPart<double>);
    }

    /// <summary>The gradients of gate and up, given that of y.</summary>
    public static void Backward(Tensor gate, Tensor up, Tensor dy, Tensor dgate, Tensor dup)
    {
        dgate.MarkChanged();
        dup.MarkChanged();
        Operands operands = Separate(gate, up);
        operands.Y = (void*)dy.Address;
        operands.GateGradient = (void*)dgate.Address;
        operands.UpGradient = (void*)dup.Address;
        Run(dy.Type, &operands, &BackwardPart<float>, &BackwardPart<double>);
    }

    /// <summary>The gradient of the packed operand, given that of y.</summary>
    public static void Backward(Tensor packed, Tensor dy, Tensor dpacked)
    {
        dpacked.MarkChanged();
        Operands operands = Packed(packed);
        operands.Y = (void*)dy.Address;
        operands.GateGradient = (void*)dpacked.Address;
        operands.UpGradient = (byte*)dpacked.Address + (long)operands.Width * dpacked.Type.Size();
        Run(dy.Type, &operands, &BackwardPart<float>, &BackwardPart<double>);
    }

    private static Operands Separate(Tensor gate, Tensor up)
    {
        int width = gate.Rank == 0 ? 1 : gate.Shape[-1];
        long rows = width == 0 ? 0 : gate.Elements / width;
        return new() { Gate = (void*)gate.Address, Up = (void*)up.Address, Width = width, Stride = width, Parts = RowParts.Of(rows, width) };
    }

    private static Operands Packed(Tensor packed)
    {
        int width = packed.Shape[-1] / 2;
        return new()
        {
            Gate = (void*)packed.Address,
            Up = (byte*)packed.Address + (long)width * packed.Type.Size(),
            Width = width,
            Stride = 2 * width,
            Parts = RowParts.Of(packed.Shape.Product(0, packed.Rank - 1), width),
        };
    }

    private static void Run(ElementType type, Operands* operands, delegate*<void*, int, void> float32, delegate*<void*, int, void> float64)
        => WorkerPool.Run(operands->Parts.Count, type == ElementType.Float32 ? float32 : float64, operands);

    private static void ForwardPart<T>(void* state, int part)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Operands* o = (Operands*)state;
        for (long row = o->Parts.Start(part); row < o->Parts.End(part); row++)
        {
            T* gate = (T*)o->Gate + row * o->Stride, up = (T*)o->Up + row * o->Stride, y = (T*)o->Y + row * o->Width;
            for (int i = 0; i < o->Width; i += Vector<T>.Count)
            {
                int rest = o->Width - i;
                Vector<T> g = VectorMath.Load(gate + i, rest);
                VectorMath.Store(g * VectorMath.Sigmoid(g) * VectorMath.Load(up + i, rest), y + i, rest);
            }
        }
    }

    private static void BackwardPart<T>(void* state, int part)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Operands* o = (Operands*)state;
        for (long row = o->Parts.Start(part); row < o->Parts.End(part); row++)
        {
            T* gate = (T*)o->Gate + row * o->Stride, up = (T*)o->Up + row * o->Stride, dy = (T*)o->Y + row * o->Width;
            T* dgate = (T*)o->GateGradient + row * o->Stride, dup = (T*)o->UpGradient + row * o->Stride;
            for (int i = 0; i < o->Width; i += Vector<T>.Count)
            {
                int rest = o->Width - i;
                Vector<T> g = VectorMath.Load(gate + i, rest), upstream = VectorMath.Load(dy + i, rest);
                Vector<T> sigmoid = VectorMath.Sigmoid(g), silu = g * sigmoid;
                Vector<T> slope = sigmoid + silu * (Vector<T>.One - sigmoid);
                VectorMath.Store(upstream * VectorMath.Load(up + i, rest) * slope, dgate + i, rest);
                VectorMath.Store(upstream * silu, dup + i, rest);
            }
        }
    }

    private struct Operands
    {
        public void* Gate;
        public void* Up;
        public void* Y;
        public void* GateGradient;
        public void* UpGradient;
        public int Width;
        public long Stride;
        public RowParts Parts;
    }
}

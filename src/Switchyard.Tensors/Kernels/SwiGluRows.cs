using System.Numerics;
using System.Runtime.CompilerServices;

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
        VectorLoop.Run<ForwardPart>(y.Type, operands.Parts.Count, &operands);
    }

    /// <summary>y = silu(x[.., :F])·x[.., F:].</summary>
    public static void Forward(Tensor packed, Tensor y)
    {
        y.MarkChanged();
        Operands operands = Packed(packed);
        operands.Y = (void*)y.Address;
        VectorLoop.Run<ForwardPart>(y.Type, operands.Parts.Count, &operands);
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
        VectorLoop.Run<BackwardPart>(dy.Type, operands.Parts.Count, &operands);
    }

    /// <summary>The gradient of the packed operand, given that of y.</summary>
    public static void Backward(Tensor packed, Tensor dy, Tensor dpacked)
    {
        dpacked.MarkChanged();
        Operands operands = Packed(packed);
        operands.Y = (void*)dy.Address;
        operands.GateGradient = (void*)dpacked.Address;
        operands.UpGradient = (byte*)dpacked.Address + (long)operands.Width * dpacked.Type.Size();
        VectorLoop.Run<BackwardPart>(dy.Type, operands.Parts.Count, &operands);
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

    private readonly struct ForwardPart : IVectorLoop
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public static void Run<T, TVector>(void* state, int part)
            where T : unmanaged, IFloatingPointIeee754<T>
            where TVector : unmanaged, ISimd<TVector, T>
        {
            Operands* o = (Operands*)state;
            for (long row = o->Parts.Start(part); row < o->Parts.End(part); row++)
            {
                T* gate = (T*)o->Gate + row * o->Stride, up = (T*)o->Up + row * o->Stride, y = (T*)o->Y + row * o->Width;
                for (int i = 0; i < o->Width; i += TVector.Count)
                {
                    int rest = o->Width - i;
                    TVector g = TVector.Load(gate + i, rest);
                    TVector.Store(g * VectorMath.Sigmoid<T, TVector>(g) * TVector.Load(up + i, rest), y + i, rest);
                }
            }
        }
    }

    private readonly struct BackwardPart : IVectorLoop
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public static void Run<T, TVector>(void* state, int part)
            where T : unmanaged, IFloatingPointIeee754<T>
            where TVector : unmanaged, ISimd<TVector, T>
        {
            Operands* o = (Operands*)state;
            for (long row = o->Parts.Start(part); row < o->Parts.End(part); row++)
            {
                T* gate = (T*)o->Gate + row * o->Stride, up = (T*)o->Up + row * o->Stride, dy = (T*)o->Y + row * o->Width;
                T* dgate = (T*)o->GateGradient + row * o->Stride, dup = (T*)o->UpGradient + row * o->Stride;
                for (int i = 0; i < o->Width; i += TVector.Count)
                {
                    int rest = o->Width - i;
                    TVector g = TVector.Load(gate + i, rest), upstream = TVector.Load(dy + i, rest);
                    TVector sigmoid = VectorMath.Sigmoid<T, TVector>(g), silu = g * sigmoid;
                    TVector slope = sigmoid + silu * (TVector.Constant(1) - sigmoid);
                    TVector.Store(upstream * TVector.Load(up + i, rest) * slope, dgate + i, rest);
                    TVector.Store(upstream * silu, dup + i, rest);
                }
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

using System.Numerics;
using System.Runtime.CompilerServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// What lies between the products of feed-forward experts on the way back, in one pass over each pair's hidden row. The
/// answer of pair p is w·(h·Wᵀ), so with g = dy·W the gradient of its combine weight w is ⟨g, h⟩, that of h is w·g, and
/// the weights of the down projection see w·h.
/// </summary>
internal static unsafe class FeedForwardRows
{
    /// <summary>Takes g and leaves the gradients of what the first products gave.</summary>
    /// <param name="gate">gate·x [pairs, hidden] where h = silu(gate)·up; null where h = up is already rectified.</param>
    /// <param name="up">[pairs, hidden]</param>
    /// <param name="weights">w [pairs]</param>
    /// <param name="upGradient">g on the way in, the gradient of up on the way out [pairs, hidden].</param>
    /// <param name="gateGradient">The gradient of gate, if there is one [pairs, hidden].</param>
    /// <param name="weighted">w·h [pairs, hidden]</param>
    /// <param name="weightGradient">The gradient of w [pairs].</param>
    public static void Backward(Tensor? gate, Tensor up, Tensor weights, Tensor upGradient, Tensor? gateGradient, Tensor weighted, Tensor weightGradient)
    {
        upGradient.MarkChanged();
        gateGradient?.MarkChanged();
        weighted.MarkChanged();
        weightGradient.MarkChanged();
        Operands operands = new()
        {
            Gate = gate is null ? null : (void*)gate.Address,
            Up = (void*)up.Address,
            Weights = (void*)weights.Address,
            UpGradient = (void*)upGradient.Address,
            GateGradient = gateGradient is null ? null : (void*)gateGradient.Address,
            Weighted = (void*)weighted.Address,
            WeightGradient = (void*)weightGradient.Address,
            Width = up.Shape[1],
            Parts = RowParts.Of(up.Shape[0], up.Shape[1]),
        };
        if (gate is null) VectorLoop.Run<RectifiedPart>(up.Type, operands.Parts.Count, &operands);
        else VectorLoop.Run<GatedPart>(up.Type, operands.Parts.Count, &operands);
    }

    private readonly struct RectifiedPart : IVectorLoop
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public static void Run<T, TVector>(void* state, int part)
            where T : unmanaged, IFloatingPointIeee754<T>
            where TVector : unmanaged, ISimd<TVector, T>
        {
            Operands* o = (Operands*)state;
            int width = o->Width;
            for (long pair = o->Parts.Start(part); pair < o->Parts.End(part); pair++)
            {
                long row = pair * width;
                T* up = (T*)o->Up + row, gradient = (T*)o->UpGradient + row, weighted = (T*)o->Weighted + row;
                TVector weight = TVector.Create(((T*)o->Weights)[pair]), zero = default, dot = default;
                for (int i = 0; i < width; i += TVector.Count)
                {
                    int rest = width - i;
                    TVector h = TVector.Load(up + i, rest), g = TVector.Load(gradient + i, rest);
                    dot = TVector.MultiplyAdd(g, h, dot);
                    TVector.Store(h * weight, weighted + i, rest);
                    TVector.Store(TVector.WhereLess(zero, h, g * weight, zero), gradient + i, rest);
                }
                ((T*)o->WeightGradient)[pair] = TVector.Sum(dot);
            }
        }
    }

    private readonly struct GatedPart : IVectorLoop
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public static void Run<T, TVector>(void* state, int part)
            where T : unmanaged, IFloatingPointIeee754<T>
            where TVector : unmanaged, ISimd<TVector, T>
        {
            Operands* o = (Operands*)state;
            int width = o->Width;
            for (long pair = o->Parts.Start(part); pair < o->Parts.End(part); pair++)
            {
                long row = pair * width;
                T* gate = (T*)o->Gate + row, up = (T*)o->Up + row;
                T* upGradient = (T*)o->UpGradient + row, gateGradient = (T*)o->GateGradient + row, weighted = (T*)o->Weighted + row;
                TVector weight = TVector.Create(((T*)o->Weights)[pair]), one = TVector.Constant(1), dot = default;
                for (int i = 0; i < width; i += TVector.Count)
                {
                    int rest = width - i;
                    TVector x = TVector.Load(gate + i, rest), u = TVector.Load(up + i, rest), g = TVector.Load(upGradient + i, rest);
                    TVector sigmoid = VectorMath.Sigmoid<T, TVector>(x), silu = x * sigmoid, h = silu * u;
                    dot = TVector.MultiplyAdd(g, h, dot);
                    TVector.Store(h * weight, weighted + i, rest);
                    g *= weight;
                    TVector.Store(g * u * (sigmoid + silu * (one - sigmoid)), gateGradient + i, rest);
                    TVector.Store(g * silu, upGradient + i, rest);
                }
                ((T*)o->WeightGradient)[pair] = TVector.Sum(dot);
            }
        }
    }

    private struct Operands
    {
        public void* Gate;
        public void* Up;
        public void* Weights;
        public void* UpGradient;
        public void* GateGradient;
        public void* Weighted;
        public void* WeightGradient;
        public int Width;
        public RowParts Parts;
    }
}

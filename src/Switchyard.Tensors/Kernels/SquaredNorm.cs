using System.Numerics;
using System.Numerics.Tensors;

namespace Switchyard.Tensors.Kernels;

/// <summary>The squared Euclidean norm of all elements of some tensors together, added up in Float64 in a fixed order.</summary>
internal static unsafe class SquaredNorm
{
    private const int PartElements = 1 << 14;

    /// <summary>The squared norm of tensors of Float32 or Float64.</summary>
    public static double Of(IReadOnlyList<Tensor> tensors)
    {
        double sum = 0;
        for (int i = 0; i < tensors.Count; i++) sum += Of(tensors[i]);
        return sum;
    }

    private static double Of(Tensor x)
    {
        RowParts parts = new(x.Elements, PartElements);
        using Workspace<double> sums = new(parts.Count);
        Operands operands = new() { X = (void*)x.Address, Parts = parts, Sums = sums.Pointer };
        WorkerPool.Run(parts.Count, x.Type == ElementType.Float32 ? &Float32Part : &Float64Part, &operands);
        double sum = 0;
        for (int part = 0; part < parts.Count; part++) sum += sums.Pointer[part];
        return sum;
    }

    private static void Float32Part(void* state, int part)
    {
        Operands* o = (Operands*)state;
        int length = o->Parts.Length(part), i = 0;
        float* x = (float*)o->X + o->Parts.Start(part);
        Vector<double> even = default, odd = default;
        for (; i <= length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Widen(Vector.Load(x + i), out Vector<double> low, out Vector<double> high);
            even += low * low;
            odd += high * high;
        }
        double sum = Vector.Sum(even + odd);
        for (; i < length; i++) sum += (double)x[i] * x[i];
        o->Sums[part] = sum;
    }

    private static void Float64Part(void* state, int part)
    {
        Operands* o = (Operands*)state;
        o->Sums[part] = TensorPrimitives.SumOfSquares(new ReadOnlySpan<double>((double*)o->X + o->Parts.Start(part), o->Parts.Length(part)));
    }

    private struct Operands
    {
        public void* X;
        public double* Sums;
        public RowParts Parts;
    }
}

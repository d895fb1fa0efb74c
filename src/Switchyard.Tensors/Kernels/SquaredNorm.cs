using System.Numerics;

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
        int length = o->Parts.Length(part);
        float* x = (float*)o->X + o->Parts.Start(part);
        Vector<double> even = default, odd = default;
        for (int i = 0; i < length; i += Vector<float>.Count)
        {
            Vector.Widen(VectorMath.Load(x + i, length - i), out Vector<double> low, out Vector<double> high);
            even = VectorMath.MultiplyAdd(low, low, even);
            odd = VectorMath.MultiplyAdd(high, high, odd);
        }
        o->Sums[part] = Vector.Sum(even + odd);
    }

    private static void Float64Part(void* state, int part)
    {
        Operands* o = (Operands*)state;
        double* x = (double*)o->X + o->Parts.Start(part);
        o->Sums[part] = VectorMath.Dot(x, x, o->Parts.Length(part));
    }

    private struct Operands
    {
        public void* X;
        public double* Sums;
        public RowParts Parts;
    }
}

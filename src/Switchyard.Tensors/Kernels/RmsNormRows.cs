using System.Numerics;
using System.Runtime.CompilerServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>Root-mean-square normalisation of rows, and its gradients. The backward pass finds the deviations again: the row is at hand.</summary>
internal static unsafe class RmsNormRows
{
    /// <summary>y = x / √(mean x² + ε) · weight.</summary>
    public static void Forward(Tensor x, Tensor? weight, double epsilon, Tensor y)
    {
        y.MarkChanged();
        Operands operands = Over(x, weight, epsilon);
        operands.Y = (void*)y.Address;
        operands.Parts = RowParts.Of(operands.Parts.Rows, operands.Width);
        VectorLoop.Run<ForwardPart>(x.Type, operands.Parts.Count, &operands);
    }

    /// <summary>The gradients of x and, if there is one, of the weight.</summary>
    public static void Backward(Tensor x, Tensor? weight, double epsilon, Tensor dy, Tensor dx, Tensor? dweight)
    {
        dx.MarkChanged();
        Operands operands = Over(x, weight, epsilon);
        operands.Y = (void*)dy.Address;
        operands.Gradient = (void*)dx.Address;
        using RowSums sums = new(dweight, operands.Parts.Count);
        operands.WeightSums = sums.Pointer;
        VectorLoop.Run<BackwardPart>(x.Type, operands.Parts.Count, &operands);
        sums.AddUp();
    }

    private static Operands Over(Tensor x, Tensor? weight, double epsilon)
    {
        int width = x.Shape[-1];
        return new()
        {
            X = (void*)x.Address,
            Weight = weight is null ? null : (void*)weight.Address,
            Epsilon = epsilon,
            Width = width,
            Parts = RowParts.WithSums(x.Shape.Product(0, x.Rank - 1), width),
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
            int width = o->Width;
            T* weight = (T*)o->Weight;
            for (long row = o->Parts.Start(part); row < o->Parts.End(part); row++)
            {
                T* x = (T*)o->X + row * width, y = (T*)o->Y + row * width;
                Normalise<T, TVector>(x, weight, y, width, InverseRoot<T, TVector>(x, o));
            }
        }
    }

    // With n = x·s, s = 1/√(mean x² + ε), and g = dy·weight:  dx = s·(g - n·mean(g·n)).
    private readonly struct BackwardPart : IVectorLoop
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public static void Run<T, TVector>(void* state, int part)
            where T : unmanaged, IFloatingPointIeee754<T>
            where TVector : unmanaged, ISimd<TVector, T>
        {
            Operands* o = (Operands*)state;
            int width = o->Width;
            T* weight = (T*)o->Weight;
            T* sums = o->WeightSums == null ? null : (T*)o->WeightSums + (long)part * width;
            if (sums != null) new Span<T>(sums, width).Clear();
            for (long row = o->Parts.Start(part); row < o->Parts.End(part); row++)
            {
                T* x = (T*)o->X + row * width, dy = (T*)o->Y + row * width, dx = (T*)o->Gradient + row * width;
                T scale = InverseRoot<T, TVector>(x, o);
                TVector s = TVector.Create(scale), product = default;
                for (int i = 0; i < width; i += TVector.Count)
                {
                    int rest = width - i;
                    TVector upstream = TVector.Load(dy + i, rest), normal = TVector.Load(x + i, rest) * s;
                    TVector both = upstream * normal;
                    if (sums != null) TVector.Store(TVector.Load(sums + i, rest) + both, sums + i, rest);
                    product = weight == null ? product + both : TVector.MultiplyAdd(both, TVector.Load(weight + i, rest), product);
                }
                TVector mean = TVector.Create(-TVector.Sum(product) / T.CreateChecked(width));
                for (int i = 0; i < width; i += TVector.Count)
                {
                    int rest = width - i;
                    TVector g = TVector.Load(dy + i, rest);
                    if (weight != null) g *= TVector.Load(weight + i, rest);
                    TVector.Store(TVector.MultiplyAdd(TVector.Load(x + i, rest) * s, mean, g) * s, dx + i, rest);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Normalise<T, TVector>(T* x, T* weight, T* y, int width, T scale)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TVector : unmanaged, ISimd<TVector, T>
    {
        TVector s = TVector.Create(scale);
        int i = 0;
        if (weight != null)
        {
            for (; i <= width - TVector.Count; i += TVector.Count) TVector.Store(TVector.Load(x + i) * s * TVector.Load(weight + i), y + i);
        }
        for (; i < width; i += TVector.Count)
        {
            int rest = width - i;
            TVector normal = TVector.Load(x + i, rest) * s;
            TVector.Store(weight == null ? normal : normal * TVector.Load(weight + i, rest), y + i, rest);
        }
    }

    private static T InverseRoot<T, TVector>(T* x, Operands* o)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TVector : unmanaged, ISimd<TVector, T>
        => T.One / T.Sqrt(RowReduction.Dot<T, TVector>(x, x, o->Width) / T.CreateChecked(o->Width) + T.CreateChecked(o->Epsilon));

    private struct Operands
    {
        public void* X;
        public void* Weight;
        public void* Y;
        public void* Gradient;
        public void* WeightSums;
        public double Epsilon;
        public int Width;
        public RowParts Parts;
    }
}

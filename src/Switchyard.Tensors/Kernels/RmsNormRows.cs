using System.Numerics;

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
        WorkerPool.Run(operands.Parts.Count, x.Type == ElementType.Float32 ? &ForwardPart<float> : &ForwardPart<double>, &operands);
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
        WorkerPool.Run(operands.Parts.Count, x.Type == ElementType.Float32 ? &BackwardPart<float> : &BackwardPart<double>, &operands);
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

    private static void ForwardPart<T>(void* state, int part)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Operands* o = (Operands*)state;
        int width = o->Width;
        T* weight = (T*)o->Weight;
        for (long row = o->Parts.Start(part); row < o->Parts.End(part); row++)
        {
            T* x = (T*)o->X + row * width, y = (T*)o->Y + row * width;
            Vector<T> scale = new(InverseRoot(x, o));
            for (int i = 0; i < width; i += Vector<T>.Count)
            {
                Vector<T> normal = VectorMath.Load(x + i, width - i) * scale;
                VectorMath.Store(weight == null ? normal : normal * VectorMath.Load(weight + i, width - i), y + i, width - i);
            }
        }
    }

    // With n = x·s, s = 1/√(mean x² + ε), and g = dy·weight:  dx = s·(g - n·mean(g·n)).
    private static void BackwardPart<T>(void* state, int part)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Operands* o = (Operands*)state;
        int width = o->Width;
        T* weight = (T*)o->Weight;
        T* sums = o->WeightSums == null ? null : (T*)o->WeightSums + (long)part * width;
        if (sums != null) new Span<T>(sums, width).Clear();
        for (long row = o->Parts.Start(part); row < o->Parts.End(part); row++)
        {
            T* x = (T*)o->X + row * width, dy = (T*)o->Y + row * width, dx = (T*)o->Gradient + row * width;
            T scale = InverseRoot(x, o);
            Vector<T> s = new(scale), product = default;
            for (int i = 0; i < width; i += Vector<T>.Count)
            {
                int rest = width - i;
                Vector<T> upstream = VectorMath.Load(dy + i, rest), normal = VectorMath.Load(x + i, rest) * s;
                Vector<T> both = upstream * normal;
                if (sums != null) VectorMath.Store(VectorMath.Load(sums + i, rest) + both, sums + i, rest);
                product = weight == null ? product + both : VectorMath.MultiplyAdd(both, VectorMath.Load(weight + i, rest), product);
            }
            Vector<T> mean = new(-Vector.Sum(product) / T.CreateChecked(width));
            for (int i = 0; i < width; i += Vector<T>.Count)
            {
                int rest = width - i;
                Vector<T> g = VectorMath.Load(dy + i, rest);
                if (weight != null) g *= VectorMath.Load(weight + i, rest);
                VectorMath.Store(VectorMath.MultiplyAdd(VectorMath.Load(x + i, rest) * s, mean, g) * s, dx + i, rest);
            }
        }
    }

    private static T InverseRoot<T>(T* x, Operands* o)
        where T : unmanaged, IFloatingPointIeee754<T>
        => T.One / T.Sqrt(VectorMath.Dot(x, x, o->Width) / T.CreateChecked(o->Width) + T.CreateChecked(o->Epsilon));

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

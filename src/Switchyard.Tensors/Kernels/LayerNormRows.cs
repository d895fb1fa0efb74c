using System.Numerics;

namespace Switchyard.Tensors.Kernels;

/// <summary>Normalisation of rows to mean 0 and variance 1, and its gradients. The backward pass finds the moments again: the row is at hand.</summary>
internal static unsafe class LayerNormRows
{
    /// <summary>y = (x - mean) / √(variance + ε) · weight + bias, over rows of <paramref name="width"/> elements.</summary>
    public static void Forward(Tensor x, Tensor? weight, Tensor? bias, int width, double epsilon, Tensor y)
    {
        y.MarkChanged();
        Operands operands = Over(x, weight, width, epsilon);
        operands.Bias = bias is null ? null : (void*)bias.Address;
        operands.Y = (void*)y.Address;
        operands.Parts = RowParts.Of(operands.Parts.Rows, width);
        WorkerPool.Run(operands.Parts.Count, x.Type == ElementType.Float32 ? &ForwardPart<float> : &ForwardPart<double>, &operands);
    }

    /// <summary>The gradients of x and of what there is of weight and bias.</summary>
    public static void Backward(Tensor x, Tensor? weight, int width, double epsilon, Tensor dy, Tensor dx, Tensor? dweight, Tensor? dbias)
    {
        dx.MarkChanged();
        Operands operands = Over(x, weight, width, epsilon);
        operands.Y = (void*)dy.Address;
        operands.Gradient = (void*)dx.Address;
        using RowSums weightSums = new(dweight, operands.Parts.Count), biasSums = new(dbias, operands.Parts.Count);
        operands.WeightSums = weightSums.Pointer;
        operands.BiasSums = biasSums.Pointer;
        WorkerPool.Run(operands.Parts.Count, x.Type == ElementType.Float32 ? &BackwardPart<float> : &BackwardPart<double>, &operands);
        weightSums.AddUp();
        biasSums.AddUp();
    }

    private static Operands Over(Tensor x, Tensor? weight, int width, double epsilon) => new()
    {
        X = (void*)x.Address,
        Weight = weight is null ? null : (void*)weight.Address,
        Epsilon = epsilon,
        Width = width,
        Parts = RowParts.WithSums(width == 0 ? 0 : x.Elements / width, width),
    };

    private static void ForwardPart<T>(void* state, int part)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Operands* o = (Operands*)state;
        int width = o->Width;
        T* weight = (T*)o->Weight, bias = (T*)o->Bias;
        for (long row = o->Parts.Start(part); row < o->Parts.End(part); row++)
        {
            T* x = (T*)o->X + row * width, y = (T*)o->Y + row * width;
            (T mean, T scale) = Moments(x, o);
            Vector<T> m = new(mean), s = new(scale);
            for (int i = 0; i < width; i += Vector<T>.Count)
            {
                int rest = width - i;
                Vector<T> normal = (VectorMath.Load(x + i, rest) - m) * s;
                if (weight != null) normal *= VectorMath.Load(weight + i, rest);
                if (bias != null) normal += VectorMath.Load(bias + i, rest);
                VectorMath.Store(normal, y + i, rest);
            }
        }
    }

    // With n = (x - mean)·s and g = dy·weight:  dx = s·(g - mean(g) - n·mean(g·n)).
    private static void BackwardPart<T>(void* state, int part)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Operands* o = (Operands*)state;
        int width = o->Width;
        T* weight = (T*)o->Weight;
        T* weightSums = SumsOf<T>(o->WeightSums, part, width), biasSums = SumsOf<T>(o->BiasSums, part, width);
        for (long row = o->Parts.Start(part); row < o->Parts.End(part); row++)
        {
            T* x = (T*)o->X + row * width, dy = (T*)o->Y + row * width, dx = (T*)o->Gradient + row * width;
            (T mean, T scale) = Moments(x, o);
            Vector<T> m = new(mean), s = new(scale), sum = default, product = default;
            for (int i = 0; i < width; i += Vector<T>.Count)
            {
                int rest = width - i;
                Vector<T> g = VectorMath.Load(dy + i, rest), normal = (VectorMath.Load(x + i, rest) - m) * s;
                if (biasSums != null) VectorMath.Store(VectorMath.Load(biasSums + i, rest) + g, biasSums + i, rest);
                if (weightSums != null) VectorMath.Store(VectorMath.MultiplyAdd(g, normal, VectorMath.Load(weightSums + i, rest)), weightSums + i, rest);
                if (weight != null) g *= VectorMath.Load(weight + i, rest);
                sum += g;
                product = VectorMath.MultiplyAdd(g, normal, product);
            }
            T count = T.CreateChecked(width);
            Vector<T> meanG = new(Vector.Sum(sum) / count), meanGN = new(Vector.Sum(product) / count);
            for (int i = 0; i < width; i += Vector<T>.Count)
            {
                int rest = width - i;
                Vector<T> g = VectorMath.Load(dy + i, rest), normal = (VectorMath.Load(x + i, rest) - m) * s;
                if (weight != null) g *= VectorMath.Load(weight + i, rest);
                VectorMath.Store((g - meanG - normal * meanGN) * s, dx + i, rest);
            }
        }
    }

    private static T* SumsOf<T>(void* sums, int part, int width)
        where T : unmanaged
    {
        if (sums == null) return null;
        T* row = (T*)sums + (long)part * width;
        new Span<T>(row, width).Clear();
        return row;
    }

    private static (T Mean, T InverseDeviation) Moments<T>(T* x, Operands* o)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        int width = o->Width;
        T count = T.CreateChecked(width);
        Vector<T> sum = default;
        for (int i = 0; i < width; i += Vector<T>.Count) sum += VectorMath.Load(x + i, width - i);
        T mean = Vector.Sum(sum) / count;
        Vector<T> m = new(mean), squares = default;
        for (int i = 0; i < width; i += Vector<T>.Count)
        {
            Vector<T> d = VectorMath.Load(x + i, width - i, mean) - m;
            squares = VectorMath.MultiplyAdd(d, d, squares);
        }
        return (mean, T.One / T.Sqrt(Vector.Sum(squares) / count + T.CreateChecked(o->Epsilon)));
    }

    private struct Operands
    {
        public void* X;
        public void* Weight;
        public void* Bias;
        public void* Y;
        public void* Gradient;
        public void* WeightSums;
        public void* BiasSums;
        public double Epsilon;
        public int Width;
        public RowParts Parts;
    }
}

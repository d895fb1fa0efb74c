using System.Numerics;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// Softmax, its logarithm and its normaliser over contiguous rows, with gradients. Negative infinity counts as
/// absent; a row with nothing present has softmax 0 and log-sum-exp negative infinity.
/// </summary>
internal static unsafe class SoftmaxRows
{
    /// <summary>y = softmax(x) in every row of the last axis.</summary>
    public static void Softmax(Tensor x, Tensor y) => Run(x, y, y, x.Type == ElementType.Float32 ? &SoftmaxPart<float> : &SoftmaxPart<double>);

    /// <summary>y = x - log-sum-exp of its row.</summary>
    public static void LogSoftmax(Tensor x, Tensor y) => Run(x, y, y, x.Type == ElementType.Float32 ? &LogSoftmaxPart<float> : &LogSoftmaxPart<double>);

    /// <summary>y = log-sum-exp of each row.</summary>
    public static void LogSumExp(Tensor x, Tensor y) => Run(x, y, y, x.Type == ElementType.Float32 ? &LogSumExpPart<float> : &LogSumExpPart<double>);

    /// <summary>dx = y·(dy - Σ dy·y).</summary>
    public static void SoftmaxBackward(Tensor y, Tensor dy, Tensor dx) => Run(y, dy, dx, y.Type == ElementType.Float32 ? &SoftmaxBackwardPart<float> : &SoftmaxBackwardPart<double>);

    /// <summary>dx = dy - eʸ·Σ dy.</summary>
    public static void LogSoftmaxBackward(Tensor y, Tensor dy, Tensor dx) => Run(y, dy, dx, y.Type == ElementType.Float32 ? &LogSoftmaxBackwardPart<float> : &LogSoftmaxBackwardPart<double>);

    /// <summary>y = e^(scale·x) over its sum, within one row; y may be x. The scale is positive.</summary>
    /// <returns>The log-sum-exp of scale·x.</returns>
    public static T SoftmaxRow<T>(T* x, T* y, int width, T scale)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        T largest = Largest(x, width);
        if (T.IsNegativeInfinity(largest))
        {
            new Span<T>(y, width).Clear();
            return largest;
        }
        Vector<T> factor = new(scale), shift = new(-largest * scale), sums = default;
        for (int i = 0; i < width; i += Vector<T>.Count)
        {
            Vector<T> e = VectorMath.Exp(VectorMath.MultiplyAdd(VectorMath.Load(x + i, width - i, T.NegativeInfinity), factor, shift));
            sums += e;
            VectorMath.Store(e, y + i, width - i);
        }
        T sum = Vector.Sum(sums);
        Vector<T> share = new(T.One / sum);
        for (int i = 0; i < width; i += Vector<T>.Count) VectorMath.Store(VectorMath.Load(y + i, width - i) * share, y + i, width - i);
        return largest * scale + T.Log(sum);
    }

    /// <summary>The log-sum-exp of one row.</summary>
    public static T LogSumExpRow<T>(T* x, int width)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        T largest = Largest(x, width);
        if (T.IsInfinity(largest)) return largest;
        Vector<T> shift = new(largest), sums = default;
        for (int i = 0; i < width; i += Vector<T>.Count) sums += VectorMath.Exp(VectorMath.Load(x + i, width - i, T.NegativeInfinity) - shift);
        return largest + T.Log(Vector.Sum(sums));
    }

    private static T Largest<T>(T* x, int width)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Vector<T> even = new(T.NegativeInfinity), odd = even;
        int i = 0;
        for (; i <= width - 2 * Vector<T>.Count; i += 2 * Vector<T>.Count)
        {
            even = Vector.MaxNative(even, Vector.Load(x + i));
            odd = Vector.MaxNative(odd, Vector.Load(x + i + Vector<T>.Count));
        }
        for (; i < width; i += Vector<T>.Count) even = Vector.MaxNative(even, VectorMath.Load(x + i, width - i, T.NegativeInfinity));
        return VectorMath.Max(Vector.MaxNative(even, odd));
    }

    private static void Run(Tensor x, Tensor y, Tensor result, delegate*<void*, int, void> body)
    {
        result.MarkChanged();
        int width = x.Shape[-1];
        Operands operands = new()
        {
            X = (void*)x.Address,
            Y = (void*)y.Address,
            Result = (void*)result.Address,
            Width = width,
            Parts = RowParts.Of(x.Shape.Product(0, x.Rank - 1), width),
        };
        WorkerPool.Run(operands.Parts.Count, body, &operands);
    }

    private static void SoftmaxPart<T>(void* state, int part)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Operands* o = (Operands*)state;
        for (long row = o->Parts.Start(part); row < o->Parts.End(part); row++)
            SoftmaxRow((T*)o->X + row * o->Width, (T*)o->Y + row * o->Width, o->Width, T.One);
    }

    private static void LogSoftmaxPart<T>(void* state, int part)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Operands* o = (Operands*)state;
        int width = o->Width;
        for (long row = o->Parts.Start(part); row < o->Parts.End(part); row++)
        {
            T* x = (T*)o->X + row * width, y = (T*)o->Y + row * width;
            Vector<T> normaliser = new(LogSumExpRow(x, width));
            for (int i = 0; i < width; i += Vector<T>.Count) VectorMath.Store(VectorMath.Load(x + i, width - i) - normaliser, y + i, width - i);
        }
    }

    private static void LogSumExpPart<T>(void* state, int part)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Operands* o = (Operands*)state;
        for (long row = o->Parts.Start(part); row < o->Parts.End(part); row++)
            ((T*)o->Y)[row] = LogSumExpRow((T*)o->X + row * o->Width, o->Width);
    }

    private static void SoftmaxBackwardPart<T>(void* state, int part)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Operands* o = (Operands*)state;
        int width = o->Width;
        for (long row = o->Parts.Start(part); row < o->Parts.End(part); row++)
        {
            T* y = (T*)o->X + row * width, dy = (T*)o->Y + row * width, dx = (T*)o->Result + row * width;
            // Measured from the gradient of the largest entry, nothing cancels where a row is nearly one-hot.
            Vector<T> pivot = new(dy[IndexOfLargest(y, width)]), sums = default;
            for (int i = 0; i < width; i += Vector<T>.Count) sums += VectorMath.Load(y + i, width - i) * (VectorMath.Load(dy + i, width - i) - pivot);
            Vector<T> mean = new(Vector.Sum(sums));
            for (int i = 0; i < width; i += Vector<T>.Count)
                VectorMath.Store(VectorMath.Load(y + i, width - i) * (VectorMath.Load(dy + i, width - i) - pivot - mean), dx + i, width - i);
        }
    }

    private static int IndexOfLargest<T>(T* x, int width)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        int largest = 0;
        for (int i = 1; i < width; i++)
            if (x[i] > x[largest]) largest = i;
        return largest;
    }

    private static void LogSoftmaxBackwardPart<T>(void* state, int part)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Operands* o = (Operands*)state;
        int width = o->Width;
        for (long row = o->Parts.Start(part); row < o->Parts.End(part); row++)
        {
            T* y = (T*)o->X + row * width, dy = (T*)o->Y + row * width, dx = (T*)o->Result + row * width;
            Vector<T> sums = default;
            for (int i = 0; i < width; i += Vector<T>.Count) sums += VectorMath.Load(dy + i, width - i);
            Vector<T> sum = new(Vector.Sum(sums));
            for (int i = 0; i < width; i += Vector<T>.Count)
                VectorMath.Store(VectorMath.Load(dy + i, width - i) - VectorMath.Exp(VectorMath.Load(y + i, width - i)) * sum, dx + i, width - i);
        }
    }

    private struct Operands
    {
        public void* X;
        public void* Y;
        public void* Result;
        public int Width;
        public RowParts Parts;
    }
}

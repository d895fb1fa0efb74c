using System.Numerics;
using System.Runtime.CompilerServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// Softmax, its logarithm and its normaliser over contiguous rows, with gradients. Negative infinity counts as
/// absent; a row with nothing present has softmax 0 and log-sum-exp negative infinity.
/// </summary>
internal static unsafe class SoftmaxRows
{
    /// <summary>y = softmax(x) in every row of the last axis.</summary>
    public static void Softmax(Tensor x, Tensor y) => Run<SoftmaxPart>(x, y, y);

    /// <summary>y = x - log-sum-exp of its row.</summary>
    public static void LogSoftmax(Tensor x, Tensor y) => Run<LogSoftmaxPart>(x, y, y);

    /// <summary>y = log-sum-exp of each row.</summary>
    public static void LogSumExp(Tensor x, Tensor y) => Run<LogSumExpPart>(x, y, y);

    /// <summary>dx = y·(dy - Σ dy·y).</summary>
    public static void SoftmaxBackward(Tensor y, Tensor dy, Tensor dx) => Run<SoftmaxBackwardPart>(y, dy, dx);

    /// <summary>dx = dy - eʸ·Σ dy.</summary>
    public static void LogSoftmaxBackward(Tensor y, Tensor dy, Tensor dx) => Run<LogSoftmaxBackwardPart>(y, dy, dx);

    /// <summary>y = e^(scale·x + shift); y may be x.</summary>
    /// <returns>The sum of y.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static T Exponentials<T, TVector>(T* x, T* y, int width, T scale, T shift)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TVector : unmanaged, ISimd<TVector, T>
    {
        TVector factor = TVector.Create(scale), added = TVector.Create(shift), sum = default;
        int i = 0;
        for (; i <= width - TVector.Count; i += TVector.Count)
        {
            TVector e = VectorMath.Exp<T, TVector>(TVector.MultiplyAdd(TVector.Load(x + i), factor, added));
            sum += e;
            TVector.Store(e, y + i);
        }
        if (i < width)
        {
            TVector e = VectorMath.Exp<T, TVector>(TVector.MultiplyAdd(TVector.Load(x + i, width - i, T.NegativeInfinity), factor, added));
            sum += e;
            TVector.Store(e, y + i, width - i);
        }
        return TVector.Sum(sum);
    }

    /// <summary>x ← factor·x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Multiply<T, TVector>(T* x, int width, T factor)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TVector : unmanaged, ISimd<TVector, T>
    {
        TVector factors = TVector.Create(factor);
        int i = 0;
        for (; i <= width - TVector.Count; i += TVector.Count) TVector.Store(TVector.Load(x + i) * factors, x + i);
        if (i < width) TVector.Store(TVector.Load(x + i, width - i) * factors, x + i, width - i);
    }

    /// <summary>The log-sum-exp of one row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static T LogSumExpRow<T, TVector>(T* x, int width)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TVector : unmanaged, ISimd<TVector, T>
    {
        T largest = RowReduction.Largest<T, TVector>(x, width);
        if (T.IsInfinity(largest)) return largest;
        TVector shift = TVector.Create(largest), sums = default;
        for (int i = 0; i < width; i += TVector.Count) sums += VectorMath.Exp<T, TVector>(TVector.Load(x + i, width - i, T.NegativeInfinity) - shift);
        return largest + T.Log(TVector.Sum(sums));
    }

    private static int IndexOfLargest<T>(T* x, int width)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        int largest = 0;
        for (int i = 1; i < width; i++)
            if (x[i] > x[largest]) largest = i;
        return largest;
    }

    private static void Run<TLoop>(Tensor x, Tensor y, Tensor result)
        where TLoop : struct, IVectorLoop
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
        VectorLoop.Run<TLoop>(x.Type, operands.Parts.Count, &operands);
    }

    private readonly struct SoftmaxPart : IVectorLoop
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public static void Run<T, TVector>(void* state, int part)
            where T : unmanaged, IFloatingPointIeee754<T>
            where TVector : unmanaged, ISimd<TVector, T>
        {
            Operands* o = (Operands*)state;
            for (long row = o->Parts.Start(part); row < o->Parts.End(part); row++)
            {
                T* x = (T*)o->X + row * o->Width, y = (T*)o->Y + row * o->Width;
                T largest = RowReduction.Largest<T, TVector>(x, o->Width);
                if (T.IsNegativeInfinity(largest)) new Span<T>(y, o->Width).Clear();
                else Multiply<T, TVector>(y, o->Width, T.One / Exponentials<T, TVector>(x, y, o->Width, T.One, -largest));
            }
        }
    }

    private readonly struct LogSoftmaxPart : IVectorLoop
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public static void Run<T, TVector>(void* state, int part)
            where T : unmanaged, IFloatingPointIeee754<T>
            where TVector : unmanaged, ISimd<TVector, T>
        {
            Operands* o = (Operands*)state;
            int width = o->Width;
            for (long row = o->Parts.Start(part); row < o->Parts.End(part); row++)
            {
                T* x = (T*)o->X + row * width, y = (T*)o->Y + row * width;
                TVector normaliser = TVector.Create(LogSumExpRow<T, TVector>(x, width));
                for (int i = 0; i < width; i += TVector.Count) TVector.Store(TVector.Load(x + i, width - i) - normaliser, y + i, width - i);
            }
        }
    }

    private readonly struct LogSumExpPart : IVectorLoop
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public static void Run<T, TVector>(void* state, int part)
            where T : unmanaged, IFloatingPointIeee754<T>
            where TVector : unmanaged, ISimd<TVector, T>
        {
            Operands* o = (Operands*)state;
            for (long row = o->Parts.Start(part); row < o->Parts.End(part); row++)
                ((T*)o->Y)[row] = LogSumExpRow<T, TVector>((T*)o->X + row * o->Width, o->Width);
        }
    }

    private readonly struct SoftmaxBackwardPart : IVectorLoop
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public static void Run<T, TVector>(void* state, int part)
            where T : unmanaged, IFloatingPointIeee754<T>
            where TVector : unmanaged, ISimd<TVector, T>
        {
            Operands* o = (Operands*)state;
            int width = o->Width;
            for (long row = o->Parts.Start(part); row < o->Parts.End(part); row++)
            {
                T* y = (T*)o->X + row * width, dy = (T*)o->Y + row * width, dx = (T*)o->Result + row * width;
                // Measured from the gradient of the largest entry, nothing cancels where a row is nearly one-hot.
                TVector pivot = TVector.Create(dy[IndexOfLargest(y, width)]), sums = default;
                for (int i = 0; i < width; i += TVector.Count) sums += TVector.Load(y + i, width - i) * (TVector.Load(dy + i, width - i) - pivot);
                TVector mean = TVector.Create(TVector.Sum(sums));
                for (int i = 0; i < width; i += TVector.Count)
                    TVector.Store(TVector.Load(y + i, width - i) * (TVector.Load(dy + i, width - i) - pivot - mean), dx + i, width - i);
            }
        }
    }

    private readonly struct LogSoftmaxBackwardPart : IVectorLoop
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public static void Run<T, TVector>(void* state, int part)
            where T : unmanaged, IFloatingPointIeee754<T>
            where TVector : unmanaged, ISimd<TVector, T>
        {
            Operands* o = (Operands*)state;
            int width = o->Width;
            for (long row = o->Parts.Start(part); row < o->Parts.End(part); row++)
            {
                T* y = (T*)o->X + row * width, dy = (T*)o->Y + row * width, dx = (T*)o->Result + row * width;
                TVector sum = TVector.Create(RowReduction.Sum<T, TVector>(dy, width));
                for (int i = 0; i < width; i += TVector.Count)
                    TVector.Store(TVector.Load(dy + i, width - i) - VectorMath.Exp<T, TVector>(TVector.Load(y + i, width - i)) * sum, dx + i, width - i);
            }
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

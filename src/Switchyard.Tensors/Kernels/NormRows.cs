using System.Numerics;
using System.Runtime.CompilerServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// Normalisation of rows and its gradients: centred, to mean 0 and variance 1 (layer norm), or as they are, to mean square
/// 1 (RMS norm), which is the same with a mean taken for 0. The backward pass finds the moments again: the row is at hand.
/// </summary>
internal static unsafe class NormRows
{
    /// <summary>y = (x - mean) / √(variance + ε) · weight + bias, over rows of <paramref name="width"/> elements.</summary>
    /// <param name="x">Rows.</param>
    /// <param name="weight">[width], or null for ones.</param>
    /// <param name="bias">[width], or null for zeros.</param>
    /// <param name="width">Elements of a row.</param>
    /// <param name="centred">Whether the mean is that of the row. If not, it is 0 and the variance the mean square.</param>
    /// <param name="epsilon">ε.</param>
    /// <param name="y">Takes the result, of the size of x.</param>
    public static void Forward(Tensor x, Tensor? weight, Tensor? bias, int width, bool centred, double epsilon, Tensor y)
    {
        y.MarkChanged();
        Operands operands = Over(x, weight, width, centred, epsilon);
        operands.Bias = bias is null ? null : (void*)bias.Address;
        operands.Y = (void*)y.Address;
        operands.Parts = RowParts.Of(operands.Parts.Rows, width);
        VectorLoop.Run<ForwardPart>(x.Type, operands.Parts.Count, &operands);
    }

    /// <summary>The gradients of x and of what there is of weight and bias, given that of y.</summary>
    public static void Backward(Tensor x, Tensor? weight, int width, bool centred, double epsilon, Tensor dy, Tensor dx, Tensor? dweight, Tensor? dbias)
    {
        dx.MarkChanged();
        Operands operands = Over(x, weight, width, centred, epsilon);
        operands.Y = (void*)dy.Address;
        operands.Gradient = (void*)dx.Address;
        using RowSums weightSums = new(dweight, operands.Parts.Count), biasSums = new(dbias, operands.Parts.Count);
        operands.WeightSums = weightSums.Pointer;
        operands.BiasSums = biasSums.Pointer;
        VectorLoop.Run<BackwardPart>(x.Type, operands.Parts.Count, &operands);
        weightSums.AddUp();
        biasSums.AddUp();
    }

    private static Operands Over(Tensor x, Tensor? weight, int width, bool centred, double epsilon) => new()
    {
        X = (void*)x.Address,
        Weight = weight is null ? null : (void*)weight.Address,
        Epsilon = epsilon,
        Width = width,
        Centred = centred,
        Parts = RowParts.WithSums(width == 0 ? 0 : x.Elements / width, width),
    };

    private readonly struct ForwardPart : IVectorLoop
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public static void Run<T, TVector>(void* state, int part)
            where T : unmanaged, IFloatingPointIeee754<T>
            where TVector : unmanaged, ISimd<TVector, T>
        {
            Operands* o = (Operands*)state;
            int width = o->Width;
            T* weight = (T*)o->Weight, bias = (T*)o->Bias;
            for (long row = o->Parts.Start(part); row < o->Parts.End(part); row++)
            {
                T* x = (T*)o->X + row * width, y = (T*)o->Y + row * width;
                T scale = InverseDeviation<T, TVector>(x, o, out T mean);
                Normalise<T, TVector>(x, weight, bias, y, width, mean, scale);
            }
        }
    }

    // With n = (x - mean)·s and g = dy·weight:  dx = s·(g - mean(g) - n·mean(g·n)), the first mean only where x is centred.
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
            T* weightSums = SumsOf<T>(o->WeightSums, part, width), biasSums = SumsOf<T>(o->BiasSums, part, width);
            for (long row = o->Parts.Start(part); row < o->Parts.End(part); row++)
            {
                T* x = (T*)o->X + row * width, dy = (T*)o->Y + row * width, dx = (T*)o->Gradient + row * width;
                T scale = InverseDeviation<T, TVector>(x, o, out T mean);
                TVector m = TVector.Create(mean), s = TVector.Create(scale), sum = default, product = default;
                for (int i = 0; i < width; i += TVector.Count)
                {
                    int rest = width - i;
                    TVector g = TVector.Load(dy + i, rest), normal = (TVector.Load(x + i, rest) - m) * s;
                    if (biasSums != null) TVector.Store(TVector.Load(biasSums + i, rest) + g, biasSums + i, rest);
                    if (weightSums != null) TVector.Store(TVector.MultiplyAdd(g, normal, TVector.Load(weightSums + i, rest)), weightSums + i, rest);
                    if (weight != null) g *= TVector.Load(weight + i, rest);
                    sum += g;
                    product = TVector.MultiplyAdd(g, normal, product);
                }
                T count = T.CreateChecked(width);
                TVector meanG = TVector.Create(o->Centred ? TVector.Sum(sum) / count : T.Zero), meanGN = TVector.Create(TVector.Sum(product) / count);
                for (int i = 0; i < width; i += TVector.Count)
                {
                    int rest = width - i;
                    TVector g = TVector.Load(dy + i, rest), normal = (TVector.Load(x + i, rest) - m) * s;
                    if (weight != null) g *= TVector.Load(weight + i, rest);
                    TVector.Store((g - meanG - normal * meanGN) * s, dx + i, rest);
                }
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Normalise<T, TVector>(T* x, T* weight, T* bias, T* y, int width, T mean, T scale)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TVector : unmanaged, ISimd<TVector, T>
    {
        TVector m = TVector.Create(mean), s = TVector.Create(scale), one = TVector.Constant(1);
        int i = 0;
        if (weight != null && bias != null)
        {
            for (; i <= width - TVector.Count; i += TVector.Count)
                TVector.Store(TVector.MultiplyAdd((TVector.Load(x + i) - m) * s, TVector.Load(weight + i), TVector.Load(bias + i)), y + i);
        }
        else if (weight != null)
        {
            for (; i <= width - TVector.Count; i += TVector.Count) TVector.Store((TVector.Load(x + i) - m) * s * TVector.Load(weight + i), y + i);
        }
        for (; i < width; i += TVector.Count)
        {
            int rest = width - i;
            TVector w = weight == null ? one : TVector.Load(weight + i, rest), b = bias == null ? default : TVector.Load(bias + i, rest);
            TVector.Store(TVector.MultiplyAdd((TVector.Load(x + i, rest) - m) * s, w, b), y + i, rest);
        }
    }

    private static T InverseDeviation<T, TVector>(T* x, Operands* o, out T mean)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TVector : unmanaged, ISimd<TVector, T>
    {
        mean = T.Zero;
        T variance = o->Centred
            ? RowReduction.Variance<T, TVector>(x, o->Width, out mean)
            : RowReduction.SumOfSquares<T, TVector>(x, o->Width) / T.CreateChecked(o->Width);
        return T.One / T.Sqrt(variance + T.CreateChecked(o->Epsilon));
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
        public bool Centred;
        public RowParts Parts;
    }
}

using System.Numerics;

namespace Switchyard.Tensors.Kernels;

/// <summary>Rows taken by number, and rows added up where their number says: the two sides of sending pairs to experts.</summary>
internal static unsafe class RowsByIndex
{
    /// <summary>y[p] = x[index[p]].</summary>
    public static void Gather(Tensor x, Tensor index, Tensor y)
    {
        y.MarkChanged();
        Operands operands = new() { X = (void*)x.Address, Index = (int*)index.Address, Y = (void*)y.Address, Width = y.Shape[1], Parts = RowParts.Of(y.Shape[0], y.Shape[1]) };
        WorkerPool.Run(operands.Parts.Count, x.Type == ElementType.Float32 ? &GatherPart<float> : &GatherPart<double>, &operands);
    }

    /// <summary>y[t] = Σ weights[p]·x[p] over the pairs with index[p] = t, in rising p.</summary>
    /// <param name="x">[pairs, width]</param>
    /// <param name="index">Int32 [pairs]</param>
    /// <param name="weights">[pairs], or null for ones.</param>
    /// <param name="y">[tokens, width]</param>
    public static void ScatterAdd(Tensor x, Tensor index, Tensor? weights, Tensor y)
    {
        y.MarkChanged();
        int tokens = y.Shape[0], pairs = x.Shape[0];
        using Workspace<int> starts = new(tokens + 1), pairsByToken = new(pairs);
        GroupByToken((int*)index.Address, pairs, tokens, starts.Pointer, pairsByToken.Pointer);
        Operands operands = new()
        {
            X = (void*)x.Address,
            Weights = weights is null ? null : (void*)weights.Address,
            Y = (void*)y.Address,
            Starts = starts.Pointer,
            PairsByToken = pairsByToken.Pointer,
            Width = y.Shape[1],
            Parts = RowParts.Of(tokens, y.Shape[1]),
        };
        WorkerPool.Run(operands.Parts.Count, x.Type == ElementType.Float32 ? &ScatterPart<float> : &ScatterPart<double>, &operands);
    }

    /// <summary>The gradients of what <see cref="ScatterAdd"/> added up: dx[p] = weights[p]·dy[index[p]], dweights[p] = ⟨x[p], dy[index[p]]⟩.</summary>
    public static void ScatterAddBackward(Tensor x, Tensor index, Tensor weights, Tensor dy, Tensor dx, Tensor dweights)
    {
        dx.MarkChanged();
        dweights.MarkChanged();
        Operands operands = new()
        {
            X = (void*)x.Address,
            Index = (int*)index.Address,
            Weights = (void*)weights.Address,
            Y = (void*)dy.Address,
            Gradient = (void*)dx.Address,
            WeightGradient = (void*)dweights.Address,
            Width = x.Shape[1],
            Parts = RowParts.Of(x.Shape[0], x.Shape[1]),
        };
        WorkerPool.Run(operands.Parts.Count, x.Type == ElementType.Float32 ? &ScatterBackwardPart<float> : &ScatterBackwardPart<double>, &operands);
    }

    // A counting sort: the pairs of a token keep their order.
    private static void GroupByToken(int* index, int pairs, int tokens, int* starts, int* pairsByToken)
    {
        new Span<int>(starts, tokens + 1).Clear();
        for (int pair = 0; pair < pairs; pair++) starts[index[pair]]++;
        int start = 0;
        for (int token = 0; token <= tokens; token++)
        {
            int count = starts[token];
            starts[token] = start;
            start += count;
        }
        // Each start moves to its end, which is the next one's start: so they are moved back by one place afterwards.
        for (int pair = 0; pair < pairs; pair++) pairsByToken[starts[index[pair]]++] = pair;
        for (int token = tokens; token > 0; token--) starts[token] = starts[token - 1];
        starts[0] = 0;
    }

    private static void GatherPart<T>(void* state, int part)
        where T : unmanaged
    {
        Operands* o = (Operands*)state;
        for (long pair = o->Parts.Start(part); pair < o->Parts.End(part); pair++)
            new ReadOnlySpan<T>((T*)o->X + (long)o->Index[pair] * o->Width, o->Width).CopyTo(new Span<T>((T*)o->Y + pair * o->Width, o->Width));
    }

    private static void ScatterPart<T>(void* state, int part)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Operands* o = (Operands*)state;
        for (long token = o->Parts.Start(part); token < o->Parts.End(part); token++)
        {
            T* y = (T*)o->Y + token * o->Width;
            new Span<T>(y, o->Width).Clear();
            for (int at = o->Starts[token]; at < o->Starts[token + 1]; at++)
            {
                int pair = o->PairsByToken[at];
                Vector<T> weight = new(o->Weights == null ? T.One : ((T*)o->Weights)[pair]);
                T* x = (T*)o->X + (long)pair * o->Width;
                for (int i = 0; i < o->Width; i += Vector<T>.Count)
                    VectorMath.Store(VectorMath.MultiplyAdd(weight, VectorMath.Load(x + i, o->Width - i), VectorMath.Load(y + i, o->Width - i)), y + i, o->Width - i);
            }
        }
    }

    private static void ScatterBackwardPart<T>(void* state, int part)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Operands* o = (Operands*)state;
        int width = o->Width;
        for (long pair = o->Parts.Start(part); pair < o->Parts.End(part); pair++)
        {
            T* x = (T*)o->X + pair * width, dx = (T*)o->Gradient + pair * width, dy = (T*)o->Y + (long)o->Index[pair] * width;
            Vector<T> weight = new(((T*)o->Weights)[pair]);
            for (int i = 0; i < width; i += Vector<T>.Count) VectorMath.Store(VectorMath.Load(dy + i, width - i) * weight, dx + i, width - i);
            ((T*)o->WeightGradient)[pair] = VectorMath.Dot(x, dy, width);
        }
    }

    private struct Operands
    {
        public void* X;
        public int* Index;
        public void* Weights;
        public void* Y;
        public void* Gradient;
        public void* WeightGradient;
        public int* Starts;
        public int* PairsByToken;
        public int Width;
        public RowParts Parts;
    }
}

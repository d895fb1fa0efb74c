using System.Numerics;
using System.Runtime.CompilerServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>Rows taken by number, and rows added up where their number says: the two sides of sending pairs to experts.</summary>
internal static unsafe class RowsByIndex
{
    /// <summary>y[p] = x[index[p]].</summary>
    public static void Gather(Tensor x, Tensor index, Tensor y)
    {
        y.MarkChanged();
        if (Cache.IsBeyond(y))
        {
            Deal(x, index, y);
            return;
        }

        Operands operands = new() { X = (void*)x.Address, Index = (int*)index.Address, Y = (void*)y.Address, Width = y.Shape[1], Parts = RowParts.ToMove(y.Shape[0], y.Shape[1]) };
        VectorLoop.Run<GatherPart>(x.Type, operands.Parts.Count, &operands);
    }

    // Token by token, each to all of its pairs: it is read from memory once, and in order.
    private static void Deal(Tensor x, Tensor index, Tensor y)
    {
        int tokens = x.Shape[0], pairs = y.Shape[0];
        using Workspace<int> starts = new(tokens + 1), pairsByToken = new(pairs);
        GroupByToken((int*)index.Address, pairs, tokens, starts.Pointer, pairsByToken.Pointer);
        Operands operands = new()
        {
            X = (void*)x.Address,
            Y = (void*)y.Address,
            Starts = starts.Pointer,
            PairsByToken = pairsByToken.Pointer,
            Width = y.Shape[1],
            Tokens = tokens,
            Parts = RowParts.ToMove((long)tokens + pairs, y.Shape[1]),
        };
        VectorLoop.Run<DealPart>(x.Type, operands.Parts.Count, &operands);
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
            Tokens = tokens,
            Pairs = pairs,
            Streams = Cache.IsBeyond(y),
            // By rows read and written: of the tokens of a text, few have most of the pairs.
            Parts = RowParts.ToMove((long)tokens + pairs, y.Shape[1]),
        };
        VectorLoop.Run<ScatterPart>(x.Type, operands.Parts.Count, &operands);
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
            Pairs = x.Shape[0],
            Streams = Cache.IsBeyond(dx),
            Parts = RowParts.ToMove(x.Shape[0], x.Shape[1]),
        };
        VectorLoop.Run<ScatterBackwardPart>(x.Type, operands.Parts.Count, &operands);
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

    private readonly struct GatherPart : IVectorLoop
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public static void Run<T, TVector>(void* state, int part)
            where T : unmanaged, IFloatingPointIeee754<T>
            where TVector : unmanaged, ISimd<TVector, T>
        {
            Operands* o = (Operands*)state;
            int width = o->Width;
            for (long pair = o->Parts.Start(part); pair < o->Parts.End(part); pair++)
                new ReadOnlySpan<T>((T*)o->X + (long)o->Index[pair] * width, width).CopyTo(new Span<T>((T*)o->Y + pair * width, width));
        }
    }

    private readonly struct DealPart : IVectorLoop
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public static void Run<T, TVector>(void* state, int part)
            where T : unmanaged, IFloatingPointIeee754<T>
            where TVector : unmanaged, ISimd<TVector, T>
        {
            Operands* o = (Operands*)state;
            int width = o->Width;
            for (int token = o->FirstToken(o->Parts.Start(part)), last = o->FirstToken(o->Parts.End(part)); token < last; token++)
            {
                T* x = (T*)o->X + (long)token * width;
                for (int at = o->Starts[token]; at < o->Starts[token + 1]; at++)
                {
                    T* y = (T*)o->Y + (long)o->PairsByToken[at] * width;
                    for (int i = 0; i < width; i += AlignedMemory.CacheLine / sizeof(T))
                    {
                        Cache.Fetch(x + width + i);
                        StreamLine<T, TVector>(x + i, y + i);
                    }
                }
            }
        }
    }

    private readonly struct ScatterPart : IVectorLoop
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public static void Run<T, TVector>(void* state, int part)
            where T : unmanaged, IFloatingPointIeee754<T>
            where TVector : unmanaged, ISimd<TVector, T>
        {
            Operands* o = (Operands*)state;
            int width = o->Width, block = 4 * TVector.Count;
            for (int token = o->FirstToken(o->Parts.Start(part)), last = o->FirstToken(o->Parts.End(part)); token < last; token++)
            {
                T* y = (T*)o->Y + (long)token * width;
                int start = o->Starts[token], end = o->Starts[token + 1], column = 0;
                for (; column <= width - block; column += block)
                {
                    TVector a = default, b = default, c = default, d = default;
                    for (int at = start; at < end; at++)
                    {
                        TVector weight = TVector.Create(o->Weight<T>(at));
                        T* x = o->Row<T>(at) + column;
                        // Where each token has as many pairs, this is a row of the next one.
                        T* next = o->Row<T>(Math.Min(at + end - start, o->Pairs - 1)) + column;
                        Cache.Fetch(next);
                        Cache.Fetch(next + 2 * TVector.Count);
                        a = TVector.MultiplyAdd(weight, TVector.Load(x), a);
                        b = TVector.MultiplyAdd(weight, TVector.Load(x + TVector.Count), b);
                        c = TVector.MultiplyAdd(weight, TVector.Load(x + 2 * TVector.Count), c);
                        d = TVector.MultiplyAdd(weight, TVector.Load(x + 3 * TVector.Count), d);
                    }
                    Store<T, TVector>(a, y + column, o->Streams);
                    Store<T, TVector>(b, y + column + TVector.Count, o->Streams);
                    Store<T, TVector>(c, y + column + 2 * TVector.Count, o->Streams);
                    Store<T, TVector>(d, y + column + 3 * TVector.Count, o->Streams);
                }
                for (; column < width; column += TVector.Count)
                {
                    TVector sum = default;
                    for (int at = start; at < end; at++)
                        sum = TVector.MultiplyAdd(TVector.Create(o->Weight<T>(at)), TVector.Load(o->Row<T>(at) + column, width - column), sum);
                    TVector.Store(sum, y + column, width - column);
                }
            }
        }
    }

    private readonly struct ScatterBackwardPart : IVectorLoop
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public static void Run<T, TVector>(void* state, int part)
            where T : unmanaged, IFloatingPointIeee754<T>
            where TVector : unmanaged, ISimd<TVector, T>
        {
            Operands* o = (Operands*)state;
            int width = o->Width;
            long end = o->Parts.End(part);
            for (long pair = o->Parts.Start(part); pair < end; pair++)
            {
                T* x = (T*)o->X + pair * width, dx = (T*)o->Gradient + pair * width, dy = (T*)o->Y + (long)o->Index[pair] * width;
                T* next = (T*)o->Y + (long)o->Index[Math.Min(pair + 1, o->Pairs - 1)] * width;
                TVector weight = TVector.Create(((T*)o->Weights)[pair]), even = default, odd = default;
                int i = 0;
                for (; i <= width - 2 * TVector.Count; i += 2 * TVector.Count)
                {
                    Cache.Fetch(next + i);
                    TVector slope = TVector.Load(dy + i), secondSlope = TVector.Load(dy + i + TVector.Count);
                    even = TVector.MultiplyAdd(TVector.Load(x + i), slope, even);
                    odd = TVector.MultiplyAdd(TVector.Load(x + i + TVector.Count), secondSlope, odd);
                    Store<T, TVector>(slope * weight, dx + i, o->Streams);
                    Store<T, TVector>(secondSlope * weight, dx + i + TVector.Count, o->Streams);
                }
                for (; i < width; i += TVector.Count)
                {
                    TVector slope = TVector.Load(dy + i, width - i);
                    even = TVector.MultiplyAdd(TVector.Load(x + i, width - i), slope, even);
                    TVector.Store(slope * weight, dx + i, width - i);
                }
                ((T*)o->WeightGradient)[pair] = TVector.Sum(even + odd);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<T, TVector>(TVector value, T* destination, bool streams)
        where T : unmanaged
        where TVector : unmanaged, ISimd<TVector, T>
    {
        if (streams) TVector.Stream(value, destination);
        else TVector.Store(value, destination);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StreamLine<T, TVector>(T* from, T* to)
        where T : unmanaged
        where TVector : unmanaged, ISimd<TVector, T>
    {
        for (int i = 0; i < AlignedMemory.CacheLine / sizeof(T); i += TVector.Count) TVector.Stream(TVector.Load(from + i), to + i);
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
        public int Tokens;
        public int Pairs;
        public bool Streams;
        public RowParts Parts;

        /// <summary>The first token before which at least so many rows are read and written.</summary>
        public readonly int FirstToken(long rows)
        {
            int low = 0, high = Tokens;
            while (low < high)
            {
                int middle = low + (high - low) / 2;
                if (Starts[middle] + (long)middle < rows) low = middle + 1;
                else high = middle;
            }
            return low;
        }

        public readonly T Weight<T>(int at)
            where T : unmanaged, IFloatingPointIeee754<T>
            => Weights == null ? T.One : ((T*)Weights)[PairsByToken[at]];

        public readonly T* Row<T>(int at)
            where T : unmanaged
            => (T*)X + (long)PairsByToken[at] * Width;
    }
}

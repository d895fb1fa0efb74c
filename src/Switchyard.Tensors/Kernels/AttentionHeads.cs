using System.Numerics;
using System.Runtime.CompilerServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// Scaled dot-product attention in blocks: the scores of some queries against some of the keys that they may see are
/// made, used and forgotten, so that memory grows with the tokens and not with their square, and a block stays in the
/// caches. The forward pass corrects what it has of a row when a later block has a larger score; the backward pass makes
/// the probabilities again from the log-sum-exp of every row (Dao et al., "FlashAttention", 2022, section 3.1).
/// </summary>
internal static unsafe class AttentionHeads
{
    // Enough rows for an efficient matrix product; more would compute more of what a causal mask hides.
    private const int BlockRows = 64;

    // A block of scores and its gradient then fit into a second-level cache beside what they are multiplied by.
    private const int BlockKeys = 256;

    /// <summary>y = softmax(scale·q·kᵀ over what may be seen)·v.</summary>
    /// <param name="q">[batch, queries, heads, width]</param>
    /// <param name="k">[batch, keys, kvHeads, width]</param>
    /// <param name="v">[batch, keys, kvHeads, valueWidth]</param>
    /// <param name="mask">What may be seen by position.</param>
    /// <param name="keyMask">Int32 [batch, keys], 0 for what may not be seen; or null.</param>
    /// <param name="scale">Positive.</param>
    /// <param name="y">[batch, queries, heads, valueWidth]</param>
    /// <param name="normalisers">[batch, heads, queries]: the log-sum-exp of every row of scores.</param>
    public static void Forward(Tensor q, Tensor k, Tensor v, AttentionMask mask, Tensor? keyMask, double scale, Tensor y, Tensor normalisers)
    {
        y.MarkChanged();
        normalisers.MarkChanged();
        Operands operands = Over(q, k, v, mask, keyMask, scale);
        operands.Y = (void*)y.Address;
        operands.Normalisers = (void*)normalisers.Address;
        int parts = operands.Batch * operands.Heads * operands.Blocks;
        VectorLoop.Run<ForwardPart>(q.Type, parts, &operands);
    }

    /// <summary>The gradients of q, k and v. Those of k and v start from zeros.</summary>
    public static void Backward(Tensor q, Tensor k, Tensor v, AttentionMask mask, Tensor? keyMask, double scale, Tensor y, Tensor normalisers, Tensor dy, Tensor dq, Tensor dk, Tensor dv)
    {
        dq.MarkChanged();
        dk.MarkChanged();
        dv.MarkChanged();
        Operands operands = Over(q, k, v, mask, keyMask, scale);
        operands.Y = (void*)y.Address;
        operands.Normalisers = (void*)normalisers.Address;
        operands.Upstream = (void*)dy.Address;
        operands.QueryGradient = (void*)dq.Address;
        operands.KeyGradient = (void*)dk.Address;
        operands.ValueGradient = (void*)dv.Address;
        VectorLoop.Run<BackwardPart>(q.Type, operands.Batch * operands.KvHeads, &operands);
    }

    private static Operands Over(Tensor q, Tensor k, Tensor v, AttentionMask mask, Tensor? keyMask, double scale) => new()
    {
        Q = (void*)q.Address,
        K = (void*)k.Address,
        V = (void*)v.Address,
        KeyMask = keyMask is null ? null : (int*)keyMask.Address,
        Mask = mask,
        Scale = scale,
        Batch = q.Shape[0],
        Queries = q.Shape[1],
        Heads = q.Shape[2],
        Width = q.Shape[3],
        Keys = k.Shape[1],
        KvHeads = k.Shape[2],
        ValueWidth = v.Shape[3],
    };

    private readonly struct ForwardPart : IVectorLoop
    {
        public static void Run<T, TVector>(void* state, int part)
            where T : unmanaged, IFloatingPointIeee754<T>
            where TVector : unmanaged, ISimd<TVector, T>
        {
            Operands* o = (Operands*)state;
            (int sequence, int block) = Math.DivRem(part, o->Blocks);
            (int batch, int head) = Math.DivRem(sequence, o->Heads);
            QueryBlock<T> rows = new(o, batch, head, block);
            using Workspace<T> memory = new(BlockRows * (BlockKeys + 2));
            T* scores = memory.Pointer, largest = scores + BlockRows * BlockKeys, sums = largest + BlockRows;
            new Span<T>(largest, BlockRows).Fill(T.NegativeInfinity);
            new Span<T>(sums, BlockRows).Clear();
            // Without any key this runs once, and stores zeros.
            int key = rows.FirstKey;
            do
            {
                KeyBlock<T> keys = new(o, rows, key);
                keys.Scores(o, rows, scores);
                for (int row = 0; row < rows.Count; row++)
                {
                    T* p = keys.Visible(o, rows, scores, row, out int visible);
                    T correction = Accumulate<T, TVector>(p, visible, T.CreateChecked(o->Scale), largest + row, sums + row);
                    if (key > rows.FirstKey && correction != T.One) SoftmaxRows.Multiply<T, TVector>(rows.Y + (long)row * o->ResultStride, o->ValueWidth, correction);
                }
                MatrixProduct.MultiplySerial(rows.Count, o->ValueWidth, keys.Count, scores, BlockKeys, false, keys.V, o->ValueStride, false, rows.Y, o->ResultStride, key > rows.FirstKey);
                key += keys.Count;
            }
            while (key < rows.EndKey);
            for (int row = 0; row < rows.Count; row++)
            {
                rows.Normalisers[row] = largest[row] * T.CreateChecked(o->Scale) + T.Log(sums[row]);
                // A row that sees no key has the sum 0, and stays 0.
                if (sums[row] != T.Zero) SoftmaxRows.Multiply<T, TVector>(rows.Y + (long)row * o->ResultStride, o->ValueWidth, T.One / sums[row]);
            }
        }
    }

    // With P the probabilities and D = Σ dy·y of a row:  dP = dy·vᵀ,  dS = scale·P·(dP - D),
    // dq = dS·k,  dk = dSᵀ·q,  dv = Pᵀ·dy. One part owns a key head, and adds the query heads that share it in order.
    private readonly struct BackwardPart : IVectorLoop
    {
        public static void Run<T, TVector>(void* state, int part)
            where T : unmanaged, IFloatingPointIeee754<T>
            where TVector : unmanaged, ISimd<TVector, T>
        {
            Operands* o = (Operands*)state;
            (int batch, int kvHead) = Math.DivRem(part, o->KvHeads);
            int group = o->Heads / o->KvHeads;
            using Workspace<T> memory = new(2 * BlockRows * BlockKeys);
            T* p = memory.Pointer, dp = p + BlockRows * BlockKeys;
            T* means = stackalloc T[BlockRows];
            for (int head = kvHead * group; head < (kvHead + 1) * group; head++)
            {
                for (int block = 0; block < o->Blocks; block++)
                {
                    QueryBlock<T> rows = new(o, batch, head, block);
                    T* dy = (T*)o->Upstream + rows.ResultStart, dq = (T*)o->QueryGradient + rows.QueryStart;
                    for (int row = 0; row < rows.Count; row++)
                        means[row] = RowReduction.Dot<T, TVector>(dy + (long)row * o->ResultStride, rows.Y + (long)row * o->ResultStride, o->ValueWidth);
                    int key = rows.FirstKey;
                    do
                    {
                        KeyBlock<T> keys = new(o, rows, key);
                        keys.Scores(o, rows, p);
                        MatrixProduct.MultiplySerial(rows.Count, keys.Count, o->ValueWidth, dy, o->ResultStride, false, keys.V, o->ValueStride, true, dp, BlockKeys, false);
                        for (int row = 0; row < rows.Count; row++)
                        {
                            T* visibleP = keys.Visible(o, rows, p, row, out int visible);
                            T* visibleDp = keys.Visible(o, rows, dp, row, out _);
                            Slopes<T, TVector>(visibleP, visibleDp, visible, T.CreateChecked(o->Scale), rows.Normalisers[row], means[row]);
                        }
                        T* dk = (T*)o->KeyGradient + keys.KeyStart, dv = (T*)o->ValueGradient + keys.ValueStart;
                        MatrixProduct.MultiplySerial(rows.Count, o->Width, keys.Count, dp, BlockKeys, false, keys.K, o->KeyStride, false, dq, o->QueryStride, key > rows.FirstKey);
                        MatrixProduct.MultiplySerial(keys.Count, o->Width, rows.Count, dp, BlockKeys, true, rows.Q, o->QueryStride, false, dk, o->KeyStride, true);
                        MatrixProduct.MultiplySerial(keys.Count, o->ValueWidth, rows.Count, p, BlockKeys, true, dy, o->ResultStride, false, dv, o->ValueStride, true);
                        key += keys.Count;
                    }
                    while (key < rows.EndKey);
                }
            }
        }
    }

    /// <summary>Scores become e^(scale·(score - largest so far)), and are added to the sum of their row.</summary>
    /// <returns>What everything made of the row's earlier scores is to be multiplied by.</returns>
    private static T Accumulate<T, TVector>(T* p, int length, T scale, T* largest, T* sum)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TVector : unmanaged, ISimd<TVector, T>
    {
        T former = *largest, current = RowReduction.Largest<T, TVector>(p, length);
        if (!(current <= former)) *largest = current;
        if (T.IsNegativeInfinity(*largest))
        {
            new Span<T>(p, length).Clear();
            return T.One;
        }
        T added = SoftmaxRows.Exponentials<T, TVector>(p, p, length, scale, -*largest * scale);
        T correction = former == *largest ? T.One : T.Exp((former - *largest) * scale);
        *sum = *sum * correction + added;
        return correction;
    }

    /// <summary>Scores become probabilities, and their gradients those of the scores.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Slopes<T, TVector>(T* p, T* dp, int length, T scale, T normaliser, T mean)
        where T : unmanaged, IFloatingPointIeee754<T>
        where TVector : unmanaged, ISimd<TVector, T>
    {
        // A row that sees no key has the normaliser negative infinity: its probabilities are 0.
        TVector factor = TVector.Create(scale), shift = TVector.Create(T.IsNegativeInfinity(normaliser) ? normaliser : -normaliser), centre = TVector.Create(mean);
        int i = 0;
        for (; i <= length - TVector.Count; i += TVector.Count)
        {
            TVector probability = VectorMath.Exp<T, TVector>(TVector.MultiplyAdd(TVector.Load(p + i), factor, shift));
            TVector.Store(probability, p + i);
            TVector.Store(probability * (TVector.Load(dp + i) - centre) * factor, dp + i);
        }
        if (i < length)
        {
            int rest = length - i;
            TVector probability = VectorMath.Exp<T, TVector>(TVector.MultiplyAdd(TVector.Load(p + i, rest), factor, shift));
            TVector.Store(probability, p + i, rest);
            TVector.Store(probability * (TVector.Load(dp + i, rest) - centre) * factor, dp + i, rest);
        }
    }

    /// <summary>Some queries of one head, and the range of keys that at least one of them may see.</summary>
    private readonly ref struct QueryBlock<T>
        where T : unmanaged
    {
        public QueryBlock(Operands* o, int batch, int head, int block)
        {
            First = block * BlockRows;
            Count = Math.Min(BlockRows, o->Queries - First);
            EndKey = o->Mask.End(First + Count - 1, o->Keys);
            FirstKey = Math.Min(o->Mask.First(First), EndKey);
            (Batch, KvHead) = (batch, head / (o->Heads / o->KvHeads));
            long query = (long)batch * o->Queries + First;
            QueryStart = query * o->QueryStride + head * o->Width;
            ResultStart = query * o->ResultStride + head * o->ValueWidth;
            Q = (T*)o->Q + QueryStart;
            Y = (T*)o->Y + ResultStart;
            Normalisers = (T*)o->Normalisers + ((long)batch * o->Heads + head) * o->Queries + First;
        }

        public int First { get; }

        public int Count { get; }

        public int FirstKey { get; }

        public int EndKey { get; }

        public int Batch { get; }

        public int KvHead { get; }

        public long QueryStart { get; }

        public long ResultStart { get; }

        public T* Q { get; }

        public T* Y { get; }

        public T* Normalisers { get; }
    }

    /// <summary>Some of the keys that a block of queries may see.</summary>
    private readonly ref struct KeyBlock<T>
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        private readonly int _first;
        private readonly int* _mask;

        public KeyBlock(Operands* o, in QueryBlock<T> rows, int first)
        {
            _first = first;
            Count = Math.Min(BlockKeys, rows.EndKey - first);
            long key = (long)rows.Batch * o->Keys + first;
            _mask = o->KeyMask == null ? null : o->KeyMask + key;
            KeyStart = key * o->KeyStride + rows.KvHead * o->Width;
            ValueStart = key * o->ValueStride + rows.KvHead * o->ValueWidth;
            K = (T*)o->K + KeyStart;
            V = (T*)o->V + ValueStart;
        }

        public int Count { get; }

        public long KeyStart { get; }

        public long ValueStart { get; }

        public T* K { get; }

        public T* V { get; }

        /// <summary>q·kᵀ: [queries, <see cref="BlockKeys"/>], of which the first keys are set.</summary>
        public void Scores(Operands* o, in QueryBlock<T> rows, T* scores)
        {
            MatrixProduct.MultiplySerial(rows.Count, Count, o->Width, rows.Q, o->QueryStride, false, K, o->KeyStride, true, scores, BlockKeys, false);
            if (_mask == null) return;
            for (int row = 0; row < rows.Count; row++)
                for (int key = 0; key < Count; key++)
                    if (_mask[key] == 0) scores[row * BlockKeys + key] = T.NegativeInfinity;
        }

        /// <summary>What one row may see of a matrix of queries and keys; the rest of the row becomes 0.</summary>
        public T* Visible(Operands* o, in QueryBlock<T> rows, T* matrix, int row, out int visible)
        {
            int query = rows.First + row;
            int end = Math.Clamp(o->Mask.End(query, o->Keys) - _first, 0, Count), first = Math.Clamp(o->Mask.First(query) - _first, 0, end);
            T* start = matrix + row * BlockKeys;
            new Span<T>(start, first).Clear();
            new Span<T>(start + end, Count - end).Clear();
            visible = end - first;
            return start + first;
        }
    }

    private struct Operands
    {
        public void* Q;
        public void* K;
        public void* V;
        public int* KeyMask;
        public void* Y;
        public void* Normalisers;
        public void* Upstream;
        public void* QueryGradient;
        public void* KeyGradient;
        public void* ValueGradient;
        public AttentionMask Mask;
        public double Scale;
        public int Batch;
        public int Queries;
        public int Heads;
        public int Width;
        public int Keys;
        public int KvHeads;
        public int ValueWidth;

        public readonly int Blocks => (Queries + BlockRows - 1) / BlockRows;

        public readonly int QueryStride => Heads * Width;

        public readonly int KeyStride => KvHeads * Width;

        public readonly int ValueStride => KvHeads * ValueWidth;

        public readonly int ResultStride => Heads * ValueWidth;
    }
}

using System.Numerics;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// Scaled dot-product attention in blocks of queries: the scores of a block against the keys that it may see are
/// made, used and forgotten, so that memory grows with the tokens and not with their square. The backward pass makes
/// the probabilities again from the log-sum-exp of every row (Dao et al., "FlashAttention", 2022, section 3.1).
/// </summary>
internal static unsafe class AttentionHeads
{
    // Enough rows for an efficient matrix product; more would compute more of what a causal mask hides.
    private const int BlockRows = 64;

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
        WorkerPool.Run(parts, q.Type == ElementType.Float32 ? &ForwardPart<float> : &ForwardPart<double>, &operands);
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
        WorkerPool.Run(operands.Batch * operands.KvHeads, q.Type == ElementType.Float32 ? &BackwardPart<float> : &BackwardPart<double>, &operands);
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

    private static void ForwardPart<T>(void* state, int part)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Operands* o = (Operands*)state;
        (int sequence, int block) = Math.DivRem(part, o->Blocks);
        (int batch, int head) = Math.DivRem(sequence, o->Heads);
        QueryBlock<T> rows = new(o, batch, head, block);
        using Workspace<T> scores = new((long)rows.Count * rows.Keys);
        rows.Scores(o, scores.Pointer);
        for (int row = 0; row < rows.Count; row++)
        {
            T* p = rows.Visible(o, scores.Pointer, row, out int visible);
            rows.Normalisers[row] = SoftmaxRows.SoftmaxRow(p, p, visible, T.CreateChecked(o->Scale));
        }
        MatrixProduct.MultiplySerial(rows.Count, o->ValueWidth, rows.Keys, scores.Pointer, rows.Keys, false, rows.V, o->ValueStride, false, rows.Y, o->ResultStride, false);
    }

    // With P the probabilities and D = Σ dy·y of a row:  dP = dy·vᵀ,  dS = scale·P·(dP - D),
    // dq = dS·k,  dk = dSᵀ·q,  dv = Pᵀ·dy. One part owns a key head, and adds the query heads that share it in order.
    private static void BackwardPart<T>(void* state, int part)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Operands* o = (Operands*)state;
        (int batch, int kvHead) = Math.DivRem(part, o->KvHeads);
        int group = o->Heads / o->KvHeads;
        long most = (long)Math.Min(BlockRows, o->Queries) * o->Keys;
        using Workspace<T> probabilities = new(most), slopes = new(most);
        T* p = probabilities.Pointer, dp = slopes.Pointer;
        for (int head = kvHead * group; head < (kvHead + 1) * group; head++)
        {
            for (int block = 0; block < o->Blocks; block++)
            {
                QueryBlock<T> rows = new(o, batch, head, block);
                T* dy = (T*)o->Upstream + rows.ResultStart, dq = (T*)o->QueryGradient + rows.QueryStart;
                T* dk = (T*)o->KeyGradient + rows.KeyStart, dv = (T*)o->ValueGradient + rows.ValueStart;
                rows.Scores(o, p);
                MatrixProduct.MultiplySerial(rows.Count, rows.Keys, o->ValueWidth, dy, o->ResultStride, false, rows.V, o->ValueStride, true, dp, rows.Keys, false);
                for (int row = 0; row < rows.Count; row++)
                {
                    T* visibleP = rows.Visible(o, p, row, out int visible);
                    T* visibleDp = rows.Visible(o, dp, row, out _);
                    T mean = VectorMath.Dot(dy + (long)row * o->ResultStride, rows.Y + (long)row * o->ResultStride, o->ValueWidth);
                    Slopes(visibleP, visibleDp, visible, T.CreateChecked(o->Scale), rows.Normalisers[row], mean);
                }
                MatrixProduct.MultiplySerial(rows.Count, o->Width, rows.Keys, dp, rows.Keys, false, rows.K, o->KeyStride, false, dq, o->QueryStride, false);
                MatrixProduct.MultiplySerial(rows.Keys, o->Width, rows.Count, dp, rows.Keys, true, rows.Q, o->QueryStride, false, dk, o->KeyStride, true);
                MatrixProduct.MultiplySerial(rows.Keys, o->ValueWidth, rows.Count, p, rows.Keys, true, dy, o->ResultStride, false, dv, o->ValueStride, true);
            }
        }
    }

    /// <summary>Scores become probabilities, and their gradients those of the scores.</summary>
    private static void Slopes<T>(T* p, T* dp, int length, T scale, T normaliser, T mean)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        // A row that sees no key has the normaliser negative infinity: its probabilities are 0.
        Vector<T> factor = new(scale), shift = new(T.IsNegativeInfinity(normaliser) ? normaliser : -normaliser), centre = new(mean);
        for (int i = 0; i < length; i += Vector<T>.Count)
        {
            int rest = length - i;
            Vector<T> probability = VectorMath.Exp(VectorMath.MultiplyAdd(VectorMath.Load(p + i, rest), factor, shift));
            VectorMath.Store(probability, p + i, rest);
            VectorMath.Store(probability * (VectorMath.Load(dp + i, rest) - centre) * factor, dp + i, rest);
        }
    }

    /// <summary>A block of the queries of one head, and the keys that at least one of them may see.</summary>
    private readonly ref struct QueryBlock<T>
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        private readonly int _query;
        private readonly int _key;
        private readonly int* _keyMask;

        public QueryBlock(Operands* o, int batch, int head, int block)
        {
            _query = block * BlockRows;
            Count = Math.Min(BlockRows, o->Queries - _query);
            int end = o->Mask.End(_query + Count - 1, o->Keys);
            _key = Math.Min(o->Mask.First(_query), end);
            Keys = end - _key;
            _keyMask = o->KeyMask == null ? null : o->KeyMask + (long)batch * o->Keys + _key;
            int kvHead = head / (o->Heads / o->KvHeads);
            long query = (long)batch * o->Queries + _query, key = (long)batch * o->Keys + _key;
            QueryStart = query * o->QueryStride + head * o->Width;
            KeyStart = key * o->KeyStride + kvHead * o->Width;
            ValueStart = key * o->ValueStride + kvHead * o->ValueWidth;
            ResultStart = query * o->ResultStride + head * o->ValueWidth;
            Q = (T*)o->Q + QueryStart;
            K = (T*)o->K + KeyStart;
            V = (T*)o->V + ValueStart;
            Y = (T*)o->Y + ResultStart;
            Normalisers = (T*)o->Normalisers + ((long)batch * o->Heads + head) * o->Queries + _query;
        }

        public int Count { get; }

        public int Keys { get; }

        public long QueryStart { get; }

        public long KeyStart { get; }

        public long ValueStart { get; }

        public long ResultStart { get; }

        public T* Q { get; }

        public T* K { get; }

        public T* V { get; }

        public T* Y { get; }

        public T* Normalisers { get; }

        /// <summary>q·kᵀ: [queries of the block, keys of the block].</summary>
        public void Scores(Operands* o, T* scores)
        {
            MatrixProduct.MultiplySerial(Count, Keys, o->Width, Q, o->QueryStride, false, K, o->KeyStride, true, scores, Keys, false);
            if (_keyMask == null) return;
            for (int row = 0; row < Count; row++)
                for (int key = 0; key < Keys; key++)
                    if (_keyMask[key] == 0) scores[(long)row * Keys + key] = T.NegativeInfinity;
        }

        /// <summary>What one row may see of a [queries, keys] matrix; the rest of the row becomes 0.</summary>
        public T* Visible(Operands* o, T* matrix, int row, out int visible)
        {
            int end = Math.Max(0, o->Mask.End(_query + row, o->Keys) - _key);
            int first = Math.Min(Math.Max(0, o->Mask.First(_query + row) - _key), end);
            T* start = matrix + (long)row * Keys;
            new Span<T>(start, first).Clear();
            new Span<T>(start + end, Keys - end).Clear();
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

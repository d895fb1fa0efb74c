using System.Numerics;
using System.Runtime.Intrinsics;

namespace Switchyard.Tensors.Kernels;

/// <summary>Dropout whose mask is a function of the counter of a random stream, so that it is made anew rather than kept.</summary>
internal static unsafe class DropoutMask
{
    private const int PartElements = 1 << 12;

    /// <summary>How many blocks of random numbers a tensor takes.</summary>
    public static long Blocks(long elements) => (elements + PhiloxBlocks.Numbers - 1) / PhiloxBlocks.Numbers;

    /// <summary>y = x / (1 - probability) where the random number of the element says keep, else 0.</summary>
    public static void Apply(Tensor x, double probability, ulong key, ulong position, Tensor y)
    {
        y.MarkChanged();
        Operands operands = new()
        {
            X = (void*)x.Address,
            Y = (void*)y.Address,
            Parts = new RowParts(x.Elements, PartElements),
            Key = key,
            Position = position,
            // An element is kept when its 32 bits are at least this; at probability 1 nothing is.
            Threshold = (ulong)Math.Round(probability * 4294967296.0),
            Scale = probability < 1 ? 1 / (1 - probability) : 0,
        };
        WorkerPool.Run(operands.Parts.Count, x.Type == ElementType.Float32 ? &Part<float> : &Part<double>, &operands);
    }

    private static void Part<T>(void* state, int part)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Operands* o = (Operands*)state;
        long start = o->Parts.Start(part);
        int length = o->Parts.Length(part);
        T* x = (T*)o->X + start, y = (T*)o->Y + start;
        uint* bits = stackalloc uint[PartElements];
        PhiloxBlocks.Fill(o->Key, o->Position + (ulong)(start / PhiloxBlocks.Numbers), lane: 0, (int)Blocks(length), bits);
        if (typeof(T) == typeof(float) && o->Threshold <= uint.MaxValue)
        {
            Keep((float*)x, bits, (uint)o->Threshold, (float)o->Scale, (float*)y, length);
            return;
        }
        T scale = T.CreateChecked(o->Scale);
        for (int i = 0; i < length; i++) y[i] = bits[i] >= o->Threshold ? x[i] * scale : T.Zero;
    }

    private static void Keep(float* x, uint* bits, uint threshold, float scale, float* y, int length)
    {
        Vector256<uint> least = Vector256.Create(threshold);
        Vector256<float> factor = Vector256.Create(scale);
        int i = 0;
        for (; i <= length - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            Vector256<float> kept = Vector256.GreaterThanOrEqual(Vector256.Load(bits + i), least).AsSingle();
            Vector256.ConditionalSelect(kept, Vector256.Load(x + i) * factor, default).Store(y + i);
        }
        for (; i < length; i++) y[i] = bits[i] >= threshold ? x[i] * scale : 0;
    }

    private struct Operands
    {
        public void* X;
        public void* Y;
        public RowParts Parts;
        public ulong Key;
        public ulong Position;
        public ulong Threshold;
        public double Scale;
    }
}

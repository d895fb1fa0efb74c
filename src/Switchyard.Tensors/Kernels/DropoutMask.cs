using System.Numerics;

namespace Switchyard.Tensors.Kernels;

/// <summary>Dropout whose mask is a function of the counter of a random stream, so that it is made anew rather than kept.</summary>
internal static unsafe class DropoutMask
{
    private const int PartElements = 1 << 12;
    private const int BlockNumbers = 4;

    /// <summary>How many blocks of random numbers a tensor takes.</summary>
    public static long Blocks(long elements) => (elements + BlockNumbers - 1) / BlockNumbers;

    /// <summary>y = x / (1 - probability) where the random number of the element says keep, else 0.</summary>
    public static void Apply(Tensor x, double probability, ulong key, ulong position, Tensor y)
    {
        y.MarkChanged();
        Operands operands = new()
        {
            X = (void*)x.Address,
            Y = (void*)y.Address,
            Elements = x.Elements,
            Key = key,
            Position = position,
            // An element is kept when its 32 bits are at least this; at probability 1 nothing is.
            Threshold = (ulong)Math.Round(probability * 4294967296.0),
            Scale = probability < 1 ? 1 / (1 - probability) : 0,
        };
        int parts = (int)((operands.Elements + PartElements - 1) / PartElements);
        WorkerPool.Run(parts, x.Type == ElementType.Float32 ? &Part<float> : &Part<double>, &operands);
    }

    private static void Part<T>(void* state, int part)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Operands* o = (Operands*)state;
        long start = (long)part * PartElements, end = Math.Min(o->Elements, start + PartElements);
        T scale = T.CreateChecked(o->Scale);
        T* x = (T*)o->X, y = (T*)o->Y;
        uint* bits = stackalloc uint[BlockNumbers];
        for (long i = start; i < end; i += BlockNumbers)
        {
            *(UInt128*)bits = Philox.Block(o->Key, o->Position + (ulong)(i / BlockNumbers), 0);
            int count = (int)Math.Min(BlockNumbers, end - i);
            for (int j = 0; j < count; j++) y[i + j] = bits[j] >= o->Threshold ? x[i + j] * scale : T.Zero;
        }
    }

    private struct Operands
    {
        public void* X;
        public void* Y;
        public long Elements;
        public ulong Key;
        public ulong Position;
        public ulong Threshold;
        public double Scale;
    }
}

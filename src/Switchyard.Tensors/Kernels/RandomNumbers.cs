using System.Numerics;

namespace Switchyard.Tensors.Kernels;

/// <summary>How random numbers are made from a stream.</summary>
internal unsafe interface IDistribution
{
    /// <summary>The lane of the stream that they come from.</summary>
    static abstract ulong Lane { get; }

    /// <summary>Makes a number of each of some blocks.</summary>
    /// <param name="blocks">[count · 2], the lower half of each block first.</param>
    /// <param name="count">How many.</param>
    /// <param name="key">The stream, to draw again from.</param>
    /// <param name="position">The position of the first block.</param>
    /// <param name="shape">What describes the distribution.</param>
    /// <param name="y">[count]</param>
    static abstract void Make<T>(ulong* blocks, int count, ulong key, ulong position, in DistributionShape shape, T* y)
        where T : unmanaged, IFloatingPointIeee754<T>;
}

/// <summary>What describes a distribution: its bounds, and the mean and deviation of a normal one.</summary>
internal readonly record struct DistributionShape(double Low, double High, double Mean = 0, double Deviation = 0);

/// <summary>Fills a tensor with random numbers; element i takes the block at position i of its stretch of the stream.</summary>
internal static unsafe class RandomNumbers
{
    private const int PartElements = 1 << 12;

    // Blocks that are drawn at a time: few enough for the first-level cache.
    private const int Run = 256;

    public static void Fill<TDistribution>(Tensor y, DistributionShape shape, Philox random)
        where TDistribution : struct, IDistribution
    {
        y.MarkChanged();
        Operands operands = new() { Y = (void*)y.Address, Parts = new RowParts(y.Elements, PartElements), Key = random.Key, First = random.Take(y.Elements), Shape = shape };
        WorkerPool.Run(operands.Parts.Count, y.Type == ElementType.Float32 ? &Part<TDistribution, float> : &Part<TDistribution, double>, &operands);
    }

    private static void Part<TDistribution, T>(void* state, int part)
        where TDistribution : struct, IDistribution
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        Operands* o = (Operands*)state;
        ulong* blocks = stackalloc ulong[2 * Run];
        for (long start = o->Parts.Start(part), end = o->Parts.End(part); start < end; start += Run)
        {
            ulong position = o->First + (ulong)start;
            int count = (int)Math.Min(Run, end - start);
            PhiloxBlocks.Fill(o->Key, position, TDistribution.Lane, count, (uint*)blocks);
            TDistribution.Make(blocks, count, o->Key, position, in o->Shape, (T*)o->Y + start);
        }
    }

    private struct Operands
    {
        public void* Y;
        public RowParts Parts;
        public ulong Key;
        public ulong First;
        public DistributionShape Shape;
    }
}

/// <summary>All numbers between two bounds alike.</summary>
internal readonly unsafe struct UniformDistribution : IDistribution
{
    public static ulong Lane => 0;

    public static void Make<T>(ulong* blocks, int count, ulong key, ulong position, in DistributionShape shape, T* y)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        double low = shape.Low, width = shape.High - shape.Low;
        // 24 bits, so that the nearest Float32 of a number below 1 is below 1 as well.
        for (int i = 0; i < count; i++) y[i] = T.CreateTruncating(low + width * (int)(blocks[2 * i] >> 40) * (1.0 / (1 << 24)));
    }
}

/// <summary>The normal distribution.</summary>
internal readonly unsafe struct NormalDistribution : IDistribution
{
    public static ulong Lane => 0;

    public static void Make<T>(ulong* blocks, int count, ulong key, ulong position, in DistributionShape shape, T* y)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (typeof(T) == typeof(float))
        {
            NormalNumbers.Fill(blocks, count, shape.Mean, shape.Deviation, (float*)y);
            return;
        }
        for (int i = 0; i < count; i++) y[i] = T.CreateTruncating(shape.Mean + shape.Deviation * Philox.Normal(blocks[2 * i], blocks[2 * i + 1]));
    }
}

/// <summary>The normal distribution between two bounds: numbers outside are drawn again, each time from a lane of their own.</summary>
internal readonly unsafe struct TruncatedNormalDistribution : IDistribution
{
    // Lanes 0 and 1 are those of the stream itself and of its splits.
    public static ulong Lane => 2;

    public static void Make<T>(ulong* blocks, int count, ulong key, ulong position, in DistributionShape shape, T* y)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        for (int i = 0; i < count; i++)
        {
            double x = shape.Mean + shape.Deviation * Philox.Normal(blocks[2 * i], blocks[2 * i + 1]);
            for (ulong lane = Lane + 1; !(x >= shape.Low && x <= shape.High); lane++)
            {
                UInt128 block = Philox.Block(key, position + (ulong)i, lane);
                x = shape.Mean + shape.Deviation * Philox.Normal((ulong)block, (ulong)(block >> 64));
            }
            y[i] = T.CreateTruncating(x);
        }
    }
}

using System.Numerics;

namespace Switchyard.Tensors.Kernels;

/// <summary>How a random number is made from a stream at a position.</summary>
internal interface IDistribution
{
    /// <summary>The number that the stream <paramref name="key"/> has at a position, given what describes the distribution.</summary>
    static abstract double At(ulong key, ulong position, in DistributionShape shape);
}

/// <summary>What describes a distribution: its bounds, and the mean and deviation of a normal one.</summary>
internal readonly record struct DistributionShape(double Low, double High, double Mean = 0, double Deviation = 0);

/// <summary>Fills a tensor with random numbers; element i takes the block at position i of its stretch of the stream.</summary>
internal static unsafe class RandomNumbers
{
    private const int PartElements = 1 << 12;

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
        T* y = (T*)o->Y;
        for (long i = o->Parts.Start(part); i < o->Parts.End(part); i++)
            y[i] = T.CreateTruncating(TDistribution.At(o->Key, o->First + (ulong)i, in o->Shape));
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
internal readonly struct UniformDistribution : IDistribution
{
    // 24 bits, so that the nearest Float32 of a number below 1 is below 1 as well.
    public static double At(ulong key, ulong position, in DistributionShape shape)
        => shape.Low + (shape.High - shape.Low) * ((ulong)Philox.Block(key, position, 0) >> 40) * (1.0 / (1 << 24));
}

/// <summary>The normal distribution.</summary>
internal readonly struct NormalDistribution : IDistribution
{
    public static double At(ulong key, ulong position, in DistributionShape shape)
    {
        UInt128 block = Philox.Block(key, position, 0);
        return shape.Mean + shape.Deviation * Philox.Normal((ulong)block, (ulong)(block >> 64));
    }
}

/// <summary>The normal distribution between two bounds: numbers outside are drawn again, each time from a lane of their own.</summary>
internal readonly struct TruncatedNormalDistribution : IDistribution
{
    // Lanes 0 and 1 are those of the stream itself and of its splits.
    private const ulong FirstLane = 2;

    public static double At(ulong key, ulong position, in DistributionShape shape)
    {
        for (ulong lane = FirstLane; ; lane++)
        {
            UInt128 block = Philox.Block(key, position, lane);
            double x = shape.Mean + shape.Deviation * Philox.Normal((ulong)block, (ulong)(block >> 64));
            if (x >= shape.Low && x <= shape.High) return x;
        }
    }
}

using Switchyard.Tensors;

namespace Switchyard.Cli.Benchmarks;

/// <summary>Single matrix products, large ones and such with few rows, against OpenBLAS.</summary>
internal static class MatrixProductSuite
{
    /// <summary>The group of products that keep the processor busy.</summary>
    public const string Large = "gemm-large/";

    // Together larger than the caches: as in a model, whose layers each have a weight, every product meets one that is cold.
    private const int ColdWeights = 8;

    // Which operand is transposed: nn none, nt the second, tn the first.
    private static readonly (int Rows, int Columns, int Inner, string Layout)[] LargeShapes =
    [
        (512, 512, 512, "nn"), (1024, 1024, 1024, "nn"), (2048, 2048, 2048, "nn"),
        (512, 4096, 1024, "nn"), (512, 4096, 1024, "nt"), (1024, 4096, 512, "tn"),
    ];

    private static readonly (int Rows, int Columns, int Inner, string Layout)[] SmallShapes =
    [
        (1, 1024, 4096, "nn"), (1, 1024, 4096, "nt"), (4, 1024, 4096, "nn"), (4, 1024, 4096, "nt"), (16, 1024, 4096, "nn"), (16, 1024, 4096, "nt"),
    ];

    /// <summary>All of them.</summary>
    public static IEnumerable<Benchmark> Create(OpenBlas? openBlas) =>
    [
        .. LargeShapes.Select(shape => Product(Large, shape, openBlas, weights: 1, static _ => Limits.FmaPeak())),
        .. SmallShapes.Select(shape => Product("gemm-small/", shape, openBlas, ColdWeights, static shape => shape.Rows == 1 ? WeightsRead() : Limits.FmaPeak())),
    ];

    private static RateBenchmark Product(
        string group, (int Rows, int Columns, int Inner, string Layout) shape, OpenBlas? openBlas, int weights, Func<(int Rows, int Columns, int Inner, string Layout), Contestant> limit)
    {
        (int rows, int columns, int inner, string layout) = shape;
        return new RateBenchmark($"{group}{rows}x{columns}x{inner}/{layout}", RateUnit.Gigaflops, threads =>
        {
            bool transposeA = layout[0] == 't', transposeB = layout[1] == 't';
            Philox random = new(1);
            Tensor a = Tensor.Uniform(transposeA ? [inner, rows] : [rows, inner], -1, 1, random), c = Tensor.Empty([rows, columns]);
            Tensor[] b = [.. Enumerable.Range(0, weights).Select(_ => Tensor.Uniform(transposeB ? [columns, inner] : [inner, columns], -1, 1, random))];
            openBlas?.UseThreads(threads);
            double work = 2.0 * rows * columns * inner;
            int call = 0;
            return new Contest(work, () => Tensor.MatMul(a, b[call++ % weights], transposeA, transposeB))
            {
                Peer = openBlas is null ? null : new Contestant("openblas", work, () => openBlas.Multiply(a, transposeA, b[call++ % weights], transposeB, c)),
                Limit = limit(shape),
            };
        });
    }

    // One row does two operations with every number of the weight: so many are possible while the weights are read.
    private static Contestant WeightsRead()
    {
        Contestant read = Limits.ReadBandwidth();
        return read with { Work = read.Work / sizeof(float) * 2 };
    }
}

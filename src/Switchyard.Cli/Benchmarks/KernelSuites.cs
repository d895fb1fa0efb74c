namespace Switchyard.Cli.Benchmarks;

/// <summary>Every benchmark of <c>bench kernels</c>, in the order in which they are measured.</summary>
internal static class KernelSuites
{
    /// <summary>Makes them.</summary>
    public static Benchmark[] Create(OpenBlas? openBlas)
    {
        Benchmark[] products = [.. MatrixProductSuite.Create(openBlas)];
        return
        [
            .. products,
            new ScalingBenchmark(openBlas),
            .. NarrowVectorSuite.Create(products),
            .. GroupedSuite.Create(openBlas),
            .. VectorSuite.Create(),
            .. AttentionSuite.Create(),
            .. MemorySuite.Create(),
        ];
    }
}

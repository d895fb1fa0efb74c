namespace Switchyard.Cli.Benchmarks;

/// <summary>Every benchmark of <c>bench moe</c>, in the order in which they are measured.</summary>
internal static class MixtureSuite
{
    private static readonly double[] ZipfExponents = [0.5, 1, 1.5];
    private static readonly double[] Temperatures = [2, 1, 0.5, 0.3, 0.1, 0];

    /// <summary>Makes them.</summary>
    /// <param name="full">Whether layers of HetuMoE's own size, width and inner width 2048, are among them: they take gigabytes and minutes.</param>
    public static IEnumerable<Benchmark> Create(bool full)
    {
        // The same ratio of tokens to inner width as HetuMoE's 1024 tokens × batch 8, 16 and 32 at 2048.
        foreach (int tokens in (int[])[1024, 2048, 4096])
            foreach (int topK in (int[])[1, 2])
                foreach (bool backward in (bool[])[true, false]) yield return new LayerBenchmark(new(tokens, 256, 256, 16, topK), backward);
        if (full)
        {
            foreach (int tokens in (int[])[8192, 16384, 32768])
                foreach (int topK in (int[])[1, 2]) yield return new LayerBenchmark(new(tokens, 2048, 2048, 16, topK), backward: true);
        }
        foreach (int topK in (int[])[1, 2])
            foreach (double exponent in ZipfExponents) yield return new SkewBenchmark(new(4096, 256, 256, 16, topK), exponent);
        foreach (int topK in (int[])[1, 2]) yield return new RoutingBenchmark(new(4096, 256, 256, 16, topK));
        foreach (double temperature in Temperatures) yield return new SparsifyingBenchmark(new(2048, 256, 512, 8, 1), temperature);
    }
}

/// <summary>The sizes of a mixture layer and of a batch for it.</summary>
/// <param name="Tokens">Tokens in the batch.</param>
/// <param name="Width">Length of a hidden vector.</param>
/// <param name="Hidden">Inner width of an expert, which has two matrices.</param>
/// <param name="Experts">How many experts.</param>
/// <param name="TopK">Experts of a token.</param>
internal readonly record struct LayerSize(int Tokens, int Width, int Hidden, int Experts, int TopK)
{
    /// <inheritdoc/>
    public override string ToString() => $"T{Tokens}-H{Hidden}-E{Experts}-k{TopK}";
}

using Switchyard.Tensors;

namespace Switchyard.Cli.Benchmarks;

/// <summary>The product of every expert in one call, against a loop over OpenBLAS.</summary>
internal static class GroupedSuite
{
    private const int Pairs = 4096, Width = 512, Hidden = 1024;

    /// <summary>All of them: 8, 16 and 64 experts whose loads fall as 1, 1/2, 1/3 and so on (Zipf's law).</summary>
    public static IEnumerable<Benchmark> Create(OpenBlas? openBlas) => new[] { 8, 16, 64 }.Select(experts => Product(experts, openBlas));

    private static RateBenchmark Product(int experts, OpenBlas? openBlas) => new($"grouped/{experts}/zipf1", RateUnit.Gigaflops, threads =>
    {
        Philox random = new(1);
        Tensor rows = Tensor.Uniform([Pairs, Width], -1, 1, random), weight = Tensor.Uniform([experts, Hidden, Width], -1, 1, random), result = Tensor.Empty([Pairs, Hidden]);
        int[] offsets = Offsets(experts, random);
        Tensor offsetsTensor = Tensor.From(offsets, [experts + 1]);
        double work = 2.0 * Pairs * Width * Hidden;
        openBlas?.UseThreads(threads);
        return new Contest(work, () => Tensor.GroupedLinear(rows, weight, offsetsTensor))
        {
            Peer = openBlas is null ? null : new Contestant("openblas", work, MultiplyOneByOne),
            Limit = Limits.FmaPeak(),
        };

        void MultiplyOneByOne()
        {
            for (int e = 0; e < experts; e++)
            {
                int count = offsets[e + 1] - offsets[e];
                if (count == 0) continue;
                openBlas.Multiply(
                    count, Hidden, Width, rows.AsReadOnlySpan<float>()[(offsets[e] * Width)..], false,
                    weight.AsReadOnlySpan<float>()[(e * Hidden * Width)..], true, result.AsSpan<float>()[(offsets[e] * Hidden)..]);
            }
        }
    });

    // The loads stand in no order, as those of a trained gate do.
    private static int[] Offsets(int experts, Philox random)
    {
        int[] ranks = [.. Enumerable.Range(1, experts)];
        for (int i = experts - 1; i > 0; i--)
        {
            int j = random.Next(i + 1);
            (ranks[i], ranks[j]) = (ranks[j], ranks[i]);
        }

        double total = ranks.Sum(static rank => 1.0 / rank), before = 0;
        int[] offsets = new int[experts + 1];
        for (int e = 0; e < experts; e++) offsets[e + 1] = (int)Math.Round(Pairs * ((before += 1.0 / ranks[e]) / total));
        return offsets;
    }
}

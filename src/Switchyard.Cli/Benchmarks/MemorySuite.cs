using Switchyard.Modules.Optimisers;
using Switchyard.Tensors;

namespace Switchyard.Cli.Benchmarks;

/// <summary>
/// Operations that move more than they compute, in bytes read and written, against a copy. All of them work on several
/// times what caches hold.
/// </summary>
internal static class MemorySuite
{
    private const int Parameters = 1 << 24;
    private const int Tokens = 1 << 14, Width = 1024, Experts = 8;

    /// <summary>All of them.</summary>
    public static IEnumerable<Benchmark> Create() => [AdamW(), Dispatch(), Combine()];

    // Reads the parameter, both moments and the gradient, writes all but the gradient.
    private static RateBenchmark AdamW() => new("memory/adamw", RateUnit.Gigabytes, _ =>
    {
        Tensor parameter = Tensor.Zeros([Parameters]);
        parameter.Gradient = Tensor.Normal([Parameters], 0, 1, new Philox(1));
        // Its moments are freed when it is collected.
        AdamW optimiser = new([("parameter", parameter)]);
        return new Contest(7.0 * sizeof(float) * Parameters, () => optimiser.Step(1e-3)) { Limit = Limits.CopyBandwidth() };
    });

    // Each pair reads a row and writes one.
    private static RateBenchmark Dispatch() => new("memory/dispatch", RateUnit.Gigabytes, _ =>
    {
        Tensor tokens = Tensor.Uniform([Tokens, Width], -1, 1, new Philox(1)), index = Pairs();
        return new Contest(2.0 * sizeof(float) * Width * index.Elements, () => Tensor.GatherRows(tokens, index)) { Limit = Limits.CopyBandwidth() };
    });

    // Each pair reads a row, each token writes one.
    private static RateBenchmark Combine() => new("memory/combine", RateUnit.Gigabytes, _ =>
    {
        Tensor index = Pairs(), weights = Tensor.Uniform([(int)index.Elements], 0, 1, new Philox(1)), rows = Tensor.Uniform([(int)index.Elements, Width], -1, 1, new Philox(2));
        return new Contest((double)sizeof(float) * Width * (index.Elements + Tokens), () => Tensor.ScatterAddRows(rows, index, Tokens, weights)) { Limit = Limits.CopyBandwidth() };
    });

    // Two experts of each token, as a gate that routes evenly would choose them: the tokens of each expert in their order.
    private static Tensor Pairs()
    {
        Philox random = new(3);
        (int First, int Second)[] chosen = new (int, int)[Tokens];
        foreach (ref (int First, int Second) pair in chosen.AsSpan())
        {
            int first = random.Next(Experts);
            pair = (first, (first + 1 + random.Next(Experts - 1)) % Experts);
        }

        int[] tokens = [.. Enumerable.Range(0, Experts).SelectMany(expert => Enumerable.Range(0, Tokens).Where(token => chosen[token].First == expert || chosen[token].Second == expert))];
        return Tensor.From(tokens, [tokens.Length]);
    }
}

using Switchyard.Tensors;

namespace Switchyard.Cli.Benchmarks;

/// <summary>Causal attention with 8 heads of width 64, forward and backward, and how its memory grows with the tokens.</summary>
internal static class AttentionSuite
{
    private const int Heads = 8, Width = 64;

    /// <summary>All of them.</summary>
    public static IEnumerable<Benchmark> Create() =>
    [
        .. new[] { 1024, 4096 }.Select(Rate),
        .. new[] { 1024, 2048, 4096 }.Select(static tokens => new MemoryUseBenchmark($"{Name(tokens)}/memory", () => Step(tokens))),
    ];

    // Of the seven products of all pairs, which causal attention needs half of, the scores that the backward pass makes
    // again do not count: two products forward, four backward.
    private static RateBenchmark Rate(int tokens) => new($"{Name(tokens)}/forward+backward", RateUnit.Gigaflops, _ =>
    {
        const int size = 2048;
        Tensor a = Tensor.Uniform([size, size], -1, 1, new Philox(1)), b = Tensor.Uniform([size, size], -1, 1, new Philox(2));
        double pairs = tokens * (tokens + 1.0) / 2;
        return new Contest(6 * 2 * pairs * Heads * Width, Step(tokens))
        {
            Limit = new Contestant("own matrix peak", 2.0 * size * size * size, () => Tensor.MatMul(a, b)),
        };
    });

    private static string Name(int tokens) => $"attention/{tokens}x{Heads}x{Width}/causal";

    private static Action Step(int tokens)
    {
        Philox random = new(3);
        Tensor q = Input(), k = Input(), v = Input(), upstream = Input();
        q.RequiresGradient = k.RequiresGradient = v.RequiresGradient = true;
        return () =>
        {
            Tensor y = Tensor.Attention(q, k, v, new AttentionMask(Causal: true));
            y.Backward(upstream);
            foreach (Tensor operand in (ReadOnlySpan<Tensor>)[q, k, v]) operand.ClearGradient();
        };

        Tensor Input() => Tensor.Normal([1, tokens, Heads, Width], 0, 1, random);
    }
}

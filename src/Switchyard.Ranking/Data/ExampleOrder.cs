using Switchyard.Tensors;

namespace Switchyard.Ranking.Data;

/// <summary>
/// A new order of all examples in every pass, as a pure function of the place: four rounds of a Feistel network over the
/// next power of four, walked until it falls among the examples. Nothing is kept, however many examples there are.
/// </summary>
/// <param name="count">How many examples there are.</param>
/// <param name="seed">Decides the orders.</param>
public sealed class ExampleOrder(long count, ulong seed)
{
    private const int Rounds = 4;

    private readonly int _halfBits = HalfBits(count);

    /// <summary>The example at a place that counts on over all passes.</summary>
    public long At(long place)
    {
        ulong key = new Philox(seed).Split("order").Split((ulong)(place / count)).Key;
        ulong index = (ulong)(place % count);
        do index = Permute(index, key);
        while (index >= (ulong)count);
        return (long)index;
    }

    private ulong Permute(ulong index, ulong key)
    {
        ulong mask = (1UL << _halfBits) - 1, left = index >> _halfBits, right = index & mask;
        for (int round = 0; round < Rounds; round++) (left, right) = (right, left ^ (Mix(right + key + ((ulong)round << 56)) & mask));
        return (left << _halfBits) | right;
    }

    // The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
    private static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }

    private static int HalfBits(long count)
    {
        int half = 1;
        while (1L << (2 * half) < count) half++;
        return half;
    }
}

using Switchyard.Tensors;

namespace Switchyard.Language.Translation;

/// <summary>
/// Training batches of pairs of about the same length, in an order that is a pure function of the seed: the n-th batch can
/// be had at any time. Each epoch shuffles the pairs, sorts pools of <see cref="PoolBatches"/> batches by length, cuts them
/// into batches and shuffles those. What is left over, less than a batch, sits the epoch out.
/// </summary>
public sealed class PairSampler
{
    /// <summary>Batches in a pool that is sorted by length.</summary>
    public const int PoolBatches = 50;

    private readonly IReadOnlyList<TokenPair> _pairs;
    private readonly int _batch;
    private readonly Philox _random;
    private (long Number, int[][] Batches) _epoch = (-1, []);

    /// <summary>Makes a sampler.</summary>
    /// <param name="pairs">The pairs.</param>
    /// <param name="batch">Pairs in a batch; all of them, where there are fewer.</param>
    /// <param name="seed">What decides the order.</param>
    public PairSampler(IReadOnlyList<TokenPair> pairs, int batch, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        if (batch < 1) throw new ArgumentException($"the batch is {batch} pairs: give 1 or more");
        (_pairs, _batch, _random) = (pairs, Math.Min(batch, pairs.Count), new Philox(seed).Split("pairs"));
    }

    /// <summary>Batches in an epoch.</summary>
    public int BatchesPerEpoch => _pairs.Count / _batch;

    /// <summary>Tokens that a batch predicts, on average.</summary>
    public long PredictionsPerBatch => Math.Max(1, (long)Math.Round(_pairs.Average(static pair => pair.Target.Length + 1.0) * _batch));

    /// <summary>The pairs of the n-th batch of the run.</summary>
    /// <param name="index">At least 0; it goes on over the ends of epochs.</param>
    public IReadOnlyList<TokenPair> Batch(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        (long epoch, long place) = Math.DivRem(index, BatchesPerEpoch);
        if (_epoch.Number != epoch) _epoch = (epoch, Lay(_random.Split((ulong)epoch)));
        return [.. _epoch.Batches[place].Select(pair => _pairs[pair])];
    }

    private int[][] Lay(Philox random)
    {
        int[] order = [.. Enumerable.Range(0, _pairs.Count)];
        Shuffle(order, random);
        int[][] batches = [.. order.Take(BatchesPerEpoch * _batch).Chunk(_batch * PoolBatches)
            .SelectMany(pool => pool.OrderBy(pair => _pairs[pair].Target.Length).ThenBy(pair => _pairs[pair].Source.Length).Chunk(_batch))];
        Shuffle(batches, random);
        return batches;
    }

    private static void Shuffle<T>(T[] items, Philox random)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = random.Next(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}

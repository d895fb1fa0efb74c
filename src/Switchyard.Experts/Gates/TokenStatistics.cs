using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>What a text that is to be learnt is like. Nothing is counted before it is asked for.</summary>
/// <param name="ids">The ids of the text, in order.</param>
/// <param name="vocabulary">How many different ids there are.</param>
public sealed class TokenStatistics(ReadOnlyMemory<int> ids, int vocabulary)
{
    private const int Dimensions = 32;

    /// <summary>How often each id occurs [vocabulary].</summary>
    public long[] Frequency()
    {
        long[] counts = new long[vocabulary];
        foreach (int id in ids.Span) counts[id]++;
        return counts;
    }

    /// <summary>
    /// A vector for each id, close for ids that stand between the same neighbours: the mean of random vectors of the id
    /// before and of the id after (random indexing, Kanerva et al. 2000). Ids that do not occur are 0.
    /// </summary>
    /// <returns>Float32 [vocabulary, dimensions]; it belongs to the caller.</returns>
    public Tensor Embedding()
    {
        using Tensor drawn = Tensor.Normal([2, vocabulary, Dimensions], 0, 1, new Philox(0).Split("random indexing"));
        ReadOnlySpan<float> random = drawn.AsReadOnlySpan<float>();
        Tensor embedding = Tensor.Zeros([vocabulary, Dimensions]);
        Span<float> sums = embedding.AsSpan<float>();
        ReadOnlySpan<int> text = ids.Span;
        int[] neighbours = new int[vocabulary];
        for (int i = 0; i < text.Length; i++)
        {
            if (i > 0) Add(sums, text[i], random.Slice(text[i - 1] * Dimensions, Dimensions));
            if (i + 1 < text.Length) Add(sums, text[i], random.Slice((vocabulary + text[i + 1]) * Dimensions, Dimensions));
        }
        for (int id = 0; id < vocabulary; id++)
            foreach (ref float sum in sums.Slice(id * Dimensions, Dimensions)) sum /= Math.Max(1, neighbours[id]);
        return embedding;

        void Add(Span<float> to, int id, ReadOnlySpan<float> vector)
        {
            Span<float> own = to.Slice(id * Dimensions, Dimensions);
            System.Numerics.Tensors.TensorPrimitives.Add(own, vector, own);
            neighbours[id]++;
        }
    }
}

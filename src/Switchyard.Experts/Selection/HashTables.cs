using Switchyard.Tensors;

namespace Switchyard.Experts.Selection;

/// <summary>Tables from token ids to experts (Hash Layers, arXiv 2106.04426, §3.1).</summary>
public static class HashTables
{
    private const int KMeansRounds = 20;

    /// <summary>Every id to an expert drawn at random.</summary>
    /// <returns>[vocabulary]</returns>
    public static int[] Random(int vocabulary, int experts, Philox random)
    {
        ArgumentNullException.ThrowIfNull(random);
        int[] table = new int[vocabulary];
        for (int id = 0; id < vocabulary; id++) table[id] = random.Next(experts);
        return table;
    }

    /// <summary>Ids by falling frequency, of equals the lower first, each to the expert with the least frequency so far, of equals the lower.</summary>
    /// <param name="frequency">How often each id occurs [vocabulary].</param>
    /// <param name="experts">How many experts there are.</param>
    /// <param name="random">Disturbs the order, for further tables that differ from the first; null for the order itself.</param>
    /// <returns>[vocabulary]</returns>
    public static int[] Balanced(IReadOnlyList<long> frequency, int experts, Philox? random = null)
    {
        ArgumentNullException.ThrowIfNull(frequency);
        double[] rank = [.. frequency.Select(count => count * (random is null ? 1 : 0.5 + random.NextDouble()))];
        int[] table = new int[frequency.Count];
        PriorityQueue<int, (long Load, int Expert)> lightest = new();
        for (int expert = 0; expert < experts; expert++) lightest.Enqueue(expert, (0, expert));
        foreach (int id in Enumerable.Range(0, frequency.Count).OrderByDescending(id => rank[id]))
        {
            lightest.TryDequeue(out int expert, out (long Load, int Expert) least);
            table[id] = expert;
            lightest.Enqueue(expert, (least.Load + frequency[id], expert));
        }
        return table;
    }

    /// <summary>Ids that are used alike, by k-means over their embeddings, to one expert.</summary>
    /// <param name="embedding">A vector for each id, Float32 [vocabulary, dimensions].</param>
    /// <param name="experts">How many experts, and clusters, there are.</param>
    /// <param name="random">Draws the first centres.</param>
    /// <returns>[vocabulary]</returns>
    public static int[] Clustered(Tensor embedding, int experts, Philox random)
    {
        ArgumentNullException.ThrowIfNull(embedding);
        ArgumentNullException.ThrowIfNull(random);
        int vocabulary = embedding.Shape[0], dimensions = embedding.Shape[1];
        ReadOnlySpan<float> vectors = embedding.AsReadOnlySpan<float>();
        float[] centres = new float[experts * dimensions];
        for (int expert = 0; expert < experts; expert++) vectors.Slice(random.Next(vocabulary) * dimensions, dimensions).CopyTo(centres.AsSpan(expert * dimensions));
        int[] table = new int[vocabulary];
        for (int round = 0; round < KMeansRounds; round++)
        {
            for (int id = 0; id < vocabulary; id++) table[id] = Nearest(vectors.Slice(id * dimensions, dimensions), centres);
            MoveCentres(vectors, table, centres, dimensions);
        }
        return table;
    }

    /// <summary>Each cluster of <see cref="Clustered"/> spread evenly over the experts.</summary>
    /// <inheritdoc cref="Clustered"/>
    public static int[] Dispersed(Tensor embedding, int experts, Philox random)
    {
        int[] clusters = Clustered(embedding, experts, random), table = new int[clusters.Length], next = new int[experts];
        // Each cluster begins its round at another expert: what does not divide evenly does not add up on the first.
        for (int cluster = 0; cluster < experts; cluster++) next[cluster] = cluster;
        for (int id = 0; id < table.Length; id++) table[id] = next[clusters[id]]++ % experts;
        return table;
    }

    /// <summary>The expert of two ids in a row.</summary>
    internal static int OfPair(int previous, int id, int segment, int experts)
    {
        // SplitMix64's finaliser spreads the pair over all bits.
        ulong hash = ((ulong)(uint)previous << 32 | (uint)id) + (ulong)segment * 0x9E3779B97F4A7C15;
        hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9;
        hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EB;
        return (int)((hash ^ (hash >> 31)) % (uint)experts);
    }

    private static int Nearest(ReadOnlySpan<float> vector, ReadOnlySpan<float> centres)
    {
        (int nearest, float least) = (0, float.PositiveInfinity);
        for (int centre = 0; centre < centres.Length / vector.Length; centre++)
        {
            float distance = System.Numerics.Tensors.TensorPrimitives.Distance(vector, centres.Slice(centre * vector.Length, vector.Length));
            if (distance < least) (nearest, least) = (centre, distance);
        }
        return nearest;
    }

    private static void MoveCentres(ReadOnlySpan<float> vectors, ReadOnlySpan<int> table, Span<float> centres, int dimensions)
    {
        int[] members = new int[centres.Length / dimensions];
        float[] sums = new float[centres.Length];
        for (int id = 0; id < table.Length; id++)
        {
            members[table[id]]++;
            for (int i = 0; i < dimensions; i++) sums[table[id] * dimensions + i] += vectors[id * dimensions + i];
        }
        for (int i = 0; i < sums.Length; i++)
            if (members[i / dimensions] > 0) centres[i] = sums[i] / members[i / dimensions];
    }
}

namespace Switchyard.Ranking.Data;

/// <summary>Encoded examples that can be read in any order.</summary>
public abstract class ExampleSource : IDisposable
{
    /// <summary>How a record is laid out.</summary>
    public abstract ExampleLayout Layout { get; }

    /// <summary>How many examples there are.</summary>
    public abstract long Count { get; }

    /// <summary>Reads one example.</summary>
    /// <param name="index">Which, from 0.</param>
    /// <param name="record">Its words, <see cref="ExampleLayout.Words"/> of them.</param>
    public abstract void Read(long index, Span<int> record);

    /// <summary>Examples by number, as a batch.</summary>
    public ExampleBatch Batch(ReadOnlySpan<long> indices)
    {
        int[] words = new int[indices.Length * Layout.Words];
        for (int i = 0; i < indices.Length; i++) Read(indices[i], words.AsSpan(i * Layout.Words, Layout.Words));
        return new ExampleBatch(Layout, words);
    }

    /// <summary>All examples, in order, in batches.</summary>
    public IEnumerable<ExampleBatch> Batches(int size)
    {
        for (long start = 0; start < Count; start += size)
        {
            long[] indices = new long[Math.Min(size, Count - start)];
            for (int i = 0; i < indices.Length; i++) indices[i] = start + i;
            yield return Batch(indices);
        }
    }

    /// <inheritdoc/>
    public virtual void Dispose() => GC.SuppressFinalize(this);
}

/// <summary>Examples in memory.</summary>
/// <param name="layout">How a record is laid out.</param>
/// <param name="words">The records, one after the other.</param>
public sealed class MemoryExamples(ExampleLayout layout, int[] words) : ExampleSource
{
    /// <inheritdoc/>
    public override ExampleLayout Layout => layout;

    /// <inheritdoc/>
    public override long Count => words.Length / layout.Words;

    /// <inheritdoc/>
    public override void Read(long index, Span<int> record) => words.AsSpan(checked((int)(index * layout.Words)), layout.Words).CopyTo(record);
}

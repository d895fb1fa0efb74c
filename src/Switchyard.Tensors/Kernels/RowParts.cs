namespace Switchyard.Tensors.Kernels;

/// <summary>
/// How the rows of a matrix, or elements as rows of one, are dealt out to parts: by their number alone, never by the
/// number of threads.
/// </summary>
/// <param name="Rows">How many rows.</param>
/// <param name="RowsPerPart">How many rows a part has; the last may have fewer.</param>
internal readonly record struct RowParts(long Rows, long RowsPerPart)
{
    // Three such parts stay in a first-level cache.
    private const int PartElements = 1 << 12;

    // A hundred times what is on its way from memory at any moment, and a hundredth of what is worth sharing out.
    private const int MovedElements = 1 << 16;

    // Enough to share among many threads, few enough that adding up one row of sums per part costs little.
    private const int MostSums = 64;

    /// <summary>Parts of some thousand elements.</summary>
    public static RowParts Of(long rows, long width) => new(rows, Math.Max(1, PartElements / Math.Max(1, width)));

    /// <summary>Larger parts, for kernels that move more than they compute: at the beginning of each, nothing has been fetched ahead.</summary>
    public static RowParts ToMove(long rows, long width) => new(rows, Math.Max(1, MovedElements / Math.Max(1, width)));

    /// <summary>At most 64 parts, for kernels that leave a row of sums per part.</summary>
    public static RowParts WithSums(long rows, long width) => new(rows, Math.Max(Of(rows, width).RowsPerPart, (rows + MostSums - 1) / MostSums));

    public int Count => checked((int)((Rows + RowsPerPart - 1) / RowsPerPart));

    public long Start(int part) => part * RowsPerPart;

    public long End(int part) => Math.Min(Rows, (part + 1) * RowsPerPart);

    public int Length(int part) => (int)(End(part) - Start(part));
}

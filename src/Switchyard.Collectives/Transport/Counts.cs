namespace Switchyard.Collectives.Transport;

/// <summary>Sums of counts, which LINQ has for other types only.</summary>
internal static class Counts
{
    /// <summary>How much they are together.</summary>
    public static nint Sum(this IEnumerable<nint> counts)
    {
        nint sum = 0;
        foreach (nint count in counts) sum += count;
        return sum;
    }
}

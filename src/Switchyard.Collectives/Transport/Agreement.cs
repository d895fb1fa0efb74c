namespace Switchyard.Collectives.Transport;

/// <summary>What all ranks know of each other's calls before they carry them out.</summary>
/// <param name="Lowest">The smallest <see cref="Call.Digest"/>.</param>
/// <param name="Highest">The largest.</param>
/// <param name="Balance">The sum of <see cref="Call.Balance"/>; not 0 where counts do not fit together.</param>
/// <param name="Volume">The sum of <see cref="Call.Volume"/>.</param>
internal readonly record struct Agreement(ulong Lowest, ulong Highest, ulong Balance, long Volume)
{
    /// <summary>What one rank brings.</summary>
    public static Agreement Of(in Call call)
    {
        ulong digest = call.Digest;
        return new Agreement(digest, digest, call.Balance, call.Volume);
    }

    /// <summary>Whether every rank called the same.</summary>
    public bool SameDigest => Lowest == Highest;

    /// <summary>What two sets of ranks without a common one bring together.</summary>
    public Agreement With(in Agreement other) =>
        new(Math.Min(Lowest, other.Lowest), Math.Max(Highest, other.Highest), Balance + other.Balance, Volume + other.Volume);
}

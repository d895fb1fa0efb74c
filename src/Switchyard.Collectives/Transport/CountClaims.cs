namespace Switchyard.Collectives.Transport;

/// <summary>
/// What one rank says another gets from a third, scrambled into one number: senders add their numbers, receivers subtract
/// theirs, and the sum over all ranks is 0 when they say the same (and otherwise once in 2⁶⁴).
/// </summary>
internal static class CountClaims
{
    /// <summary>The number of "rank <paramref name="from"/> sends <paramref name="bytes"/> to rank <paramref name="to"/>".</summary>
    public static ulong Of(int from, int to, nint bytes) => Mix(Mix(Mix((ulong)from + 1) + (ulong)to) + (ulong)bytes);

    // The finaliser of SplitMix64.
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}

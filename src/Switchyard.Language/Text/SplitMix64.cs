namespace Switchyard.Language.Text;

/// <summary>The mixing function of the SplitMix64 generator (Steele, Lea and Flood 2014): a bijection of 64 bits.</summary>
internal static class SplitMix64
{
    /// <summary>The golden ratio, by which the generator's counter goes on.</summary>
    public const ulong Step = 0x9E3779B97F4A7C15;

    /// <summary>Scatters a number over all 64-bit numbers.</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    /// <summary>Brings 64 random bits to a number at least 0 and less than a bound, evenly to within bound / 2^64.</summary>
    public static long Below(ulong random, long bound) => (long)Math.BigMul(random, (ulong)bound, out _);
}

using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Switchyard.Tensors.Kernels;

/// <summary>
/// float32 to and from the two 16-bit formats: rounded to nearest, ties to even, subnormals kept, a finite value
/// above the largest becomes an infinity, and a NaN stays a NaN of the same sign. The bits do not depend on the
/// processor or on where in a span a number stands. bfloat16, which has no .NET type, travels as
/// <see cref="ushort"/>: the upper half of the bits of a float32.
/// </summary>
public static class HalfConversion
{
    private const uint Magnitude = 0x7FFF_FFFF;
    private const uint Infinity = 0x7F80_0000;
    private const uint QuietBit = 0x0040_0000;

    /// <summary>Rounds float32 to bfloat16.</summary>
    /// <param name="source">[n]</param>
    /// <param name="destination">[n]</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void ToBFloat16(ReadOnlySpan<float> source, Span<ushort> destination)
    {
        RequireSameLength(source.Length, destination.Length);
        ReadOnlySpan<uint> bits = MemoryMarshal.Cast<float, uint>(source);
        int i = 0;
        for (; i <= bits.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector<uint> low = RoundToUpperHalf(new Vector<uint>(bits[i..]));
            Vector<uint> high = RoundToUpperHalf(new Vector<uint>(bits[(i + Vector<uint>.Count)..]));
            Vector.Narrow(low, high).CopyTo(destination[i..]);
        }
        for (; i < bits.Length; i++) destination[i] = (ushort)RoundToUpperHalf(new Vector<uint>(bits[i]))[0];
    }

    /// <summary>Widens bfloat16 to float32, exactly.</summary>
    /// <param name="source">[n]</param>
    /// <param name="destination">[n]</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void FromBFloat16(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        RequireSameLength(source.Length, destination.Length);
        Span<uint> bits = MemoryMarshal.Cast<float, uint>(destination);
        int i = 0;
        for (; i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(source[i..]), out Vector<uint> low, out Vector<uint> high);
            (low << 16).CopyTo(bits[i..]);
            (high << 16).CopyTo(bits[(i + Vector<uint>.Count)..]);
        }
        for (; i < source.Length; i++) bits[i] = (uint)source[i] << 16;
    }

    /// <summary>Rounds float32 to float16.</summary>
    /// <param name="source">[n]</param>
    /// <param name="destination">[n]</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void ToFloat16(ReadOnlySpan<float> source, Span<Half> destination)
    {
        RequireSameLength(source.Length, destination.Length);
        TensorPrimitives.ConvertToHalf(source, destination);
    }

    /// <summary>Widens float16 to float32, exactly.</summary>
    /// <param name="source">[n]</param>
    /// <param name="destination">[n]</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void FromFloat16(ReadOnlySpan<Half> source, Span<float> destination)
    {
        RequireSameLength(source.Length, destination.Length);
        TensorPrimitives.ConvertToSingle(source, destination);
    }

    // Adding just under half of the lower bits, or exactly half where the kept part is odd, rounds ties to even and
    // carries into the exponent. A NaN must not take that road: it could become an infinity, or lose its sign.
    private static Vector<uint> RoundToUpperHalf(Vector<uint> bits)
    {
        Vector<uint> odd = (bits >> 16) & Vector<uint>.One;
        Vector<uint> rounded = bits + odd + new Vector<uint>(0x7FFF);
        Vector<uint> isNaN = Vector.GreaterThan(bits & new Vector<uint>(Magnitude), new Vector<uint>(Infinity));
        return Vector.ConditionalSelect(isNaN, bits | new Vector<uint>(QuietBit), rounded) >> 16;
    }

    private static void RequireSameLength(int source, int destination)
    {
        if (source != destination)
            throw new ArgumentException($"{source} numbers do not fit a destination of {destination}: give both the same length");
    }
}

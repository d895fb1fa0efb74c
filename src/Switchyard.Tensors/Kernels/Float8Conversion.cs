namespace Switchyard.Tensors.Kernels;

/// <summary>
/// float32 to and from the 8-bit formats of the Open Compute Project ("OCP 8-bit Floating Point Specification
/// (OFP8)", revision 1.0, sections 5.1 and 5.2): e4m3, largest value 448, no infinities, and e5m2, largest value
/// 57344. Rounded to nearest, ties to even; subnormals and the sign of zero are kept; a NaN stays a NaN.
/// </summary>
public static class Float8Conversion
{
    private static readonly Format E4M3 = new(MantissaBits: 3, SmallestExponent: -6, Largest: 0x7E, Overflow: 0x7F, NaN: 0x7F);
    private static readonly Format E5M2 = new(MantissaBits: 2, SmallestExponent: -14, Largest: 0x7B, Overflow: 0x7C, NaN: 0x7E);
    private static readonly float[] E4M3Values = E4M3.Values();
    private static readonly float[] E5M2Values = E5M2.Values();

    /// <summary>Rounds float32 to e4m3.</summary>
    /// <param name="source">[n]</param>
    /// <param name="destination">[n]</param>
    /// <param name="saturate">Whether what is too large, infinities included, becomes the largest value; otherwise
    /// it becomes NaN.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void ToE4M3(ReadOnlySpan<float> source, Span<byte> destination, bool saturate = false) =>
        Encode(source, destination, saturate ? E4M3 with { Overflow = E4M3.Largest } : E4M3);

    /// <summary>Rounds float32 to e5m2; what is too large becomes an infinity.</summary>
    /// <param name="source">[n]</param>
    /// <param name="destination">[n]</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void ToE5M2(ReadOnlySpan<float> source, Span<byte> destination) => Encode(source, destination, E5M2);

    /// <summary>Widens e4m3 to float32, exactly.</summary>
    /// <param name="source">[n]</param>
    /// <param name="destination">[n]</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void FromE4M3(ReadOnlySpan<byte> source, Span<float> destination) => Decode(source, destination, E4M3Values);

    /// <summary>Widens e5m2 to float32, exactly.</summary>
    /// <param name="source">[n]</param>
    /// <param name="destination">[n]</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void FromE5M2(ReadOnlySpan<byte> source, Span<float> destination) => Decode(source, destination, E5M2Values);

    private static void Encode(ReadOnlySpan<float> source, Span<byte> destination, Format format)
    {
        RequireSameLength(source.Length, destination.Length);
        for (int i = 0; i < source.Length; i++) destination[i] = format.Encode(source[i]);
    }

    private static void Decode(ReadOnlySpan<byte> source, Span<float> destination, float[] values)
    {
        RequireSameLength(source.Length, destination.Length);
        for (int i = 0; i < source.Length; i++) destination[i] = values[source[i]];
    }

    private static void RequireSameLength(int source, int destination)
    {
        if (source != destination)
            throw new ArgumentException($"{source} numbers do not fit a destination of {destination}: give both the same length");
    }

    /// <summary>A sign, an exponent and a mantissa in 8 bits; patterns are given without their sign.</summary>
    /// <param name="MantissaBits">Bits behind the binary point.</param>
    /// <param name="SmallestExponent">The power of two of the smallest normal number.</param>
    /// <param name="Largest">The pattern of the largest finite number.</param>
    /// <param name="Overflow">The pattern of what is too large.</param>
    /// <param name="NaN">The pattern of a NaN.</param>
    private readonly record struct Format(int MantissaBits, int SmallestExponent, byte Largest, byte Overflow, byte NaN)
    {
        public byte Encode(float value)
        {
            int sign = float.IsNegative(value) ? 0x80 : 0;
            if (float.IsNaN(value)) return (byte)(sign | NaN);
            if (float.IsInfinity(value)) return (byte)(sign | Overflow);
            // Counted in steps of its own binade, a normal number's leading one adds the exponent's last unit, and
            // rounding up to the next binade carries by itself. Every product here is exact in float64.
            int exponent = Math.Max(value == 0 ? SmallestExponent : MathF.ILogB(value), SmallestExponent);
            double steps = Math.Round(Math.ScaleB(Math.Abs((double)value), MantissaBits - exponent), MidpointRounding.ToEven);
            int pattern = ((exponent - SmallestExponent) << MantissaBits) + (int)steps;
            return (byte)(sign | (pattern > Largest ? Overflow : pattern));
        }

        /// <summary>What each of the 256 patterns means.</summary>
        public float[] Values()
        {
            float[] values = new float[256];
            for (int pattern = 0; pattern < 128; pattern++)
            {
                int exponent = pattern >> MantissaBits;
                int mantissa = pattern & ((1 << MantissaBits) - 1);
                int steps = exponent == 0 ? mantissa : mantissa + (1 << MantissaBits);
                float value = MathF.ScaleB(steps, Math.Max(exponent, 1) - 1 + SmallestExponent - MantissaBits);
                if (pattern > Largest) value = pattern == Overflow && Overflow != NaN ? float.PositiveInfinity : float.NaN;
                values[pattern] = value;
                values[pattern | 0x80] = -value;
            }
            return values;
        }
    }
}

using Switchyard.Tensors.Kernels;

namespace Switchyard.Tests.Tensors.Kernels;

public sealed class Float8ConversionTests
{
    private static readonly byte[] Patterns = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];

    [Fact]
    public void Values_are_those_of_the_specification()
    {
        float[] e4m3 = new float[256], e5m2 = new float[256];
        Float8Conversion.FromE4M3(Patterns, e4m3);
        Float8Conversion.FromE5M2(Patterns, e5m2);
        // The table of exceptional values of the specification.
        Assert.Equal([448, MathF.Pow(2, -6), 7 * MathF.Pow(2, -9), MathF.Pow(2, -9)], new[] { e4m3[0x7E], e4m3[0x08], e4m3[0x07], e4m3[0x01] });
        Assert.Equal([57344, MathF.Pow(2, -14), 3 * MathF.Pow(2, -16), MathF.Pow(2, -16)], new[] { e5m2[0x7B], e5m2[0x04], e5m2[0x03], e5m2[0x01] });
        Assert.True(float.IsNaN(e4m3[0x7F]) && float.IsNaN(e4m3[0xFF]));
        Assert.Equal(2, e4m3.Count(float.IsNaN));
        Assert.Equal([0x7C, 0xFC], Patterns.Where(pattern => float.IsInfinity(e5m2[pattern])));
        Assert.Equal(6, e5m2.Count(float.IsNaN));
        // e5m2 is the upper half of a float16.
        for (int i = 0; i < 256; i++) Assert.Equal((float)BitConverter.UInt16BitsToHalf((ushort)(i << 8)), e5m2[i]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void E4M3_rounds_as_a_search_says(bool saturate)
    {
        float[] values = new float[256];
        Float8Conversion.FromE4M3(Patterns, values);
        AssertRounds(values[..0x7F], next: 480, saturate ? 0x7E : 0x7F, (source, destination) => Float8Conversion.ToE4M3(source, destination, saturate));
    }

    [Fact]
    public void E5M2_rounds_as_a_search_says()
    {
        float[] values = new float[256];
        Float8Conversion.FromE5M2(Patterns, values);
        AssertRounds(values[..0x7C], next: 65536, 0x7C, Float8Conversion.ToE5M2);
    }

    [Fact]
    public void A_NaN_stays_one()
    {
        float[] source = [float.NaN, -float.NaN, BitConverter.UInt32BitsToSingle(0x7F80_0001), BitConverter.UInt32BitsToSingle(0xFFFF_FFFF)];
        byte[] e4m3 = new byte[4], saturated = new byte[4], e5m2 = new byte[4];
        float[] wide = new float[4];
        Float8Conversion.ToE4M3(source, e4m3);
        Float8Conversion.ToE4M3(source, saturated, saturate: true);
        Float8Conversion.ToE5M2(source, e5m2);
        Float8Conversion.FromE4M3(e4m3, wide);
        Assert.All(wide, value => Assert.True(float.IsNaN(value)));
        Float8Conversion.FromE4M3(saturated, wide);
        Assert.All(wide, value => Assert.True(float.IsNaN(value)));
        Float8Conversion.FromE5M2(e5m2, wide);
        Assert.All(wide, value => Assert.True(float.IsNaN(value)));
    }

    [Fact]
    public void Lengths_must_agree()
    {
        Assert.Throws<ArgumentException>(() => Float8Conversion.ToE4M3(new float[2], new byte[1]));
        Assert.Throws<ArgumentException>(() => Float8Conversion.FromE5M2(new byte[1], new float[2]));
    }

    private delegate void Encoder(ReadOnlySpan<float> source, Span<byte> destination);

    /// <param name="values">The non-negative finite values, ascending; their patterns are their places.</param>
    /// <param name="next">What would follow the largest, had the format one exponent more.</param>
    /// <param name="overflow">The pattern of what rounds to <paramref name="next"/> or beyond.</param>
    /// <param name="encode">What is tested.</param>
    private static void AssertRounds(float[] values, float next, int overflow, Encoder encode)
    {
        float[] steps = [.. values, next];
        for (int i = 0; i < values.Length; i++)
        {
            float middle = (steps[i] + steps[i + 1]) / 2;
            int above = i + 1 < values.Length ? i + 1 : overflow;
            AssertBoth(steps[i], i);
            AssertBoth(MathF.BitDecrement(middle), i);
            AssertBoth(middle, i % 2 == 0 ? i : above);
            AssertBoth(MathF.BitIncrement(middle), above);
        }
        AssertBoth(float.Epsilon, 0);
        AssertBoth(float.MaxValue, overflow);
        AssertBoth(float.PositiveInfinity, overflow);

        void AssertBoth(float value, int expected)
        {
            byte[] patterns = new byte[2];
            encode([value, -value], patterns);
            Assert.Equal(expected, patterns[0]);
            Assert.Equal(expected | 0x80, patterns[1]);
        }
    }
}

using System.Runtime.InteropServices;
using FsCheck;
using FsCheck.Fluent;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tests.Tensors.Kernels;

public sealed class HalfConversionTests
{
    private static readonly ushort[] Patterns = [.. Enumerable.Range(0, 1 << 16).Select(i => (ushort)i)];

    [Fact]
    public void Every_bfloat16_survives()
    {
        float[] wide = new float[Patterns.Length];
        HalfConversion.FromBFloat16(Patterns, wide);
        ushort[] back = new ushort[wide.Length];
        HalfConversion.ToBFloat16(wide, back);
        for (int i = 0; i < Patterns.Length; i++)
        {
            Assert.Equal((uint)i << 16, BitConverter.SingleToUInt32Bits(wide[i]));
            // A signalling NaN comes back quiet.
            Assert.Equal(float.IsNaN(wide[i]) ? i | 0x40 : i, back[i]);
        }
    }

    [Fact]
    public void Every_float16_survives()
    {
        Half[] narrow = [.. Patterns.Select(BitConverter.UInt16BitsToHalf)];
        float[] wide = new float[narrow.Length];
        HalfConversion.FromFloat16(narrow, wide);
        Half[] back = new Half[narrow.Length];
        HalfConversion.ToFloat16(wide, back);
        for (int i = 0; i < narrow.Length; i++)
        {
            Assert.Equal(BitConverter.SingleToUInt32Bits((float)narrow[i]), BitConverter.SingleToUInt32Bits(wide[i]));
            if (Half.IsNaN(narrow[i])) Assert.True(Half.IsNaN(back[i]) && Half.IsNegative(back[i]) == Half.IsNegative(narrow[i]));
            else Assert.Equal(Patterns[i], BitConverter.HalfToUInt16Bits(back[i]));
        }
    }

    [Fact]
    public void Floats_around_every_half_round_as_the_plain_search_says()
    {
        // Between two neighbouring 16-bit numbers: the lower, just below the middle, the middle, just above it.
        foreach (ushort pattern in Patterns)
        {
            uint bits = (uint)pattern << 16;
            foreach (uint low in (uint[])[0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF]) AssertRounds(BitConverter.UInt32BitsToSingle(bits | low));
            Half half = BitConverter.UInt16BitsToHalf(pattern);
            if (!Half.IsFinite(half)) continue;
            float middle = ((float)half + (float)Half.BitIncrement(half)) / 2;
            if (!float.IsFinite(middle)) middle = MathF.CopySign(65520, middle);
            AssertRounds(middle);
            AssertRounds(MathF.BitIncrement(middle));
            AssertRounds(MathF.BitDecrement(middle));
        }
    }

    [Fact]
    public void The_place_in_a_span_does_not_matter()
    {
        Gen<uint[]> numbers = Gen.Choose(int.MinValue, int.MaxValue).Select(bits => (uint)bits).ArrayOf();
        Check.One(Config.QuickThrowOnFailure.WithReplay(1, 3).WithMaxTest(500), Prop.ForAll(Arb.From(numbers), bits =>
        {
            float[] source = [.. bits.Concat([0x7F80_0001u, 0xFFFF_FFFFu, 0x7F80_0000u, 0x8000_0000u, 1u]).Select(BitConverter.UInt32BitsToSingle)];
            ushort[] brain = new ushort[source.Length];
            Half[] half = new Half[source.Length];
            HalfConversion.ToBFloat16(source, brain);
            HalfConversion.ToFloat16(source, half);
            float[] brainWide = new float[source.Length], halfWide = new float[source.Length];
            HalfConversion.FromBFloat16(brain, brainWide);
            HalfConversion.FromFloat16(half, halfWide);
            ushort[] brainAlone = new ushort[1];
            Half[] halfAlone = new Half[1];
            float[] wideAlone = new float[1];
            for (int i = 0; i < source.Length; i++)
            {
                HalfConversion.ToBFloat16(source.AsSpan(i, 1), brainAlone);
                Assert.Equal(brainAlone[0], brain[i]);
                HalfConversion.ToFloat16(source.AsSpan(i, 1), halfAlone);
                Assert.Equal(BitConverter.HalfToUInt16Bits(halfAlone[0]), BitConverter.HalfToUInt16Bits(half[i]));
                HalfConversion.FromBFloat16(brainAlone, wideAlone);
                Assert.Equal(BitConverter.SingleToUInt32Bits(wideAlone[0]), BitConverter.SingleToUInt32Bits(brainWide[i]));
                HalfConversion.FromFloat16(halfAlone, wideAlone);
                Assert.Equal(BitConverter.SingleToUInt32Bits(wideAlone[0]), BitConverter.SingleToUInt32Bits(halfWide[i]));
            }
        }));
    }

    [Fact]
    public void Lengths_must_agree()
    {
        Assert.Throws<ArgumentException>(() => HalfConversion.ToBFloat16(new float[2], new ushort[3]));
        Assert.Throws<ArgumentException>(() => HalfConversion.FromBFloat16(new ushort[2], new float[3]));
        Assert.Throws<ArgumentException>(() => HalfConversion.ToFloat16(new float[2], new Half[3]));
        Assert.Throws<ArgumentException>(() => HalfConversion.FromFloat16(new Half[2], new float[3]));
    }

    private static void AssertRounds(float value)
    {
        // 32 copies go through the vectors, and three more through what follows them.
        float[] source = [.. Enumerable.Repeat(value, 35)];
        ushort[] brain = new ushort[35];
        Half[] half = new Half[35];
        HalfConversion.ToBFloat16(source, brain);
        HalfConversion.ToFloat16(source, half);
        Assert.Equal(-1, brain.AsSpan().IndexOfAnyExcept(PlainBFloat16(value)));
        Span<ushort> halfBits = MemoryMarshal.Cast<Half, ushort>(half.AsSpan());
        Assert.Equal(-1, halfBits.IndexOfAnyExcept(BitConverter.HalfToUInt16Bits((Half)value)));
    }

    // By distance, in float64, where everything is exact: an infinity stands for the number after the largest.
    private static ushort PlainBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        ushort towardsZero = (ushort)(bits >> 16);
        if (float.IsNaN(value)) return (ushort)(towardsZero | 0x40);
        if (float.IsInfinity(value)) return towardsZero;
        ushort away = (ushort)(towardsZero + 1);
        double below = Math.Abs(value) - Exact(towardsZero);
        double above = Exact(away) - Math.Abs(value);
        return below < above || (below == above && towardsZero % 2 == 0) ? towardsZero : away;

        static double Exact(ushort pattern)
        {
            int exponent = (pattern >> 7) & 0xFF, mantissa = pattern & 0x7F;
            return exponent == 0 ? Math.ScaleB(mantissa, -133) : Math.ScaleB(mantissa + 128, exponent - 134);
        }
    }
}

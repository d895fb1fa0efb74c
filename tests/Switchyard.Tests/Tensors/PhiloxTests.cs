using System.Runtime.Intrinsics.X86;
using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tests.Tensors;

public class PhiloxTests
{
    // The known answers of the authors' own library (Random123, kat_vectors).
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void KnownAnswers(uint x0, uint x1, uint x2, uint x3, uint keyA, uint keyB, uint y0, uint y1, uint y2, uint y3)
        => Assert.Equal((y0, y1, y2, y3), Philox.Generate(x0, x1, x2, x3, keyA, keyB, 10));

    [Fact]
    public void AStreamResumesAtItsPosition()
    {
        Philox random = new(5);
        for (int i = 0; i < 10; i++) random.NextUInt64();
        Philox resumed = new(random.Key, random.Position);
        Assert.Equal(random.NextUInt64(), resumed.NextUInt64());
    }

    [Fact]
    public void ASplitDoesNotDependOnWhatWasDrawn()
    {
        Philox random = new(5);
        ulong before = random.Split("dropout").NextUInt64();
        random.NextUInt64();
        Assert.Equal(before, random.Split("dropout").NextUInt64());
        Assert.NotEqual(before, random.Split("noise").NextUInt64());
    }

    [Fact]
    public void FilledTensorsHaveTheirMoments()
    {
        using TensorScope scope = new();
        Tensor uniform = Tensor.Uniform([100_000], -2, 4, new Philox(1)), normal = Tensor.Normal([100_000], 3, 2, new Philox(1));
        Assert.Equal(1, uniform.Mean().ToDouble(), 0.03);
        Assert.Equal(Math.Sqrt(3), uniform.StandardDeviation([0]).ToDouble(), 0.02);
        Assert.Equal(3, normal.Mean().ToDouble(), 0.03);
        Assert.Equal(2, normal.StandardDeviation([0]).ToDouble(), 0.02);
        Assert.True(uniform.Smallest([0]).ToDouble() >= -2 && uniform.Largest([0]).ToDouble() <= 4);
    }

    [Fact]
    public void AFilledTensorMovesTheStreamOn()
    {
        using TensorScope scope = new();
        Philox random = new(1);
        Tensor first = Tensor.Normal([10], 0, 1, random), second = Tensor.Normal([10], 0, 1, random);
        Tensor both = Tensor.Normal([20], 0, 1, new Philox(1));
        Assert.Equal(both.ToArray<float>(), Tensor.Concat([first, second], 0).ToArray<float>());
    }

    // Drawn by the first version of these streams: a run that is resumed must find the same numbers.
    [Fact]
    public void TheStreamsOfTensorsKeepTheirBits()
    {
        using TensorScope scope = new();
        Assert.Equal([0x3FAF5482u, 0xBFA830BBu, 0xBF922321u, 0xBF9B40CAu, 0xBE8D4084u], Bits(Tensor.Uniform([5], -2, 4, new Philox(7, 0xFFFFFFFE))));
        Assert.Equal([0x3F5C1B49u, 0x3B2040AEu, 0xBF71A32Bu, 0x3FAADB48u, 0x403CDABFu], Bits(Tensor.Normal([5], 3, 2, new Philox(7, 0xFFFFFFFE))));
        Assert.Equal([0xBEB6F18Bu, 0xBE99A05Fu, 0xBE460B85u, 0xBDDF5838u, 0x3E608660u], Bits(Tensor.TruncatedNormal([5], 0, 1, -0.5, 0.5, new Philox(7, 0xFFFFFFFE))));

        static uint[] Bits(Tensor x) => Array.ConvertAll(x.ToArray<float>(), BitConverter.SingleToUInt32Bits);
    }

    [Fact]
    public void FilledTensorsHaveTheNumbersOneByOne()
    {
        using TensorScope scope = new();
        const int Count = 10_007;
        const ulong Key = 0xFEDCBA9876543210, First = 0xFFFFFF00;
        float[] uniform = new float[Count], normal = new float[Count];
        double[] normalInDouble = new double[Count];
        for (int i = 0; i < Count; i++)
        {
            UInt128 block = Philox.Block(Key, First + (ulong)i, 0);
            uniform[i] = (float)(0.9 + (1.1 - 0.9) * ((ulong)block >> 40) * (1.0 / (1 << 24)));
            double number = Philox.Normal((ulong)block, (ulong)(block >> 64));
            normal[i] = (float)(0.5 + 3 * number);
            normalInDouble[i] = number;
        }
        Assert.Equal(uniform, Tensor.Uniform([Count], 0.9, 1.1, new Philox(Key, First)).ToArray<float>());
        Assert.Equal(normal, Tensor.Normal([Count], 0.5, 3, new Philox(Key, First)).ToArray<float>());
        Assert.Equal(normalInDouble, Tensor.Normal([Count], 0, 1, new Philox(Key, First), ElementType.Float64).ToArray<double>());
    }

    // The approximations decide, but where they cannot: with so small a deviation every number lies next to the mean.
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1e-7)]
    [InlineData(-3, 1e-12)]
    public unsafe void NormalNumbersAreThoseOneByOneWithVectorsOfAnyWidth(double mean, double deviation)
    {
        const int Count = 5_003;
        ulong[] blocks = new ulong[2 * Count];
        float[] numbers = new float[Count], expected = new float[Count];
        fixed (ulong* bits = blocks)
        fixed (float* y = numbers)
        {
            PhiloxBlocks.Fill(3, 0, 0, Count, (uint*)bits);
            // The ends of both uniform numbers.
            (blocks[0], blocks[1], blocks[2], blocks[3]) = (0, 0, ulong.MaxValue, ulong.MaxValue);
            for (int i = 0; i < Count; i++) expected[i] = (float)(mean + deviation * Philox.Normal(blocks[2 * i], blocks[2 * i + 1]));
            NormalNumbers.Fill<Simd128<double>>(bits, Count, mean, deviation, y);
            Assert.Equal(expected, numbers);
            NormalNumbers.Fill<Simd256<double>>(bits, Count, mean, deviation, y);
            Assert.Equal(expected, numbers);
            NormalNumbers.Fill<Simd512<double>>(bits, Count, mean, deviation, y);
            Assert.Equal(expected, numbers);
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0xFFFFFFFEUL, 2)] // the counter carries into its second word
    [InlineData(0x123456789ABCDEFUL, 0x300000001UL)]
    public unsafe void RunsOfBlocksAreTheBlocksOneByOne(ulong position, ulong lane)
    {
        const int Count = 39;
        const ulong Key = 0xFEDCBA9876543210;
        UInt128[] blocks = new UInt128[Count], expected = [.. Enumerable.Range(0, Count).Select(block => Philox.Block(Key, position + (ulong)block, lane))];
        fixed (UInt128* numbers = blocks)
        {
            PhiloxBlocks.Fill<Words128>(Key, position, lane, Count, (uint*)numbers);
            Assert.Equal(expected, blocks);
            if (!Avx2.IsSupported) return;
            PhiloxBlocks.Fill<Words256>(Key, position, lane, Count, (uint*)numbers);
            Assert.Equal(expected, blocks);
            PhiloxBlocks.Fill<Words512>(Key, position, lane, Count, (uint*)numbers);
            Assert.Equal(expected, blocks);
        }
    }
}

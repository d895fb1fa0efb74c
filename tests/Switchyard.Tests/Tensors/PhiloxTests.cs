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

    [Theory]
    [InlineData(0)]
    [InlineData(0xFFFFFFFEUL)] // the counter carries into its second word
    [InlineData(0x123456789ABCDEFUL)]
    public unsafe void RunsOfBlocksAreTheBlocksOneByOne(ulong position)
    {
        const int Count = 19;
        const ulong Key = 0xFEDCBA9876543210;
        uint* numbers = stackalloc uint[Count * PhiloxBlocks.Numbers];
        PhiloxBlocks.Fill(Key, position, Count, numbers);
        for (int block = 0; block < Count; block++) Assert.Equal(Philox.Block(Key, position + (ulong)block, 0), *(UInt128*)(numbers + block * PhiloxBlocks.Numbers));
    }
}

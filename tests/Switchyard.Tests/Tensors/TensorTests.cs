using System.Numerics.Tensors;
using Switchyard.Tensors;
using Tensor = Switchyard.Tensors.Tensor;

namespace Switchyard.Tests.Tensors;

public class TensorTests
{
    [Fact]
    public void ATensorSpanSeesTheSameMemory()
    {
        using Tensor x = Tensor.From([1f, 2, 3, 4, 5, 6], [2, 3]);
        TensorSpan<float> span = x.AsTensorSpan<float>();
        span[1, 2] = 60;
        Assert.Equal(2, span.Rank);
        Assert.Equal(60, x.ToArray<float>()[5]);
        Assert.Equal(4, x.AsReadOnlyTensorSpan<float>()[1, 0]);
    }

    [Fact]
    public void WrongTypesAndCountsAreRefused()
    {
        using Tensor x = Tensor.Zeros([2, 3], ElementType.Int32);
        Assert.Throws<ArgumentException>(() => x.AsSpan<float>().Length);
        Assert.Throws<ArgumentException>(() => x.RequiresGradient = true);
        Assert.Throws<ArgumentException>(() => Tensor.From([1f], [2]));
        Assert.Throws<ArgumentException>(() => _ = x + x);
        Assert.Throws<InvalidOperationException>(() => x.ToDouble());
        Assert.Throws<ArgumentException>(() => Shape.Create([1, 2, 3, 4, 5, 6, 7]));
        Assert.Throws<ArgumentException>(() => Shape.Create([-1]));
    }

    [Theory]
    [InlineData(ElementType.Float32)]
    [InlineData(ElementType.Float64)]
    [InlineData(ElementType.Int32)]
    [InlineData(ElementType.BFloat16)]
    [InlineData(ElementType.Float16)]
    public void ConversionGoesThereAndBack(ElementType type)
    {
        using TensorScope scope = new();
        double[] numbers = [.. Enumerable.Range(-100, 5000).Select(static i => (double)(i % 128))];
        Tensor x = Tensor.From(numbers, [numbers.Length]);
        foreach (ElementType by in Enum.GetValues<ElementType>())
            Assert.Equal(numbers, x.To(type).To(by).To(ElementType.Float64).ToArray<double>());
    }

    [Fact]
    public void ConversionToIntegersCutsAndSaturates()
    {
        using TensorScope scope = new();
        Tensor x = Tensor.From([1.9f, -1.9f, 1e20f, -1e20f, float.NaN], [5]);
        Assert.Equal([1, -1, int.MaxValue, int.MinValue, 0], x.To(ElementType.Int32).ToArray<int>());
    }

    [Fact]
    public void TiesZerosAndNaNHaveTheirPlaceInAnOrder()
    {
        using TensorScope scope = new();
        Tensor x = Tensor.From([float.NaN, 1f, -0f, 0f, 1f, float.PositiveInfinity, -2f, float.NegativeInfinity], [8]);
        Assert.Equal([7, 6, 2, 3, 1, 4, 5, 0], x.ArgSort().ToArray<int>());
        Assert.Equal([5, 1, 4, 2, 3, 6, 7, 0], x.ArgSort(descending: true).ToArray<int>());
        Assert.Equal([5, 1, 4], x.TopK(3).Indices.ToArray<int>());
        for (int count = 0; count <= 8; count++)
        {
            Assert.Equal([.. ((int[])[5, 1, 4, 2, 3, 6, 7, 0]).Take(count)], x.ArgTopK(count).ToArray<int>());
            Assert.Equal([.. ((int[])[7, 6, 2, 3, 1, 4, 5, 0]).Take(count)], x.ArgTopK(count, largest: false).ToArray<int>());
        }
        Assert.Equal(0, x.ArgMax(0).ToArray<int>()[0]);
    }

    // A few of a line, more of it and all of it go different ways, along the last axis and along the first.
    [Fact]
    public void FewOfALineAreTheFirstOfItsOrder()
    {
        using TensorScope scope = new();
        Tensor coarse = ThreadCounts.Random(3, [50, 37]) * 2, x = (coarse.To(ElementType.Int32)).To(ElementType.Float32);
        foreach (int axis in (int[])[0, 1])
            foreach (bool largest in (bool[])[true, false])
                for (int count = 1; count <= 6; count++)
                    Assert.Equal(x.ArgSort(axis, largest).Slice(axis, 0, count).ToArray<int>(), x.ArgTopK(count, axis, largest).ToArray<int>());
    }

    [Fact]
    public void LongLinesAreSortedAsShortOnes()
    {
        using TensorScope scope = new();
        Tensor x = Tensor.From([.. Enumerable.Range(0, 3000).Select(static i => (double)(i * 7919 % 500))], [3, 1000]);
        int[] sorted = x.ArgSort(1, descending: true).ToArray<int>(), top = x.TopK(16, 1).Indices.ToArray<int>(), more = x.TopK(17, 1).Indices.ToArray<int>();
        double[] numbers = x.ToArray<double>();
        for (int row = 0; row < 3; row++)
        {
            int[] expected = [.. Enumerable.Range(0, 1000).OrderByDescending(i => numbers[row * 1000 + i])];
            Assert.Equal(expected, sorted[(row * 1000)..(row * 1000 + 1000)]);
            Assert.Equal(expected[..16], top[(row * 16)..(row * 16 + 16)]);
            Assert.Equal(expected[..17], more[(row * 17)..(row * 17 + 17)]);
        }
    }

    [Fact]
    public void AnIndexOutOfRangeIsNamed()
    {
        using TensorScope scope = new();
        Tensor x = Tensor.Zeros([4, 3]), index = Tensor.From([0, 3, 4], [3]);
        ArgumentOutOfRangeException failure = Assert.Throws<ArgumentOutOfRangeException>(() => x.IndexSelect(0, index));
        Assert.Contains("index 4 at position 2", failure.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Tensor.Embedding(x, Tensor.From([-1], [1])));
        Assert.Throws<ArgumentOutOfRangeException>(() => x.Gather(1, Tensor.From([3], [1, 1])));
        Assert.Throws<ArgumentOutOfRangeException>(() => Tensor.From([5], [1]).OneHot(5));
        Assert.Throws<ArgumentOutOfRangeException>(() => Tensor.From([-5], [1]).BinCount());
    }

    [Fact]
    public void WhatDoesNotBroadcastIsNotAddedInPlace()
    {
        using TensorScope scope = new();
        Tensor x = Tensor.Zeros([3]);
        Assert.Throws<ArgumentException>(() => x.AddInPlace(Tensor.Full([2], 1)));
        Assert.Throws<ArgumentException>(() => x.AddInPlace(Tensor.Full([2, 3], 1)));
        Assert.Equal([0f, 0, 0], x.ToArray<float>());
        Tensor whole = Tensor.From([1, 2, 3], [3]);
        Assert.Throws<ArgumentException>(() => whole.MultiplyInPlace(2));
        Assert.Equal([1, 2, 3], whole.ToArray<int>());
    }

    [Fact]
    public void AShapeOfMoreElementsThanCanBeCountedIsRefused()
    {
        Assert.Throws<ArgumentException>(() => Shape.Create([1 << 16, 1 << 16, 1 << 16, 1 << 16]));
        Assert.Throws<ArgumentException>(() => Shape.Create([0, int.MaxValue, int.MaxValue, int.MaxValue]));
        Assert.Equal(1L << 50, Shape.Create([1 << 25, 1 << 25]).Elements);
    }

    [Fact]
    public void EmptyTensorsGoThroughEveryOperation()
    {
        using TensorScope scope = new();
        Tensor x = Tensor.Zeros([0, 3], ElementType.Float64);
        x.RequiresGradient = true;
        Tensor y = (x * x).Exp().Transpose(0, 1).CumulativeSum(1).Flip([0]).Roll(0, 1).Tile([1, 2]).RepeatInterleave(0, 2).LowerTriangle();
        Tensor sum = Tensor.Concat([y.Sort(0).Values, y], 0).Sum() + x.IndexSelect(0, Tensor.Zeros([0], ElementType.Int32)).Sum([0]).Mean() + x.Slice(0, 0, 0).Product(1).Sum();
        sum.Backward();
        Assert.Equal(0, sum.ToDouble());
        Assert.Equal([0, 3], x.Gradient!.Shape.ToArray());
        Assert.Throws<InvalidOperationException>(() => x.Largest([0]));
    }
}

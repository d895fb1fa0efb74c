using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.Operations;

public class ReductionsTest
{
    [Theory]
    [InlineData(new[] { 3, 4, 5 }, new[] { 0 })]
    [InlineData(new[] { 3, 4, 5 }, new[] { 1 })]
    [InlineData(new[] { 3, 4, 5 }, new[] { 2 })]
    [InlineData(new[] { 3, 4, 5 }, new[] { 0, 2 })]
    [InlineData(new[] { 3, 4, 5 }, new[] { -1, 0, 1 })]
    [InlineData(new[] { 2, 3, 2, 3, 2 }, new[] { 1, 3 })]
    [InlineData(new[] { 2, 3, 2, 3, 2 }, new[] { 0, 2, 4 })]
    [InlineData(new[] { 700, 300 }, new[] { 0 })]
    [InlineData(new[] { 7, 40_000 }, new[] { 1 })]
    [InlineData(new[] { 90_000, 3 }, new[] { 0 })]
    [InlineData(new[] { 3, 5_000 }, new[] { 0 })]
    [InlineData(new[] { 100_000 }, new[] { 0 })]
    [InlineData(new[] { 3, 0, 5 }, new[] { 1 })]
    [InlineData(new[] { 3, 0, 5 }, new[] { 0 })]
    [InlineData(new[] { 1, 4, 1 }, new[] { 0, 2 })]
    public void SumIsThatOfAPlainLoop(int[] extents, int[] axes)
    {
        using TensorScope scope = new();
        Shape shape = Shape.Create(extents);
        // Whole numbers: sums are exact in any order.
        double[] numbers = [.. Enumerable.Range(0, (int)shape.Elements).Select(i => (double)(i * 7919 % 101 - 50))];
        double[] expected = PlainSum(numbers, shape, axes, out Shape kept);

        Tensor doubles = Tensor.From(numbers, shape).Sum(axes, keepAxes: true);
        Tensor floats = Tensor.From(Array.ConvertAll(numbers, n => (float)n), shape).Sum(axes);

        Assert.Equal(kept, doubles.Shape);
        Assert.Equal(shape.WithoutAxes(axes), floats.Shape);
        Assert.Equal(expected, doubles.ToArray<double>());
        Assert.Equal(expected, Array.ConvertAll(floats.ToArray<float>(), n => (double)n));
    }

    private static double[] PlainSum(double[] numbers, Shape shape, int[] axes, out Shape kept)
    {
        kept = shape;
        foreach (int axis in axes) kept = kept.With(axis, 1);
        double[] sums = new double[kept.Elements];
        for (long i = 0; i < numbers.Length; i++)
        {
            long rest = i, to = 0, step = 1;
            for (int axis = shape.Rank - 1; axis >= 0; axis--)
            {
                (rest, long index) = Math.DivRem(rest, shape[axis]);
                if (kept[axis] != 1) to += index * step;
                step *= kept[axis];
            }
            sums[to] += numbers[i];
        }
        return sums;
    }
}

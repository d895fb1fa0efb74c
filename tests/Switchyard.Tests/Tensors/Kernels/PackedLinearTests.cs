using Switchyard.Tensors.Kernels;

namespace Switchyard.Tests.Tensors.Kernels;

public sealed class PackedLinearTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 8, 24)]
    [InlineData(17, 5, 200)]
    [InlineData(128, 70, 33)]
    [InlineData(5, 300, 700)]
    [InlineData(4, 9, 0)]
    public void It_is_a_linear_map(int rows, int columns, int inner)
    {
        Random random = new(1);
        int stride = inner + 3;
        float[] x = Numbers(random, rows * stride), weight = Numbers(random, columns * inner), bias = Numbers(random, columns), y = new float[rows * columns];
        PackedLinear map = new(weight, columns);
        Assert.Equal((long)columns * inner, map.Weights);
        foreach (bool rectifies in (ReadOnlySpan<bool>)[false, true])
        {
            map.Multiply(x, rows, stride, bias, rectifies, y);
            for (int row = 0; row < rows; row++)
            {
                for (int column = 0; column < columns; column++)
                {
                    double sum = bias[column];
                    for (int i = 0; i < inner; i++) sum += (double)x[row * stride + i] * weight[column * inner + i];
                    Assert.Equal(rectifies ? Math.Max(0, sum) : sum, y[row * columns + column], 1e-4);
                }
            }
        }
    }

    [Fact]
    public void A_row_has_the_same_bits_alone_and_among_others_and_nothing_is_allocated()
    {
        const int Rows = 100, Columns = 45, Inner = 613;
        Random random = new(2);
        float[] x = Numbers(random, Rows * Inner), bias = Numbers(random, Columns), all = new float[Rows * Columns], one = new float[Columns];
        PackedLinear map = new(Numbers(random, Columns * Inner), Columns);
        map.Multiply(x, Rows, Inner, bias, true, all);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int row = 0; row < Rows; row++)
        {
            map.Multiply(x.AsSpan(row * Inner, Inner), 1, Inner, bias, true, one);
            if (!one.AsSpan().SequenceEqual(all.AsSpan(row * Columns, Columns))) Assert.Fail($"row {row} has other bits");
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        PackedLinear map = new(new float[6], 2);
        Assert.Throws<ArgumentException>(() => map.Multiply(new float[5], 2, 3, new float[2], false, new float[4]));
        Assert.Throws<ArgumentException>(() => map.Multiply(new float[6], 2, 3, new float[2], false, new float[3]));
        Assert.Throws<ArgumentException>(() => map.Multiply(new float[6], 2, 3, new float[1], false, new float[4]));
        Assert.Throws<ArgumentException>(() => map.Multiply(new float[6], 2, 2, new float[2], false, new float[4]));
        Assert.Throws<ArgumentException>(() => new PackedLinear(new float[7], 2));
    }

    private static float[] Numbers(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (float)(2 * random.NextDouble() - 1))];
}

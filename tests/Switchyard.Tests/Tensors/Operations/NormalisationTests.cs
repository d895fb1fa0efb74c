using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tests.Tensors.Operations;

[Collection(nameof(WorkerPool))]
public class NormalisationTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(21)]
    [InlineData(300)]
    public void IsThatOfAPlainLoop(int width)
    {
        using TensorScope scope = new();
        const double epsilon = 1e-5;
        Tensor x = ThreadCounts.Random(1, [3, width]), weight = ThreadCounts.Random(2, [width]), bias = ThreadCounts.Random(3, [width]);
        float[] numbers = x.ToArray<float>(), w = weight.ToArray<float>(), b = bias.ToArray<float>();
        float[] rms = Tensor.RmsNorm(x, weight, epsilon).ToArray<float>(), layer = Tensor.LayerNorm(x, weight, bias, 1, epsilon).ToArray<float>();
        for (int row = 0; row < 3; row++)
        {
            double[] values = [.. numbers.Skip(row * width).Take(width).Select(value => (double)value)];
            double mean = values.Average(), variance = values.Select(value => (value - mean) * (value - mean)).Average(), square = values.Select(value => value * value).Average();
            for (int i = 0; i < width; i++)
            {
                Assert.Equal(values[i] / Math.Sqrt(square + epsilon) * w[i], rms[row * width + i], 1e-5);
                Assert.Equal((values[i] - mean) / Math.Sqrt(variance + epsilon) * w[i] + b[i], layer[row * width + i], 1e-5);
            }
        }
    }

    [Fact]
    public void Gradients()
    {
        FusedGradients.Check(x => Tensor.RmsNorm(x[0], x[1], 1e-3), FusedGradients.Random(1, [2, 3, 5]), FusedGradients.Random(2, [5]));
        FusedGradients.Check(x => Tensor.RmsNorm(x[0], null, 1e-3), FusedGradients.Random(1, [4, 9]));
        FusedGradients.Check(x => Tensor.LayerNorm(x[0], x[1], x[2], 2, 1e-3), FusedGradients.Random(1, [2, 3, 4]), FusedGradients.Random(2, [3, 4]), FusedGradients.Random(3, [3, 4]));
        FusedGradients.Check(x => Tensor.LayerNorm(x[0], null, x[1], 1, 1e-3), FusedGradients.Random(1, [3, 5]), FusedGradients.Random(2, [5]));
    }

    [Fact]
    public void SameBitsForAnyNumberOfThreads()
        => ThreadCounts.AssertSameBits(() =>
        [
            .. ThreadCounts.WithGradients(x => Tensor.RmsNorm(x[0], x[1], 1e-5), ThreadCounts.Random(1, [700, 33]), ThreadCounts.Random(2, [33])),
            .. ThreadCounts.WithGradients(x => Tensor.LayerNorm(x[0], x[1], x[2], 1, 1e-5), ThreadCounts.Random(1, [700, 33]), ThreadCounts.Random(2, [33]), ThreadCounts.Random(3, [33])),
        ]);

    [Fact]
    public void WrongShapesAreNamed()
    {
        using TensorScope scope = new();
        Tensor x = Tensor.Zeros([2, 3]);
        Assert.Throws<ArgumentException>(() => Tensor.RmsNorm(x, Tensor.Zeros([4]), 1e-5));
        Assert.Throws<ArgumentException>(() => Tensor.LayerNorm(x, null, null, 3, 1e-5));
        Assert.Throws<ArgumentException>(() => Tensor.LayerNorm(x, Tensor.Zeros([3]), null, 2, 1e-5));
    }
}

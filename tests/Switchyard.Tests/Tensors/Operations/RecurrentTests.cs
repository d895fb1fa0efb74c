using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tests.Tensors.Operations;

[Collection(nameof(WorkerPool))]
public class RecurrentTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 3, 5)]
    [InlineData(3, 4, 19)]
    public void IsThatOfAPlainLoop(int batch, int time, int hidden)
    {
        using TensorScope scope = new();
        Tensor projected = ThreadCounts.Random(1, [batch, time, 4 * hidden]), recurrent = ThreadCounts.Random(2, [4 * hidden, hidden]), initial = ThreadCounts.Random(3, [batch, 2 * hidden]);
        float[] p = projected.ToArray<float>(), r = recurrent.ToArray<float>(), start = initial.ToArray<float>();
        float[] actual = Tensor.Lstm(projected, recurrent, initial).ToArray<float>();
        for (int b = 0; b < batch; b++)
        {
            double[] h = new double[hidden], c = new double[hidden];
            for (int i = 0; i < hidden; i++) (h[i], c[i]) = (start[b * 2 * hidden + i], start[b * 2 * hidden + hidden + i]);
            for (int t = 0; t < time; t++)
            {
                double[] a = new double[4 * hidden];
                for (int g = 0; g < a.Length; g++)
                {
                    a[g] = p[(b * time + t) * 4 * hidden + g];
                    for (int i = 0; i < hidden; i++) a[g] += r[g * hidden + i] * h[i];
                }
                for (int i = 0; i < hidden; i++)
                {
                    c[i] = Sigmoid(a[hidden + i]) * c[i] + Sigmoid(a[i]) * Math.Tanh(a[2 * hidden + i]);
                    h[i] = Sigmoid(a[3 * hidden + i]) * Math.Tanh(c[i]);
                    Assert.Equal(h[i], actual[(b * time + t) * 2 * hidden + i], 2e-6);
                    Assert.Equal(c[i], actual[(b * time + t) * 2 * hidden + hidden + i], 5e-6);
                }
            }
        }

        static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
    }

    [Fact]
    public void GradientsOfBothWays()
    {
        FusedGradients.Check(
            static x => Tensor.Lstm(x[0], x[1], x[2]),
            FusedGradients.Random(1, [2, 3, 12]), FusedGradients.Random(2, [12, 3]), FusedGradients.Random(3, [2, 6]));
    }

    [Fact]
    public void TheSameBitsForAnyNumberOfThreads() => ThreadCounts.AssertSameBits(static () =>
    {
        Tensor projected = ThreadCounts.Random(1, [33, 6, 4 * 24]), recurrent = ThreadCounts.Random(2, [4 * 24, 24]), initial = ThreadCounts.Random(3, [33, 48]);
        return ThreadCounts.WithGradients(static x => Tensor.Lstm(x[0], x[1], x[2]), projected, recurrent, initial);
    });

    [Fact]
    public void NoTimeAndNoSequencesGiveNothing()
    {
        using TensorScope scope = new();
        Tensor recurrent = ThreadCounts.Random(2, [8, 2]);
        Assert.Equal([3, 0, 4], Tensor.Lstm(Tensor.Zeros([3, 0, 8]), recurrent, Tensor.Zeros([3, 4])).Shape);
        Assert.Equal([0, 5, 4], Tensor.Lstm(Tensor.Zeros([0, 5, 8]), recurrent, Tensor.Zeros([0, 4])).Shape);
    }

    [Fact]
    public void WrongShapesAreNamed()
    {
        using TensorScope scope = new();
        Assert.Throws<ArgumentException>(() => Tensor.Lstm(Tensor.Zeros([2, 3, 8]), Tensor.Zeros([8, 3]), Tensor.Zeros([2, 4])));
        Assert.Throws<ArgumentException>(() => Tensor.Lstm(Tensor.Zeros([2, 3, 8]), Tensor.Zeros([8, 2]), Tensor.Zeros([3, 4])));
    }
}

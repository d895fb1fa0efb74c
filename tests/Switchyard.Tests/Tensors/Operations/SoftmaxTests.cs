using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tests.Tensors.Operations;

[Collection(nameof(WorkerPool))]
public class SoftmaxTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(9)]
    [InlineData(70)]
    public void IsThatOfAPlainLoop(int width)
    {
        using TensorScope scope = new();
        Tensor x = ThreadCounts.Random(1, [4, width]) * 10;
        float[] numbers = x.ToArray<float>(), y = x.Softmax().ToArray<float>(), logarithms = x.LogSoftmax().ToArray<float>(), normalisers = x.LogSumExp().ToArray<float>();
        for (int row = 0; row < 4; row++)
        {
            double normaliser = Math.Log(numbers.Skip(row * width).Take(width).Sum(value => Math.Exp(value)));
            Assert.Equal(normaliser, normalisers[row], 1e-5);
            for (int i = row * width; i < (row + 1) * width; i++)
            {
                Assert.Equal(Math.Exp(numbers[i] - normaliser), y[i], 1e-6);
                Assert.Equal(numbers[i] - normaliser, logarithms[i], 1e-5);
            }
        }
    }

    [Fact]
    public void AbsentEntriesAreZeroAndSoIsARowOfThem()
    {
        using TensorScope scope = new();
        const float absent = float.NegativeInfinity;
        Tensor x = Tensor.From([1, absent, 1, absent, absent, absent], [2, 3]);
        x.RequiresGradient = true;
        Tensor y = x.Softmax();
        Assert.Equal([0.5f, 0, 0.5f, 0, 0, 0], y.ToArray<float>());
        Assert.Equal([0, 0, 0, 0, 0, 0], Gradients.Of(y, [x], Tensor.Full([2, 3], 3))[0].ToArray<float>());
        Assert.Equal(absent, x.LogSumExp().ToArray<float>()[1]);
    }

    [Fact]
    public void NotANumberIsNotHidden()
    {
        using TensorScope scope = new();
        Assert.All(Tensor.From([1, float.NaN, 2], [3]).Softmax().ToArray<float>(), value => Assert.True(float.IsNaN(value)));
    }

    [Fact]
    public void GradientsAlongEveryAxis()
    {
        for (int axis = 0; axis < 3; axis++)
        {
            FusedGradients.Check(x => x[0].Softmax(axis), FusedGradients.Random(1, [2, 3, 4]));
            FusedGradients.Check(x => x[0].LogSoftmax(axis), FusedGradients.Random(1, [2, 3, 4]));
            FusedGradients.Check(x => x[0].LogSumExp(axis), FusedGradients.Random(1, [2, 3, 4]));
        }
    }

    [Fact]
    public void SameBitsForAnyNumberOfThreads()
        => ThreadCounts.AssertSameBits(() => ThreadCounts.WithGradients(x => x[0].Softmax(), ThreadCounts.Random(1, [700, 37])));
}

using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tests.Tensors.Operations;

[Collection(nameof(WorkerPool))]
public class DropoutTests
{
    [Fact]
    public void KeepsTheExpectationAndUsesTheStreamsNumbers()
    {
        using TensorScope scope = new();
        const int count = 40_003;
        Philox random = new(7);
        random.NextUInt64();
        float[] y = Tensor.Dropout(Tensor.Full([count], 1), 0.25, random).ToArray<float>();
        for (int i = 0; i < count; i++)
        {
            uint bits = (uint)(Philox.Block(7, 1 + (ulong)(i / 4), 0) >> (i % 4 * 32));
            Assert.Equal(bits >= 0x40000000 ? 4f / 3 : 0, y[i]);
        }
        Assert.Equal(1, y.Average(), 0.02);
        Assert.Equal(1 + (ulong)((count + 3) / 4), random.Position);
    }

    [Fact]
    public void TheGradientHasTheSameMask()
    {
        FusedGradients.Check(x => Tensor.Dropout(x[0], 0.5, new Philox(3)).Square(), FusedGradients.Random(1, [3, 7]));
    }

    [Fact]
    public void ProbabilitiesZeroAndOne()
    {
        using TensorScope scope = new();
        Tensor x = ThreadCounts.Random(1, [33]);
        Assert.Equal(x.ToArray<float>(), Tensor.Dropout(x, 0, new Philox(1)).ToArray<float>());
        Assert.All(Tensor.Dropout(x, 1, new Philox(1)).ToArray<float>(), value => Assert.Equal(0, value));
        Assert.Throws<ArgumentOutOfRangeException>(() => Tensor.Dropout(x, double.NaN, new Philox(1)));
    }

    [Fact]
    public void SameBitsForAnyNumberOfThreads()
        => ThreadCounts.AssertSameBits(() => [Tensor.Dropout(Tensor.Full([50_001], 1), 0.3, new Philox(9))]);
}

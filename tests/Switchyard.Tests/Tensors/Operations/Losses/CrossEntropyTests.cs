using Switchyard.Tensors;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tests.Tensors.Operations.Losses;

[Collection(nameof(WorkerPool))]
public class CrossEntropyTests
{
    [Theory]
    [InlineData(LossReduction.Mean, 0)]
    [InlineData(LossReduction.Sum, 0.1)]
    [InlineData(LossReduction.None, 0.3)]
    public void Gradients(LossReduction reduction, double smoothing)
    {
        Tensor targets = Tensor.From([2, -100, 0, 4], [4]);
        Tensor weight = Tensor.From([0.5, 1, 2, 0, 1.5], [5]);
        FusedGradients.Check(x => Tensor.CrossEntropy(x[0], targets, null, reduction, labelSmoothing: smoothing), FusedGradients.Random(1, [4, 5]));
        FusedGradients.Check(x => Tensor.CrossEntropy(x[0], targets, weight, reduction, labelSmoothing: smoothing), FusedGradients.Random(1, [4, 5]));
    }

    [Fact]
    public void ClassesMayStandOnTheMiddleAxis()
    {
        Tensor targets = Tensor.From([2, 1, 0, 2, 2, 1], [2, 3]);
        FusedGradients.Check(x => Tensor.CrossEntropy(x[0], targets), FusedGradients.Random(1, [2, 4, 3]));
        FusedGradients.Check(x => Tensor.CrossEntropy(x[0], Tensor.From([1], [])), FusedGradients.Random(1, [4]));
    }

    [Fact]
    public void EqualLogitsCostTheLogarithmOfTheClasses()
    {
        using TensorScope scope = new();
        Assert.Equal(Math.Log(256), Tensor.CrossEntropy(Tensor.Full([9, 256], 5), Tensor.From(new int[9], [9])).ToDouble(), 1e-5);
    }

    [Fact]
    public void NothingThatCountsGivesZero()
    {
        using TensorScope scope = new();
        Tensor[] results = ThreadCounts.WithGradients(x => Tensor.CrossEntropy(x[0], Tensor.From([7, 7], [2]), ignoredTarget: 7), ThreadCounts.Random(1, [2, 3]));
        Assert.All(results, result => Assert.All(result.ToArray<float>(), value => Assert.Equal(0, value)));
    }

    [Fact]
    public void SameBitsForAnyNumberOfThreads()
        => ThreadCounts.AssertSameBits(() => ThreadCounts.WithGradients(
            x => Tensor.CrossEntropy(x[0], Tensor.From(Enumerable.Range(0, 900).Select(i => i % 37).ToArray(), [900])), ThreadCounts.Random(1, [900, 37])));

    [Fact]
    public void WrongUseIsNamed()
    {
        using TensorScope scope = new();
        Tensor logits = Tensor.Zeros([2, 3]);
        Assert.Contains("target 3 is no class", Assert.Throws<ArgumentException>(() => Tensor.CrossEntropy(logits, Tensor.From([0, 3], [2]))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Tensor.CrossEntropy(logits, Tensor.From([0, 1, 2], [3])));
        Assert.Throws<ArgumentException>(() => Tensor.CrossEntropy(logits, Tensor.From([0, 1], [2]), Tensor.Zeros([2])));
        Assert.Throws<ArgumentOutOfRangeException>(() => Tensor.CrossEntropy(logits, Tensor.From([0, 1], [2]), labelSmoothing: 2));
    }
}

using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.Operations;

public class MatMulTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void GradientsOfBroadcastBatches(bool transposeA, bool transposeB)
    {
        Shape a = transposeA ? [2, 1, 4, 3] : [2, 1, 3, 4], b = transposeB ? [3, 2, 4] : [3, 4, 2];
        FusedGradients.Check(x => Tensor.MatMul(x[0], x[1], transposeA, transposeB), FusedGradients.Random(1, a), FusedGradients.Random(2, b));
    }

    [Fact]
    public void GradientsOfVectorsAndOfATallMatrix()
    {
        FusedGradients.Check(x => Tensor.MatMul(x[0], x[1]), FusedGradients.Random(1, [4]), FusedGradients.Random(2, [3, 4, 2]));
        FusedGradients.Check(x => Tensor.MatMul(x[0], x[1]), FusedGradients.Random(1, [2, 3, 4]), FusedGradients.Random(2, [4]));
        FusedGradients.Check(x => Tensor.MatMul(x[0], x[1]), FusedGradients.Random(1, [4]), FusedGradients.Random(2, [4]));
        FusedGradients.Check(x => Tensor.Linear(x[0], x[1], x[2]), FusedGradients.Random(1, [2, 3, 4]), FusedGradients.Random(2, [5, 4]), FusedGradients.Random(3, [5]));
    }

    [Fact]
    public void WrongShapesAreNamed()
    {
        using TensorScope scope = new();
        Tensor a = Tensor.Zeros([2, 3]), b = Tensor.Zeros([4, 5]);
        Assert.Contains("inner extents 3 and 4", Assert.Throws<ArgumentException>(() => Tensor.MatMul(a, b)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Tensor.MatMul(a, Tensor.Scalar(1)));
        Assert.Throws<ArgumentException>(() => Tensor.MatMul(a, Tensor.Zeros([3, 2], ElementType.Float64)));
        Assert.Throws<ArgumentException>(() => Tensor.MatMul(Tensor.Zeros([2, 3, 4]), Tensor.Zeros([3, 4, 5])));
        Assert.Throws<ArgumentException>(() => Tensor.Linear(a, Tensor.Zeros([3])));
    }
}

using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.Operations;

public class GroupedLinearTests
{
    [Fact]
    public void EveryGroupIsALinearMapOfItsOwn()
    {
        using TensorScope scope = new();
        int[] offsets = [0, 3, 3, 7, 8];
        Tensor rows = FusedGradients.Random(1, [8, 5]), weight = FusedGradients.Random(2, [4, 6, 5]);
        double[] y = Tensor.GroupedLinear(rows, weight, Tensor.From(offsets, [5])).ToArray<double>();
        double[] x = rows.ToArray<double>(), w = weight.ToArray<double>();
        for (int e = 0; e < 4; e++)
        {
            for (int row = offsets[e]; row < offsets[e + 1]; row++)
            {
                for (int o = 0; o < 6; o++)
                {
                    double sum = 0;
                    for (int i = 0; i < 5; i++) sum += x[row * 5 + i] * w[(e * 6 + o) * 5 + i];
                    Assert.Equal(sum, y[row * 6 + o], 12);
                }
            }
        }
    }

    [Fact]
    public void GradientsWithEmptyGroups()
    {
        Tensor offsets = Tensor.From([0, 0, 3, 3, 5, 5], [6]);
        FusedGradients.Check(x => Tensor.GroupedLinear(x[0], x[1], offsets), FusedGradients.Random(1, [5, 3]), FusedGradients.Random(2, [5, 2, 3]));
    }

    [Fact]
    public void RowsThatAreTakenFromWhereTheyLieHaveTheSameProductsAndGradients()
    {
        using TensorScope scope = new();
        // Some rows are taken twice, one never, and a group is empty.
        Tensor offsets = Tensor.From([0, 3, 3, 6], [4]), rowOf = Tensor.From([2, 0, 4, 2, 2, 1], [6]);
        Tensor x = FusedGradients.Random(1, [5, 3]), weight = FusedGradients.Random(2, [3, 2, 3]);
        Assert.Equal(Tensor.GroupedLinear(Tensor.GatherRows(x, rowOf), weight, offsets).ToArray<double>(), Tensor.GroupedLinear(x, rowOf, weight, offsets).ToArray<double>());
        FusedGradients.Check(operands => Tensor.GroupedLinear(operands[0], rowOf, operands[1], offsets), FusedGradients.Random(1, [5, 3]), FusedGradients.Random(2, [3, 2, 3]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Tensor.GroupedLinear(x, Tensor.From([5], [1]), weight, Tensor.From([0, 1, 1, 1], [4])));
    }

    [Fact]
    public void NoRowsAtAll()
    {
        using TensorScope scope = new();
        Tensor rows = Tensor.Zeros([0, 3]), weight = Tensor.Zeros([2, 4, 3]);
        weight.RequiresGradient = true;
        Tensor y = Tensor.GroupedLinear(rows, weight, Tensor.From([0, 0, 0], [3]));
        Assert.Equal([0, 4], y.Shape.ToArray());
        Assert.All(Gradients.Of(y, [weight])[0].ToArray<float>(), value => Assert.Equal(0, value));
    }

    [Theory]
    [InlineData(new[] { 0, 2, 1, 4 }, "fall from 2 to 1 at group 1")]
    [InlineData(new[] { 0, 2, 3, 3 }, "from 0 to 4")]
    [InlineData(new[] { 1, 2, 3, 4 }, "from 0 to 4")]
    [InlineData(new[] { 0, 4 }, "Int32[4]")]
    public void WrongOffsetsAreNamed(int[] offsets, string message)
    {
        using TensorScope scope = new();
        Tensor rows = Tensor.Zeros([4, 2]), weight = Tensor.Zeros([3, 5, 2]);
        ArgumentException thrown = Assert.Throws<ArgumentException>(() => Tensor.GroupedLinear(rows, weight, Tensor.From(offsets, [offsets.Length])));
        Assert.Contains(message, thrown.Message, StringComparison.Ordinal);
    }
}

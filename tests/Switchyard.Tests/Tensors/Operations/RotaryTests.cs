using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.Operations;

public class RotaryTests
{
    [Theory]
    [InlineData(RotaryLayout.Half)]
    [InlineData(RotaryLayout.Interleaved)]
    public void Gradients(RotaryLayout layout)
    {
        using RotaryTable table = new(100, 6, 9, ElementType.Float64);
        Tensor positions = Tensor.From([4, 0, 8], [3]);
        FusedGradients.Check(x => Tensor.Rotary(x[0], positions, table, layout), FusedGradients.Random(1, [2, 3, 2, 7]));
    }

    [Theory]
    [InlineData(RotaryLayout.Half)]
    [InlineData(RotaryLayout.Interleaved)]
    public void ScalarProductsDependOnDistancesOnly(RotaryLayout layout)
    {
        using TensorScope scope = new();
        using RotaryTable table = new(50, 8, 30, ElementType.Float64);
        Tensor x = FusedGradients.Random(1, [1, 2, 1, 8]);
        double near = Product(3, 7), far = Product(23, 27);
        Assert.Equal(near, far, 12);
        Assert.NotEqual(near, Product(3, 8), 6);

        double Product(int a, int b)
        {
            double[] turned = Tensor.Rotary(x, Tensor.From([a, b], [2]), table, layout).ToArray<double>();
            return turned.Take(8).Zip(turned.Skip(8), (p, q) => p * q).Sum();
        }
    }

    [Fact]
    public void WrongUseIsNamed()
    {
        using TensorScope scope = new();
        using RotaryTable table = new(100, 4, 5);
        Tensor x = Tensor.Zeros([1, 2, 1, 4]);
        Assert.Contains("is not within 0 to 4", Assert.Throws<ArgumentOutOfRangeException>(() => Tensor.Rotary(x, Tensor.From([1, 5], [2]), table)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Tensor.Rotary(x, Tensor.From([1], [1]), table));
        Assert.Throws<ArgumentException>(() => Tensor.Rotary(Tensor.Zeros([1, 2, 1, 3]), Tensor.From([1, 2], [2]), table));
        Assert.Throws<ArgumentException>(() => Tensor.Rotary(Tensor.Zeros([1, 2, 1, 4], ElementType.Float64), Tensor.From([1, 2], [2]), table));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RotaryTable(100, 3, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RotaryTable(double.NaN, 4, 5));
    }
}

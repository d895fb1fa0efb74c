using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.Operations;

public class GatedUnitsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(19)]
    public void IsThatOfAPlainLoop(int width)
    {
        using TensorScope scope = new();
        Tensor gate = ThreadCounts.Random(1, [5, width]), up = ThreadCounts.Random(2, [5, width]);
        float[] g = gate.ToArray<float>(), u = up.ToArray<float>(), y = Tensor.SwiGlu(gate, up).ToArray<float>();
        float[] packed = Tensor.SwiGlu(Tensor.Concat([gate, up], 1)).ToArray<float>();
        for (int i = 0; i < y.Length; i++) Assert.Equal(g[i] / (1 + Math.Exp(-g[i])) * u[i], y[i], 1e-6);
        Assert.Equal(y, packed);
    }

    [Fact]
    public void ExtremeGatesStayFinite()
    {
        using TensorScope scope = new();
        Tensor gate = Tensor.From([-1e4f, -100, 0, 100, 1e4f], [5]), up = Tensor.Full([5], 1);
        gate.RequiresGradient = true;
        Tensor y = Tensor.SwiGlu(gate, up);
        Assert.Equal([0, 0, 0, 100, 1e4f], y.ToArray<float>().Select(value => Math.Abs(value) < 1e-30 ? 0 : value));
        Assert.All(Gradients.Of(y, [gate])[0].ToArray<float>(), slope => Assert.True(float.IsFinite(slope)));
    }

    [Fact]
    public void GradientsOfAllForms()
    {
        FusedGradients.Check(x => Tensor.SwiGlu(x[0], x[1]), FusedGradients.Random(1, [2, 3, 5]), FusedGradients.Random(2, [2, 3, 5]));
        FusedGradients.Check(x => Tensor.SwiGlu(x[0]), FusedGradients.Random(1, [3, 10]));
        FusedGradients.Check(x => Tensor.GeGlu(x[0], x[1]), FusedGradients.Random(1, [7]), FusedGradients.Random(2, [7]));
    }

    [Fact]
    public void WrongShapesAreNamed()
    {
        using TensorScope scope = new();
        Assert.Throws<ArgumentException>(() => Tensor.SwiGlu(Tensor.Zeros([3]), Tensor.Zeros([4])));
        Assert.Throws<ArgumentException>(() => Tensor.SwiGlu(Tensor.Zeros([2, 3])));
    }
}

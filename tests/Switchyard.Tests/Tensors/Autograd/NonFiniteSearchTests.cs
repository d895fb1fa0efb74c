using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.Autograd;

public sealed class NonFiniteSearchTests : IDisposable
{
    private readonly TensorScope _scope = new();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void The_leaf_used_last_before_the_overflow_is_found()
    {
        Tensor a = Leaf(2), b = Leaf(3e38f), c = Leaf(5);
        Tensor x = Tensor.Full([4], 1) * a;
        Assert.Same(b, NonFiniteSearch.LastLeafBefore(((x * b).Square() * c).Sum()));
        Assert.Null(NonFiniteSearch.LastLeafBefore((x * c).Sum()));
    }

    [Fact]
    public void A_mask_of_negative_infinity_is_no_overflow()
    {
        Tensor a = Leaf(2), b = Leaf(3);
        Tensor masked = (Tensor.Full([4], 1) * a + Tensor.From([0, 0, float.NegativeInfinity, 0], [4])).Softmax();
        Assert.Null(NonFiniteSearch.LastLeafBefore((masked * b).Sum()));
    }

    [Fact]
    public void What_has_no_history_has_no_leaf() => Assert.Null(NonFiniteSearch.LastLeafBefore(Tensor.Scalar(double.NaN)));

    [Fact]
    public void Backward_still_works_afterwards()
    {
        Tensor a = Leaf(2);
        Tensor y = (a * a).Sum();
        NonFiniteSearch.LastLeafBefore(y);
        y.Backward();
        Assert.Equal([4f, 4, 4, 4], a.Gradient!.ToArray<float>());
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(float.NaN, false)]
    [InlineData(float.NegativeInfinity, false)]
    public void Finite_is_finite(float value, bool expected)
    {
        Tensor x = Tensor.Zeros([33]);
        x.AsSpan<float>()[32] = value;
        Assert.Equal(expected, NonFiniteSearch.IsFinite(x));
    }

    private static Tensor Leaf(float value)
    {
        Tensor leaf = Tensor.Full([4], value);
        leaf.RequiresGradient = true;
        return leaf;
    }
}

using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.Autograd;

public class GradientsTests
{
    [Fact]
    public void ATensorUsedTwiceGetsBothParts()
    {
        using TensorScope scope = new();
        Tensor x = Leaf(1, 2, 3);
        (x + x).Sum().Backward();
        Assert.Equal([2.0, 2, 2], x.Gradient!.ToArray<double>());
    }

    [Fact]
    public void EqualGradientsOfTwoLeavesShareNoMemory()
    {
        using TensorScope scope = new();
        Tensor a = Leaf(1, 2), b = Leaf(3, 4);
        (a + b).Sum().Backward();
        a.Gradient!.MultiplyInPlace(10);
        Assert.Equal([10.0, 10], a.Gradient.ToArray<double>());
        Assert.Equal([1.0, 1], b.Gradient!.ToArray<double>());
    }

    [Fact]
    public void AViewOfTheUpstreamGradientIsNotSharedEither()
    {
        using TensorScope scope = new();
        Tensor a = Leaf(1, 2, 3, 4), b = Leaf(5, 6, 7, 8);
        Tensor upstream = Tensor.From([1.0, 2, 3, 4], [2, 2]);
        (a.Reshape([2, 2]) + b.Reshape([2, 2])).Backward(upstream);
        a.Gradient!.Fill(0);
        Assert.Equal([1.0, 2, 3, 4], b.Gradient!.ToArray<double>());
        Assert.Equal([1.0, 2, 3, 4], upstream.ToArray<double>());
    }

    [Fact]
    public void GradientsAddUpOverPasses()
    {
        using TensorScope scope = new();
        Tensor x = Leaf(1, 2);
        x.Square().Sum().Backward();
        x.Sum().Backward();
        Assert.Equal([3.0, 5], x.Gradient!.ToArray<double>());
    }

    [Fact]
    public void ALeafThatIsAskedForItsGradientAgainStillGetsIt()
    {
        using TensorScope scope = new();
        Tensor x = Leaf(1, 2);
        Tensor y = x * 3;
        x.RequiresGradient = true;
        y.Sum().Backward();
        Assert.Equal([3.0, 3], x.Gradient!.ToArray<double>());
    }

    [Fact]
    public void ALeafThatWasFrozenInBetweenStillGetsItsGradient()
    {
        using TensorScope scope = new();
        Tensor x = Leaf(1, 2);
        Tensor y = x * 3;
        x.RequiresGradient = false;
        x.RequiresGradient = true;
        y.Sum().Backward();
        Assert.Equal([3.0, 3], x.Gradient!.ToArray<double>());
    }

    [Fact]
    public void AResultThatWasFreedTooEarlyIsReported()
    {
        using TensorScope scope = new();
        Tensor x = Leaf(1, 2);
        Tensor inner = x * 3;
        Tensor y = (inner + 1).Sum();
        inner.Dispose();
        InvalidOperationException failure = Assert.Throws<InvalidOperationException>(() => y.Backward());
        Assert.Contains("freed", failure.Message, StringComparison.Ordinal);
        x.Sum().Backward();
        Assert.Equal([1.0, 1], x.Gradient!.ToArray<double>());
    }

    [Fact]
    public void GradientsOfInnerAndIrrelevantInputs()
    {
        using TensorScope scope = new();
        Tensor x = Leaf(1, 2), other = Leaf(7);
        Tensor inner = x * 3;
        Tensor[] gradients = Gradients.Of(inner.Square().Sum(), [inner, x, other]);
        Assert.Equal([6.0, 12], gradients[0].ToArray<double>());
        Assert.Equal([18.0, 36], gradients[1].ToArray<double>());
        Assert.Equal([0.0], gradients[2].ToArray<double>());
        Assert.Null(x.Gradient);
    }

    [Fact]
    public void ThirdDerivatives()
    {
        using TensorScope scope = new();
        Tensor x = Leaf(0.5, -1.2);
        // y = x³·sin x and its derivatives by hand.
        Tensor y = x.Square() * x * x.Sin();
        Tensor first = Gradients.Of(y, [x], createGraph: true)[0];
        Tensor second = Gradients.Of(first, [x], createGraph: true)[0];
        Tensor third = Gradients.Of(second, [x])[0];
        double[] at = [0.5, -1.2];
        for (int i = 0; i < at.Length; i++)
        {
            double v = at[i], sin = Math.Sin(v), cos = Math.Cos(v);
            Assert.Equal(3 * v * v * sin + v * v * v * cos, first.ToArray<double>()[i], 1e-12);
            Assert.Equal(6 * v * sin + 6 * v * v * cos - v * v * v * sin, second.ToArray<double>()[i], 1e-12);
            Assert.Equal(6 * sin + 18 * v * cos - 9 * v * v * sin - v * v * v * cos, third.ToArray<double>()[i], 1e-12);
        }
    }

    [Fact]
    public void AChangeInPlaceIsReportedWhereItMatters()
    {
        using TensorScope scope = new();
        Tensor x = Leaf(1, 2), factor = Tensor.From([3.0, 4], [2]);
        Tensor product = (x * factor).Sum(), sum = (x + factor).Sum();
        factor.AddInPlace(factor);
        Assert.Contains("changed in place", Assert.Throws<InvalidOperationException>(() => product.Backward()).Message, StringComparison.Ordinal);
        sum.Backward();
        Assert.Equal([1.0, 1], x.Gradient!.ToArray<double>());
    }

    [Fact]
    public void AChangeThroughAViewIsReported()
    {
        using TensorScope scope = new();
        Tensor x = Leaf(1, 2);
        Tensor y = x.Exp();
        using (Gradients.Paused()) y.Detach().Fill(0);
        Assert.Throws<InvalidOperationException>(() => y.Sum().Backward());
    }

    [Fact]
    public void AChangeInPlaceOfARecordedTensorIsRefused()
    {
        using TensorScope scope = new();
        Tensor x = Leaf(1, 2);
        Assert.Throws<InvalidOperationException>(() => x.MultiplyInPlace(2));
        using (Gradients.Paused()) x.MultiplyInPlace(2);
        Assert.Equal([2.0, 4], x.ToArray<double>());
    }

    [Fact]
    public void NothingIsRecordedWhilePaused()
    {
        using TensorScope scope = new();
        Tensor x = Leaf(1, 2);
        using (Gradients.Paused())
        {
            Assert.False((x * 2).RequiresGradient);
            using (Gradients.Paused()) Assert.False(Gradients.AreRecorded);
            Assert.False(Gradients.AreRecorded);
        }
        Assert.True((x * 2).RequiresGradient);
    }

    [Fact]
    public void AResultWithoutGradientSaysWhatToDo()
    {
        using TensorScope scope = new();
        InvalidOperationException failure = Assert.Throws<InvalidOperationException>(() => Tensor.Zeros([1]).Backward());
        Assert.Contains("RequiresGradient", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AGradientThatFailsLeavesNothingBehind()
    {
        using TensorScope scope = new();
        Tensor x = Leaf(1, 2), factor = Tensor.From([3.0, 4], [2]);
        Tensor wrong = (x * factor).Sum();
        factor.Fill(1);
        Assert.Throws<InvalidOperationException>(() => wrong.Backward());
        (x * 5).Sum().Backward();
        Assert.Equal([5.0, 5], x.Gradient!.ToArray<double>());
    }

    private static Tensor Leaf(params double[] values)
    {
        Tensor leaf = Tensor.From(values, [values.Length]);
        leaf.RequiresGradient = true;
        return leaf;
    }
}

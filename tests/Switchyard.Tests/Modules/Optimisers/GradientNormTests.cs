using Switchyard.Modules.Optimisers;
using Switchyard.Tensors;

namespace Switchyard.Tests.Modules.Optimisers;

public class GradientNormTests
{
    [Theory]
    [InlineData(ElementType.Float32)]
    [InlineData(ElementType.Float64)]
    public void It_is_that_of_all_entries_together(ElementType type)
    {
        using TensorScope scope = new();
        Philox random = new(3);
        (string, Tensor)[] parameters = [.. ((int[])[1, 7, 64, 40_001]).Select(length => ($"p{length}", Tensor.Zeros([length], type)))];
        double sum = 0, largest = 0;
        foreach ((_, Tensor parameter) in parameters)
        {
            parameter.Gradient = Tensor.Normal(parameter.Shape, 0, 1, random, type);
            foreach (double g in type == ElementType.Float32 ? Array.ConvertAll(parameter.Gradient.ToArray<float>(), x => (double)x) : parameter.Gradient.ToArray<double>())
            {
                sum += g * g;
                largest = Math.Max(largest, Math.Abs(g));
            }
        }
        Assert.Equal(Math.Sqrt(sum), GradientNorm.Euclidean(parameters), 1e-12 * Math.Sqrt(sum));
        Assert.Equal(largest, GradientNorm.Maximum(parameters));
    }

    [Theory]
    [InlineData(1e30f, 2e30)]
    [InlineData(1e-30f, 2e-30)]
    public void Large_and_small_gradients_neither_overflow_nor_vanish(float value, double norm)
    {
        using TensorScope scope = new();
        Tensor parameter = Tensor.Zeros([4]);
        parameter.Gradient = Tensor.Full([4], value);
        Assert.Equal(norm, GradientNorm.Euclidean([("p", parameter)]), 1e-6 * norm);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    public void It_is_not_finite_where_an_entry_is_not(float value)
    {
        using TensorScope scope = new();
        Tensor parameter = Tensor.Zeros([100]);
        parameter.Gradient = Tensor.Zeros([100]);
        parameter.Gradient.AsSpan<float>()[77] = value;
        Assert.False(double.IsFinite(GradientNorm.Euclidean([("p", parameter)])));
        Assert.False(double.IsFinite(GradientNorm.Maximum([("p", parameter)])));
    }

    [Fact]
    public void Only_what_is_too_large_is_shrunk()
    {
        Assert.Equal(1, GradientNorm.Clip(0, 1));
        Assert.Equal(1, GradientNorm.Clip(0.5, 1));
        Assert.Equal(1 / (1 + 1e-6), GradientNorm.Clip(1, 1));
        Assert.Equal(0.25, GradientNorm.Clip(4, 1), 1e-6);
    }
}

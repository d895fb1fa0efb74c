using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Tests.Modules;

public sealed class LayerTests : IDisposable
{
    private readonly TensorScope _scope = new();

    public void Dispose() => _scope.Dispose();

    [Fact]
    public void A_linear_map_is_a_sum_of_products()
    {
        using Linear linear = new(3, 2, new Philox(1), 0.5, bias: true);
        linear.Bias!.AsSpan<float>()[1] = 0.25f;
        float[] x = [1, -2, 3, 0.5f, 4, -1], weight = linear.Weight.ToArray<float>();
        Tensor y = linear.Forward(Tensor.From(x, [2, 1, 3]));
        Assert.Equal([2, 1, 2], y.Shape);
        for (int row = 0; row < 2; row++)
        {
            for (int o = 0; o < 2; o++)
            {
                float expected = o * 0.25f;
                for (int i = 0; i < 3; i++) expected += x[3 * row + i] * weight[3 * o + i];
                Assert.Equal(expected, y.ToArray<float>()[2 * row + o], 1e-5f);
            }
        }
    }

    [Fact]
    public void Parameters_have_the_names_and_shapes_of_Hugging_Face()
    {
        using Linear plain = new(3, 2, new Philox(1)), shifted = new(3, 2, new Philox(1), bias: true);
        using Embedding embedding = new(5, 4, new Philox(1));
        using RmsNorm rms = new(4);
        using LayerNorm layer = new(4);
        Assert.Equal(["weight [2, 3]"], Names(plain));
        Assert.Equal(["weight [2, 3]", "bias [2]"], Names(shifted));
        Assert.Equal(["weight [5, 4]"], Names(embedding));
        Assert.Equal(["weight [4]"], Names(rms));
        Assert.Equal(["weight [4]", "bias [4]"], Names(layer));

        static IEnumerable<string> Names(Module module) => module.Parameters().Select(parameter => $"{parameter.Name} {parameter.Tensor.Shape}");
    }

    [Fact]
    public void Initial_weights_are_normal_and_follow_the_stream()
    {
        using Linear a = new(300, 200, new Philox(1), 0.05), b = new(300, 200, new Philox(1), 0.05), c = new(300, 200, new Philox(2), 0.05);
        float[] weights = a.Weight.ToArray<float>();
        Assert.Equal(weights, b.Weight.ToArray<float>());
        Assert.NotEqual(weights, c.Weight.ToArray<float>());
        Assert.Equal(0, weights.Average(), 1e-3f);
        Assert.Equal(0.05, Math.Sqrt(weights.Average(x => (double)x * x)), 1e-3);
    }

    [Fact]
    public void An_embedding_looks_up_and_its_gradient_adds_up()
    {
        using Embedding embedding = new(4, 2, new Philox(1));
        Tensor y = embedding.Forward(Tensor.From([3, 1, 3], [1, 3]));
        Assert.Equal([1, 3, 2], y.Shape);
        float[] weight = embedding.Weight.ToArray<float>();
        Assert.Equal([weight[6], weight[7], weight[2], weight[3], weight[6], weight[7]], y.ToArray<float>());
        y.Sum().Backward();
        Assert.Equal([0f, 0, 1, 1, 0, 0, 2, 2], embedding.Weight.Gradient!.ToArray<float>());
    }

    [Fact]
    public void Norms_bring_rows_to_one_size()
    {
        using RmsNorm rms = new(4, 0);
        using LayerNorm layer = new(4, 0);
        Tensor x = Tensor.From([1f, 2, 3, 4], [1, 4]);
        Assert.Equal([1, 2, 3, 4], rms.Forward(x).ToArray<float>().Select(y => MathF.Round(y * MathF.Sqrt(7.5f), 4)));
        Assert.Equal([-1.5f, -0.5f, 0.5f, 1.5f], layer.Forward(x).ToArray<float>().Select(y => MathF.Round(y * MathF.Sqrt(1.25f), 4)));
    }

    [Fact]
    public void Dropout_drops_while_training_only()
    {
        using Dropout dropout = new(0.25);
        Tensor x = Tensor.Full([10_000], 3);
        float[] y = dropout.Forward(x, new Philox(1)).ToArray<float>();
        Assert.Equal([0, 4], y.Distinct().Order());
        Assert.InRange(y.Count(value => value == 0), 2300, 2700);
        Assert.Equal(y, dropout.Forward(x, new Philox(1)).ToArray<float>());
        Assert.Same(x, dropout.Forward(x, null));
        dropout.Train(false);
        Assert.Same(x, dropout.Forward(x, new Philox(1)));
    }

    [Fact]
    public void Wrong_sizes_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new Linear(0, 2, new Philox(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Embedding(2, 0, new Philox(1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Dropout(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Dropout(double.NaN));
        using Embedding embedding = new(4, 2, new Philox(1));
        Assert.ThrowsAny<ArgumentException>(() => embedding.Forward(Tensor.From([4], [1])));
    }
}

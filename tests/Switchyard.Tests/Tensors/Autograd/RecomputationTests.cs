using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.Autograd;

public sealed class RecomputationTests
{
    [Fact]
    public void Gradients_of_both_orders_agree_with_differences()
        => GradientCheck.Require(static x => Tensor.Recomputed(() => Inner(x[0], x[1]), x) * x[0], 1e-6, Numbers(1), Numbers(2));

    /// <summary>A recomputation inside another, operands that are used around it too, and a leaf whose gradient adds up over passes.</summary>
    [Fact]
    public void Gradients_are_those_of_keeping_everything_bit_by_bit()
    {
        using TensorScope scope = new();
        double[][] expected = Run(static (compute, _) => compute()), actual = Run(Tensor.Recomputed);
        Assert.Equal(expected, actual);

        static double[][] Run(Func<Func<Tensor>, Tensor[], Tensor> inside)
        {
            Tensor a = Numbers(1), b = Numbers(2);
            a.RequiresGradient = b.RequiresGradient = true;
            for (int pass = 0; pass < 2; pass++)
            {
                Tensor x = a * b;
                Tensor y = inside(() => inside(() => Inner(x, b), [x, b]) + Inner(b, x) * x, [x, b]);
                (y * a + x).Square().Sum().Backward();
            }
            return [a.Gradient!.ToArray<double>(), b.Gradient!.ToArray<double>()];
        }
    }

    [Fact]
    public void A_gradient_that_nobody_asks_for_is_not_made()
    {
        using TensorScope scope = new();
        Tensor a = Numbers(1), b = Numbers(2);
        a.RequiresGradient = b.RequiresGradient = true;
        int computed = 0;
        Tensor y = Tensor.Recomputed(() => { computed++; return Inner(a, b); }, a, b);
        Tensor z = y + b;
        Assert.Equal(1, computed);
        Assert.Equal(Gradients.Of(Inner(a, b) + b, [a])[0].ToArray<double>(), Gradients.Of(z, [a])[0].ToArray<double>());
        Assert.Equal(2, computed);
        Assert.Null(b.Gradient);
        Gradients.Of(z, [z]);
        Assert.Equal(2, computed);
    }

    [Fact]
    public void What_was_on_the_way_is_freed()
    {
        using TensorScope scope = new();
        Tensor a = Numbers(1), b = Numbers(2);
        a.RequiresGradient = b.RequiresGradient = true;
        List<Tensor> made = [];
        Tensor y = Tensor.Recomputed(() => { made.Add(a * b); return made[^1].Exp(); }, a, b);
        Assert.All(made, static tensor => Assert.True(tensor.IsDisposed));
        y.Sum().Backward();
        Assert.Equal(2, made.Count);
        Assert.All(made, static tensor => Assert.True(tensor.IsDisposed));
        Assert.False(a.Gradient!.IsDisposed);
    }

    [Fact]
    public void An_operand_that_was_not_named_is_reported()
    {
        using TensorScope scope = new();
        Tensor a = Numbers(1), b = Numbers(2);
        a.RequiresGradient = b.RequiresGradient = true;
        Tensor y = Tensor.Recomputed(() => a * b, a);
        InvalidOperationException failure = Assert.Throws<InvalidOperationException>(() => y.Sum().Backward());
        Assert.Contains("no operand", failure.Message, StringComparison.Ordinal);
    }

    private static Tensor Inner(Tensor x, Tensor y) => (x.Tanh() * y + x).Sigmoid() * y;

    private static Tensor Numbers(ulong seed) => Tensor.Normal([3, 4], 0, 1, new Philox(seed), ElementType.Float64);
}

using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors;

public class GradientCheckTests
{
    private const double Tolerance = 1e-6;

    /// <summary>Every differentiable operation on a matrix of positive numbers, without kinks nearby.</summary>
    private static readonly Dictionary<string, Func<Tensor, Tensor, Tensor>> Operations = new()
    {
        ["add"] = static (x, z) => x + z.Slice(0, 0, 1),
        ["subtract"] = static (x, z) => x.Slice(1, 0, 1) - z,
        ["multiply"] = static (x, z) => x * z,
        ["divide"] = static (x, z) => x / z.Slice(0, 1, 2),
        ["number over tensor"] = static (x, z) => 2 / x - z * 3 + (1 - z) / 4 - 1,
        ["absolute"] = static (x, z) => (x - 5).Abs() * z.Abs(),
        ["square"] = static (x, z) => x.Square() * z,
        ["square root"] = static (x, z) => x.Sqrt() * z,
        ["reciprocal square root"] = static (x, z) => x.ReciprocalSqrt() * z,
        ["reciprocal"] = static (x, z) => x.Reciprocal() * z,
        ["exponential"] = static (x, z) => x.Exp() * z,
        ["exponential less 1"] = static (x, z) => x.ExpM1() * z,
        ["logarithm"] = static (x, z) => x.Log() * z,
        ["logarithm of 1 plus"] = static (x, z) => x.Log1P() * z,
        ["sine"] = static (x, z) => x.Sin() * z,
        ["cosine"] = static (x, z) => x.Cos() * z,
        ["hyperbolic tangent"] = static (x, z) => x.Tanh() * z,
        ["error function"] = static (x, z) => x.Erf() * z,
        ["power"] = static (x, z) => x.Power(2.5) * z.Power(-1),
        ["sigmoid"] = static (x, z) => x.Sigmoid() * z,
        ["log sigmoid"] = static (x, z) => x.LogSigmoid() * z,
        ["softplus"] = static (x, z) => x.Softplus(1.7) * z,
        ["silu"] = static (x, z) => x.Silu() * z,
        ["gelu"] = static (x, z) => (x - 1).Gelu() * z,
        ["gelu tanh"] = static (x, z) => (x - 1).GeluTanh() * z,
        ["relu"] = static (x, z) => (x - 1.0001).Relu() * z,
        ["leaky relu"] = static (x, z) => (x - 1.0001).LeakyRelu(0.1) * z,
        ["elu"] = static (x, z) => (x - 1.0001).Elu(0.7) * z,
        ["clamp"] = static (x, z) => x.Square().Clamp(0.6001, 1.5001) * z,
        ["maximum"] = static (x, z) => Tensor.Maximum(x, z.Square() * 1.0001) * x,
        ["minimum"] = static (x, z) => Tensor.Minimum(x, z.Square() * 1.0001) * z,
        ["where"] = static (x, z) => Tensor.Where(x.Detach().IsGreaterThan(1), x * z, z.Slice(0, 0, 1).Square()),
        ["masked fill"] = static (x, z) => (x * z).MaskedFill(x.Detach().IsLessThan(1), 3),
        ["sum"] = static (x, z) => x.Square().Sum([1], keepAxes: true) * z + z.Sum(),
        ["mean"] = static (x, z) => x.Square().Mean([0]) * z + x.Mean() * z,
        ["variance"] = static (x, z) => x.Variance([1], 1, true) * z,
        ["standard deviation"] = static (x, z) => x.StandardDeviation([0], 0) * z,
        ["norm"] = static (x, z) => x.Norm([0, 1]) * z,
        ["largest"] = static (x, z) => x.Largest([1], keepAxes: true) * z,
        ["smallest"] = static (x, z) => x.Square().Smallest([0]) * z,
        ["max"] = static (x, z) => x.Square().Max(1, keepAxis: true).Values * z,
        ["min"] = static (x, z) => x.Square().Min(0).Values * z,
        ["product"] = static (x, z) => x.Product(1, keepAxis: true) * z,
        ["cumulative sum"] = static (x, z) => x.Square().CumulativeSum(0) * z,
        ["reshape"] = static (x, z) => x.Reshape([4, 3]).Square() * z.Reshape([4, 3]),
        ["permute"] = static (x, z) => x.Transpose(0, 1).Square() * z.Permute([1, 0]),
        ["expand"] = static (x, z) => x.Reshape([3, 1, 4]).Expand([3, 2, 4]).Square() * z.Reshape([3, 1, 4]),
        ["join"] = static (x, z) => Tensor.Concat([x * z, x.Square()], 1) * Tensor.Concat([z, x], 1),
        ["stack"] = static (x, z) => Tensor.Stack([x, z, x * z], 1).Square(),
        ["slice"] = static (x, z) => x.Slice(1, 1, null, 2).Square() * z.Slice(1, 0, 2),
        ["flip and roll"] = static (x, z) => x.Flip([0, 1]) * z * x.Roll(1, -1),
        ["tile"] = static (x, z) => x.Tile([2, 1]).Square() * z.RepeatInterleave(0, 2),
        ["pad"] = static (x, z) => x.Pad([(1, 0), (0, 2)], Padding.Reflect) * z.Pad([(1, 0), (0, 2)], Padding.Constant, 2),
        ["triangle"] = static (x, z) => x.LowerTriangle(1).Square() * z.UpperTriangle(-1),
        ["sort"] = static (x, z) => x.Sort(1, descending: true).Values.Square() * z,
        ["top k"] = static (x, z) => x.TopK(2, 0).Values.Square() * z.TopK(2, 0, largest: false).Values,
        ["gather"] = static (x, z) => x.Gather(1, Whole([3, 0, 0, 1, 2, 2], [3, 2])).Square() * z.Slice(1, 0, 2),
        ["scatter add"] = static (x, z) => x.ScatterAdd(1, Whole([3, 0, 0, 1, 2, 2], [3, 2]), z.Slice(1, 1, 3).Square()) * z,
        ["index select"] = static (x, z) => x.IndexSelect(1, Whole([3, 0, 0, 1], [4])).Square() * z,
        ["index add"] = static (x, z) => x.IndexAdd(0, Whole([2, 2, 0], [3]), z.Square(), 0.5) * z,
        ["embedding"] = static (x, z) => Tensor.Embedding(x, Whole([2, 0, 2], [3])).Square() * z,
        ["conversion"] = static (x, z) => (x * 2).To(ElementType.Float64).Square() * z,
    };

    public static IEnumerable<TheoryDataRow<string>> Names() => Operations.Keys.Select(static name => new TheoryDataRow<string>(name) { TestDisplayName = $"gradient of {name}" });

    [Theory]
    [MemberData(nameof(Names))]
    public void GradientsOfBothOrdersAreThoseOfDifferences(string name)
    {
        using TensorScope scope = new();
        Philox random = new(11);
        Tensor x = Tensor.Uniform([3, 4], 0.5, 1.5, random, ElementType.Float64);
        Tensor z = Tensor.Uniform([3, 4], 0.5, 1.5, random, ElementType.Float64);
        Switchyard.Tensors.GradientCheck.Require(inputs => Operations[name](inputs[0], inputs[1]), Tolerance, x, z);
    }

    [Fact]
    public void AWrongGradientIsFoundAndNamed()
    {
        using TensorScope scope = new();
        Tensor x = Tensor.From([1.0, 2.0, 3.0], [3]);
        // The factor that is detached keeps its part of the gradient back.
        GradientCheckResult result = Switchyard.Tensors.GradientCheck.First(static inputs => inputs[0] * inputs[0].Detach(), x);
        Assert.Equal(2, result.Position);
        Assert.Equal(0.5, result.Error, 1e-6);
        Assert.Throws<InvalidOperationException>(() => Switchyard.Tensors.GradientCheck.Require(static inputs => inputs[0].Square() * inputs[0].Detach(), Tolerance, x));
    }

    [Fact]
    public void AWrongGradientOfTheGradientIsFound()
    {
        using TensorScope scope = new();
        Tensor x = Tensor.From([1.0, 2.0, 3.0], [3]);
        // First derivative right, second kept back: x² written as 2·x·c - c² with c = x held constant.
        static Tensor Function(Tensor[] inputs) => inputs[0] * inputs[0].Detach() * 2 - inputs[0].Detach().Square();
        Assert.InRange(Switchyard.Tensors.GradientCheck.First(Function, x).Error, 0, Tolerance);
        Assert.InRange(Switchyard.Tensors.GradientCheck.Second(Function, x).Error, 0.1, 10);
    }

    [Fact]
    public void CoarseInputsAreRefused()
    {
        using TensorScope scope = new();
        Assert.Throws<ArgumentException>(() => Switchyard.Tensors.GradientCheck.First(static inputs => inputs[0], Tensor.Zeros([2])));
    }

    private static Tensor Whole(int[] values, Shape shape) => Tensor.From(values, shape);
}

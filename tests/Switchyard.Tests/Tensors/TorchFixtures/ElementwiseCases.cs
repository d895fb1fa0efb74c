using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.TorchFixtures;

/// <summary>Unary and binary functions, activations, choices.</summary>
internal static class ElementwiseCases
{
    public static readonly Dictionary<string, TorchOperation> Table = new()
    {
        ["abs"] = static c => c["x"].Abs(),
        ["square"] = static c => c["x"].Square(),
        ["sqrt"] = static c => c["x"].Sqrt(),
        ["rsqrt"] = static c => c["x"].ReciprocalSqrt(),
        ["reciprocal"] = static c => c["x"].Reciprocal(),
        ["exp"] = static c => c["x"].Exp(),
        ["expm1"] = static c => c["x"].ExpM1(),
        ["log"] = static c => c["x"].Log(),
        ["log1p"] = static c => c["x"].Log1P(),
        ["sin"] = static c => c["x"].Sin(),
        ["cos"] = static c => c["x"].Cos(),
        ["erf"] = static c => c["x"].Erf(),
        ["tanh"] = static c => c["x"].Tanh(),
        ["sigmoid"] = static c => c["x"].Sigmoid(),
        ["log_sigmoid"] = static c => c["x"].LogSigmoid(),
        ["silu"] = static c => c["x"].Silu(),
        ["gelu_erf"] = static c => c["x"].Gelu(),
        ["gelu_tanh"] = static c => c["x"].GeluTanh(),
        ["relu"] = static c => c["x"].Relu(),
        ["softplus"] = Softplus,
        ["leaky_relu"] = static c => c["x"].LeakyRelu(c.Number("slope")),
        ["elu"] = static c => c["x"].Elu(c.Number("alpha")),
        ["clamp"] = static c => c["x"].Clamp(c.OptionalNumber("min"), c.OptionalNumber("max")),
        ["power"] = static c => c["x"].Power(c.Number("exponent")),
        ["add"] = static c => c["a"] + c["b"],
        ["subtract"] = static c => c["a"] - c["b"],
        ["multiply"] = static c => c["a"] * c["b"],
        ["divide"] = static c => c["a"] / c["b"],
        ["maximum"] = static c => Tensor.Maximum(c["a"], c["b"]),
        ["minimum"] = static c => Tensor.Minimum(c["a"], c["b"]),
        ["where"] = static c => Tensor.Where(c["condition"], c["a"], c["b"]),
        ["masked_fill"] = static c => c["x"].MaskedFill(c["mask"], c.Number("value")),
    };

    private static TorchOutputs Softplus(TorchCase c)
    {
        Assert.SkipWhen(c.OptionalNumber("threshold") is not null, "softplus with a threshold is not offered: the formula is exact everywhere");
        return c["x"].Softplus(c.Number("beta"));
    }
}

using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.TorchFixtures;

/// <summary>Normalisation, and gated units.</summary>
internal static class NormCases
{
    public static readonly Dictionary<string, TorchOperation> Table = new()
    {
        ["layer_norm"] = static c => Tensor.LayerNorm(c["x"], c.Optional("weight"), c.Optional("bias"), c.Integer("axes"), c.Number("eps")),
        ["rms_norm"] = static c => Tensor.RmsNorm(c["x"], c.Optional("weight"), c.Number("eps")),
        ["swiglu"] = static c => Tensor.SwiGlu(c["gate"], c["up"]),
        ["swiglu_packed"] = static c => Tensor.SwiGlu(c["x"]),
        ["geglu"] = static c => Tensor.GeGlu(c["gate"], c["up"]),
    };
}

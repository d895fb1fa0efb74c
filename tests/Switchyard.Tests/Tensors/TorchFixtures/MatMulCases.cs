using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.TorchFixtures;

/// <summary>Matrix products.</summary>
internal static class MatMulCases
{
    public static readonly Dictionary<string, TorchOperation> Table = new()
    {
        ["matmul"] = static c => Tensor.MatMul(c["a"], c["b"], c.Flag("transpose_a"), c.Flag("transpose_b")),
        ["linear"] = static c => Tensor.Linear(c["x"], c["weight"], c.Optional("bias")),
        ["grouped_matmul"] = static c => Tensor.GroupedLinear(c["x"], c["weight"], c["offsets"]),
    };
}

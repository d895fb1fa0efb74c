using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.TorchFixtures;

/// <summary>Sums, means, variances, norms, extremes.</summary>
internal static class ReduceCases
{
    public static readonly Dictionary<string, TorchOperation> Table = new()
    {
        ["sum"] = static c => c["x"].Sum(c.Integers("dims"), c.Flag("keepdim")),
        ["mean"] = static c => c["x"].Mean(c.Integers("dims"), c.Flag("keepdim")),
        ["variance"] = static c => c["x"].Variance(c.Integers("dims"), c.Integer("correction"), c.Flag("keepdim")),
        ["standard_deviation"] = static c => c["x"].StandardDeviation(c.Integers("dims"), c.Integer("correction"), c.Flag("keepdim")),
        ["norm"] = static c => c["x"].Norm(c.Integers("dims"), c.Flag("keepdim")),
        ["amax"] = static c => c["x"].Largest(c.Integers("dims"), c.Flag("keepdim")),
        ["amin"] = static c => c["x"].Smallest(c.Integers("dims"), c.Flag("keepdim")),
        ["max"] = static c => Outputs(c["x"].Max(c.Integer("dim"), c.Flag("keepdim"))),
        ["min"] = static c => Outputs(c["x"].Min(c.Integer("dim"), c.Flag("keepdim"))),
        ["argmax"] = static c => c["x"].ArgMax(c.Integer("dim"), c.Flag("keepdim")),
        ["argmin"] = static c => c["x"].ArgMin(c.Integer("dim"), c.Flag("keepdim")),
        ["product"] = static c => c["x"].Product(c.Integer("dim"), c.Flag("keepdim")),
    };

    private static TorchOutputs Outputs(Chosen chosen) => new() { ["values"] = chosen.Values, ["indices"] = chosen.Indices };
}

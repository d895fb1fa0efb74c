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
    };
}

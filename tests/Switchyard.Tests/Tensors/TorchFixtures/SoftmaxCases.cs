namespace Switchyard.Tests.Tensors.TorchFixtures;

/// <summary>Softmax and what belongs to it.</summary>
internal static class SoftmaxCases
{
    public static readonly Dictionary<string, TorchOperation> Table = new()
    {
        ["softmax"] = static c => c["x"].Softmax(c.Integer("dim")),
        ["log_softmax"] = static c => c["x"].LogSoftmax(c.Integer("dim")),
        ["logsumexp"] = static c => c["x"].LogSumExp(c.Integer("dim"), c.Flag("keepdim")),
    };
}

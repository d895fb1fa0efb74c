using Switchyard.Tensors;

namespace Switchyard.Tests.Tensors.TorchFixtures;

/// <summary>Computes the outputs of a case from its inputs and attributes.</summary>
internal delegate TorchOutputs TorchOperation(TorchCase c);

/// <summary>The outputs of a case by name. A single tensor stands for the first output, whatever its name.</summary>
internal sealed class TorchOutputs : Dictionary<string, Tensor>
{
    public static implicit operator TorchOutputs(Tensor first) => new() { [""] = first };

    public Tensor Find(string name, bool isFirst)
        => TryGetValue(name, out Tensor? output) || (isFirst && TryGetValue("", out output)) ? output : throw new KeyNotFoundException($"the operation gave no output '{name}'");
}

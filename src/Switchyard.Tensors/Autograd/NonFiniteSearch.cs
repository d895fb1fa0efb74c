using System.Numerics.Tensors;
using Switchyard.Tensors.Autograd;

namespace Switchyard.Tensors;

/// <summary>Finds where a NaN or an infinity first came up.</summary>
public static class NonFiniteSearch
{
    /// <summary>Whether every element is finite.</summary>
    public static bool IsFinite(Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        return tensor.Type switch
        {
            ElementType.Float32 => TensorPrimitives.IsFiniteAll(tensor.AsReadOnlySpan<float>()),
            ElementType.Float64 => TensorPrimitives.IsFiniteAll(tensor.AsReadOnlySpan<double>()),
            ElementType.Int32 => true,
            _ => throw new ArgumentException($"{tensor} is not computed with: convert it to Float32 or Float64"),
        };
    }

    /// <summary>
    /// Goes, in the order of computing, through all that a tensor was made from, up to the first result that is not
    /// finite, and gives the leaf that was used last until then: the parameter of the layer where it came up.
    /// </summary>
    /// <param name="output">A result whose gradient is recorded, such as a loss, before its scope ends.</param>
    /// <returns>The leaf, or null where every result is finite or none is known.</returns>
    public static Tensor? LastLeafBefore(Tensor output)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (output.Node is not { } root) return null;
        List<Node> nodes = [root];
        root.IsVisited = true;
        for (int i = 0; i < nodes.Count; i++) nodes[i].AddOperandsTo(nodes);
        foreach (Node node in nodes) node.IsVisited = false;
        nodes.Sort(static (a, b) => a.Sequence.CompareTo(b.Sequence));

        Tensor? last = null;
        List<Node> operands = [];
        foreach (Node node in nodes)
        {
            if (node.IsLeaf) continue;
            operands.Clear();
            node.AddOperandsTo(operands);
            foreach (Node operand in operands)
            {
                operand.IsVisited = false;
                if (operand.IsLeaf) last = operand.Result;
            }
            if (!node.Result.IsDisposed && !IsFinite(node.Result)) return last;
        }
        return null;
    }
}

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
    /// Goes, in the order of computing, through all that a tensor was made from, up to the first result with a NaN or a
    /// positive infinity (a negative one may be a mask), and gives the leaf that was used last until then: the
    /// parameter of the layer where it came up.
    /// </summary>
    /// <param name="output">A result whose gradient is recorded, such as a loss, before its scope ends.</param>
    /// <returns>The leaf, or null where there is no such result or no leaf before it.</returns>
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
            if (!node.Result.IsDisposed && HasOverflowed(node.Result)) return last;
        }
        return null;
    }

    // The largest element is NaN as soon as any is.
    private static bool HasOverflowed(Tensor tensor)
    {
        if (tensor.Elements == 0 || !tensor.Type.IsComputed()) return false;
        double largest = tensor.Type == ElementType.Float32 ? TensorPrimitives.Max(tensor.AsReadOnlySpan<float>()) : TensorPrimitives.Max(tensor.AsReadOnlySpan<double>());
        return double.IsNaN(largest) || double.IsPositiveInfinity(largest);
    }
}

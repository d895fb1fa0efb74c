using Switchyard.Tensors.Autograd;

namespace Switchyard.Tensors;

/// <summary>
/// Reverse-mode differentiation. Operations on tensors that require a gradient are recorded on the thread that
/// runs them; <see cref="Of"/> and <see cref="Tensor.Backward(Tensor?, bool)"/> walk the record from the last to the first.
/// </summary>
/// <remarks>
/// A walk marks all that it passes, down to the leaves: what shares a tensor that requires a gradient, such as a
/// parameter, is walked by one thread at a time.
/// </remarks>
public static class Gradients
{
    [ThreadStatic]
    private static int t_pauses;

    [ThreadStatic]
    private static List<Node>? t_spareList;

    /// <summary>Whether operations on this thread are recorded now.</summary>
    public static bool AreRecorded => t_pauses == 0;

    /// <summary>Stops recording on this thread until the returned value is disposed. Pauses nest.</summary>
    public static Pause Paused()
    {
        t_pauses++;
        return default;
    }

    /// <summary>The gradients of one number, or of a tensor weighted by <paramref name="upstream"/>, with respect to some tensors.</summary>
    /// <param name="output">What is differentiated.</param>
    /// <param name="inputs">With respect to what: leaves or results in between.</param>
    /// <param name="upstream">The weight of every element of <paramref name="output"/>; null stands for ones.</param>
    /// <param name="createGraph">Whether the gradients can themselves be differentiated.</param>
    /// <returns>One gradient per input, of its shape; zeros for an input that does not matter.</returns>
    /// <exception cref="InvalidOperationException">
    /// No gradient was recorded for the output, or a tensor that a gradient needs was changed in place or freed.
    /// </exception>
    public static Tensor[] Of(Tensor output, IReadOnlyList<Tensor> inputs, Tensor? upstream = null, bool createGraph = false)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        Tensor?[] gradients = new Tensor?[inputs.Count];
        Walk(output, upstream, createGraph, inputs, (node, gradient) =>
        {
            for (int i = 0; i < gradients.Length; i++)
                if (ReferenceEquals(inputs[i].Node, node)) gradients[i] = createGraph ? gradient : Owned(gradient);
            return false;
        });
        for (int i = 0; i < gradients.Length; i++) gradients[i] ??= Tensor.Zeros(inputs[i].Shape, inputs[i].Type);
        return gradients!;
    }

    internal static void Backward(Tensor output, Tensor? upstream, bool createGraph)
        => Walk(output, upstream, createGraph, null, createGraph ? AccumulateDifferentiably : Accumulate);

    internal static void Backward(Tensor output, Tensor? upstream, Action<Tensor> arrived)
        => Walk(output, upstream, createGraph: false, null, (node, gradient) =>
        {
            bool isTaken = Accumulate(node, gradient);
            arrived(node.Result);
            return isTaken;
        });

    /// <summary>Takes the gradient of a node that was asked for.</summary>
    /// <returns>Whether the tensor now belongs to somebody else.</returns>
    private delegate bool Arrival(Node node, Tensor gradient);

    private static readonly Arrival Accumulate = static (node, gradient) =>
    {
        Tensor leaf = node.Result;
        if (leaf.Gradient is { } sum)
        {
            sum.AddInPlace(gradient);
            return false;
        }
        bool isShared = gradient.Storage.IsShared;
        leaf.Gradient = isShared ? gradient.Clone() : gradient;
        leaf.Gradient.MoveBeside(leaf);
        return !isShared;
    };

    private static readonly Arrival AccumulateDifferentiably = static (node, gradient) =>
    {
        Tensor leaf = node.Result;
        leaf.Gradient = leaf.Gradient is { } sum ? sum + gradient : gradient;
        leaf.Gradient.MoveBeside(leaf);
        return true;
    };

    // A gradient may share its memory with others, of a + b for example; what is handed out must not.
    private static Tensor Owned(Tensor gradient) => gradient.Storage.IsShared ? gradient.Clone() : gradient.Detach();

    /// <summary>One backward pass. With no targets named, every leaf is one.</summary>
    private static void Walk(Tensor output, Tensor? upstream, bool createGraph, IReadOnlyList<Tensor>? targets, Arrival arrive)
    {
        ArgumentNullException.ThrowIfNull(output);
        Node root = output.Node ?? throw new InvalidOperationException($"no gradient was recorded for {output}: set RequiresGradient on a tensor that it is made from");
        if (upstream is not null && upstream.Shape != output.Shape) throw new ArgumentException($"an upstream gradient of shape {upstream.Shape} was given for a result of shape {output.Shape}");
        List<Node> nodes = t_spareList ?? [];
        t_spareList = null;
        using Pause? pause = createGraph ? null : Paused();
        try
        {
            CollectFrom(root, nodes);
            MarkWanted(nodes, targets);
            root.Pending = upstream is null ? Tensor.Full(output.Shape, 1, output.Type) : createGraph ? upstream : upstream.Detach();
            for (int i = nodes.Count - 1; i >= 0; i--)
            {
                Node node = nodes[i];
                if (node.Pending is not { } gradient || !node.IsWanted) continue;
                node.Pending = null;
                bool isTaken = IsTarget(node, targets) && arrive(node, gradient);
                if (!node.IsLeaf && node.AnyOperandWanted()) node.Propagate(gradient, createGraph);
                if (!createGraph && !isTaken) gradient.Dispose();
            }
        }
        finally
        {
            foreach (Node node in nodes) (node.Pending, node.IsVisited, node.IsWanted) = (null, false, false);
            nodes.Clear();
            t_spareList = nodes;
        }
    }

    /// <summary>
    /// Within a pass under way, walks what was recorded since its operands were visited; the gradients of those
    /// operands arrive where the pass will find them.
    /// </summary>
    internal static void PassThrough(Tensor composition, Tensor upstream, bool createGraph)
    {
        Node root = composition.Node ?? throw new InvalidOperationException("a gradient that can be differentiated was asked for while recording is paused: end the pause first");
        List<Node> nodes = [];
        CollectFrom(root, nodes);
        foreach (Node node in nodes) node.IsWanted = node.AnyOperandWanted();
        root.Pending = upstream;
        for (int i = nodes.Count - 1; i >= 0; i--)
        {
            Node node = nodes[i];
            if (node.IsLeaf) throw new InvalidOperationException($"{node.Result} has a part in a result made anew, but is no operand of it: name it among them");
            if (node.Pending is not { } gradient || !node.IsWanted) continue;
            node.Pending = null;
            node.Propagate(gradient, createGraph);
            if (!createGraph && node != root) gradient.Dispose();
        }
        foreach (Node node in nodes) (node.IsVisited, node.IsWanted) = (false, false);
    }

    /// <summary>Within a pass under way, makes a result anew, recorded this time, and walks it; what was made is freed, but for the gradients of its operands.</summary>
    internal static void PassAnew(Func<Tensor> compute, IReadOnlyList<Tensor> operands, Tensor upstream)
    {
        using TensorScope scope = new();
        PassThrough(Recorded(compute), upstream, createGraph: false);
        foreach (Tensor operand in operands)
            if (operand.Node?.Pending is { } gradient) scope.Keep(gradient);
    }

    /// <summary>Computes with recording on, though a pass has it paused.</summary>
    private static Tensor Recorded(Func<Tensor> compute)
    {
        int pauses = t_pauses;
        t_pauses = 0;
        try
        {
            return compute();
        }
        finally
        {
            t_pauses = pauses;
        }
    }

    /// <summary>Every node that the root was made from, in the order in which they were made; leaves just before what first uses them.</summary>
    private static void CollectFrom(Node root, List<Node> nodes)
    {
        root.IsVisited = true;
        nodes.Add(root);
        for (int i = 0; i < nodes.Count; i++) nodes[i].AddOperandsTo(nodes);
        nodes.Sort(static (a, b) => a.Sequence != b.Sequence ? a.Sequence.CompareTo(b.Sequence) : b.IsLeaf.CompareTo(a.IsLeaf));
    }

    private static void MarkWanted(List<Node> nodes, IReadOnlyList<Tensor>? targets)
    {
        foreach (Node node in nodes) node.IsWanted = IsTarget(node, targets) || node.AnyOperandWanted();
    }

    private static bool IsTarget(Node node, IReadOnlyList<Tensor>? targets)
    {
        if (targets is null) return node.IsLeaf;
        for (int i = 0; i < targets.Count; i++)
            if (ReferenceEquals(targets[i].Node, node)) return true;
        return false;
    }

    /// <summary>Recording goes on when this is disposed.</summary>
    public readonly struct Pause : IDisposable
    {
        /// <summary>Ends the pause.</summary>
        public void Dispose() => t_pauses--;
    }
}

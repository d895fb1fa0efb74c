namespace Switchyard.Tensors.Autograd;

/// <summary>The rule that sends the gradient of a result on to the operands it was made from.</summary>
/// <param name="upstream">The gradient of the result, of its shape.</param>
/// <param name="flow">Takes the gradients of the operands.</param>
internal delegate void GradientRule(Tensor upstream, GradientFlow flow);

/// <summary>Which tensors a gradient rule will read, so that a change to them in between is reported.</summary>
[Flags]
internal enum Saved
{
    Nothing = 0,
    Operands = 1,
    Result = 2,
    All = Operands | Result,
}

/// <summary>How one tensor came about: its operands and the rule for its gradient. A leaf has no rule.</summary>
internal sealed class Node
{
    private static long s_sequence;

    // Those of tensors that were freed on this thread: a training loop then allocates none.
    [ThreadStatic]
    private static Stack<Node>? t_spares;

    private GradientRule? _rule;
    private Tensor? _a;
    private Tensor? _b;
    private Tensor? _c;
    private Tensor[]? _more;
    private int _versionA;
    private int _versionB;
    private int _versionC;
    private int _versionResult;
    private Saved _saved;

    private Node()
    {
    }

    /// <summary>The node of a leaf.</summary>
    public static Node Of(Tensor leaf)
    {
        Node node = t_spares is { Count: > 0 } spares ? spares.Pop() : new Node();
        node.Result = leaf;
        // Before everything that is made from it, also if it is asked for its gradient only afterwards.
        node.Sequence = 0;
        return node;
    }

    /// <summary>The node of the result of an operation.</summary>
    public static Node Of(Tensor result, Tensor a, Tensor? b, Tensor? c, Tensor[]? more, Saved saved, GradientRule rule)
    {
        Node node = Of(result);
        node.Sequence = Interlocked.Increment(ref s_sequence);
        (node._a, node._b, node._c, node._more, node._rule, node._saved) = (a, b, c, more, rule, saved);
        node._versionA = a.Storage.Version;
        node._versionB = b?.Storage.Version ?? 0;
        node._versionC = c?.Storage.Version ?? 0;
        node._versionResult = result.Storage.Version;
        return node;
    }

    /// <summary>Forgets everything and keeps the node for another tensor. Only its own tensor, when it is freed, may ask for it.</summary>
    public void Free()
    {
        (_a, _b, _c, _more, _rule) = (null, null, null, null, null);
        (Result, Pending, IsWanted, IsVisited) = (null!, null, false, false);
        (t_spares ??= []).Push(this);
    }

    public Tensor Result { get; private set; } = null!;

    public Tensor A => _a!;

    public Tensor B => _b!;

    public Tensor C => _c!;

    /// <summary>Grows from operand to result: the reverse order is an order for gradients. During a walk that of a leaf is its first user's.</summary>
    public long Sequence { get; private set; }

    public bool IsLeaf => _rule is null;

    /// <summary>The gradient that has arrived so far, while a backward pass is under way.</summary>
    public Tensor? Pending { get; set; }

    /// <summary>Whether the backward pass under way leads through this node to something that was asked for.</summary>
    public bool IsWanted { get; set; }

    public bool IsVisited { get; set; }

    /// <summary>Adds the nodes of the operands that have not been visited, and marks them.</summary>
    public void AddOperandsTo(List<Node> into)
    {
        Add(_a, into, Sequence);
        Add(_b, into, Sequence);
        Add(_c, into, Sequence);
        if (_more is not null)
            foreach (Tensor operand in _more) Add(operand, into, Sequence);
    }

    public bool AnyOperandWanted()
    {
        if (IsWantedNode(_a) || IsWantedNode(_b) || IsWantedNode(_c)) return true;
        if (_more is not null)
            foreach (Tensor operand in _more)
                if (IsWantedNode(operand)) return true;
        return false;
    }

    /// <summary>Sends the gradient of the result on to the operands.</summary>
    public void Propagate(Tensor upstream, bool createGraph)
    {
        if ((_saved & Saved.Operands) != 0)
        {
            Check(_a, _versionA);
            Check(_b, _versionB);
            Check(_c, _versionC);
        }
        if ((_saved & Saved.Result) != 0) Check(Result, _versionResult);
        _rule!(upstream, new GradientFlow(this, upstream, createGraph));
    }

    private static bool IsWantedNode(Tensor? operand) => operand?.Node is { IsWanted: true };

    private static void Add(Tensor? operand, List<Node> into, long user)
    {
        if (operand is { IsDisposed: true, RequiresGradient: true })
            throw new InvalidOperationException($"a gradient was asked for that flows through {operand}: call Backward before it is freed, or Keep() it in the scope");
        if (operand?.Node is not { } node) return;
        // The gradient of a leaf is whole once its first user has been walked.
        if (node.IsLeaf) node.Sequence = node.IsVisited ? Math.Min(node.Sequence, user) : user;
        if (node.IsVisited) return;
        node.IsVisited = true;
        into.Add(node);
    }

    private static void Check(Tensor? tensor, int version)
    {
        if (tensor is not null && !tensor.IsDisposed && tensor.Storage.Version != version)
            throw new InvalidOperationException($"{tensor} was changed in place after an operation whose gradient still needs its former values: change a Clone() instead, or call Backward first");
    }
}

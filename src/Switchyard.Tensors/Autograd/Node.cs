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

    private readonly GradientRule? _rule;
    private readonly Tensor? _a;
    private readonly Tensor? _b;
    private readonly Tensor? _c;
    private readonly Tensor[]? _more;
    private readonly int _versionA;
    private readonly int _versionB;
    private readonly int _versionC;
    private readonly int _versionResult;
    private readonly Saved _saved;

    public Node(Tensor leaf)
    {
        Result = leaf;
        Sequence = Interlocked.Increment(ref s_sequence);
    }

    public Node(Tensor result, Tensor a, Tensor? b, Tensor? c, Tensor[]? more, Saved saved, GradientRule rule)
        : this(result)
    {
        (_a, _b, _c, _more, _rule, _saved) = (a, b, c, more, rule, saved);
        _versionA = a.Storage.Version;
        _versionB = b?.Storage.Version ?? 0;
        _versionC = c?.Storage.Version ?? 0;
        _versionResult = result.Storage.Version;
    }

    public Tensor Result { get; }

    /// <summary>Grows from operand to result: the reverse order is an order for gradients.</summary>
    public long Sequence { get; }

    public bool IsLeaf => _rule is null;

    /// <summary>The gradient that has arrived so far, while a backward pass is under way.</summary>
    public Tensor? Pending { get; set; }

    /// <summary>Whether the backward pass under way leads through this node to something that was asked for.</summary>
    public bool IsWanted { get; set; }

    public bool IsVisited { get; set; }

    /// <summary>Adds the nodes of the operands that have not been visited, and marks them.</summary>
    public void AddOperandsTo(List<Node> into)
    {
        Add(_a, into);
        Add(_b, into);
        Add(_c, into);
        if (_more is not null)
            foreach (Tensor operand in _more) Add(operand, into);
    }

    public bool AnyOperandWanted()
    {
        if (IsWantedNode(_a) || IsWantedNode(_b) || IsWantedNode(_c)) return true;
        if (_more is not null)
            foreach (Tensor operand in _more)
                if (IsWantedNode(operand)) return true;
        return false;
    }

    public void Propagate(Tensor upstream, GradientFlow flow)
    {
        if (_saved.HasFlag(Saved.Operands))
        {
            Check(_a, _versionA);
            Check(_b, _versionB);
            Check(_c, _versionC);
        }
        if (_saved.HasFlag(Saved.Result)) Check(Result, _versionResult);
        _rule!(upstream, flow);
    }

    private static bool IsWantedNode(Tensor? operand) => operand?.Node is { IsWanted: true };

    private static void Add(Tensor? operand, List<Node> into)
    {
        if (operand?.Node is not { IsVisited: false } node) return;
        node.IsVisited = true;
        into.Add(node);
    }

    private static void Check(Tensor? tensor, int version)
    {
        if (tensor is not null && !tensor.IsDisposed && tensor.Storage.Version != version)
            throw new InvalidOperationException($"{tensor} was changed in place after an operation whose gradient still needs its former values: change a Clone() instead, or call Backward first");
    }
}

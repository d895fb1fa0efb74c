namespace Switchyard.Tensors.Autograd;

/// <summary>Where a gradient rule delivers the gradients of its operands.</summary>
/// <param name="Node">How the result came about. Rules of frequent operations read their operands from it and capture nothing.</param>
/// <param name="Upstream">The gradient of the result.</param>
/// <param name="CreateGraph">Whether gradients must themselves be differentiable. If not, a rule may take a fused path.</param>
internal readonly record struct GradientFlow(Node Node, Tensor Upstream, bool CreateGraph)
{
    /// <summary>The first operand.</summary>
    public Tensor A => Node.A;

    /// <summary>The second operand, of an operation that has one.</summary>
    public Tensor B => Node.B;

    /// <summary>The third operand, of an operation that has one.</summary>
    public Tensor C => Node.C;

    /// <summary>The result.</summary>
    public Tensor Result => Node.Result;

    /// <summary>Whether anybody asked for the gradient of this operand.</summary>
    public bool Wants(Tensor? operand) => operand?.Node is { IsWanted: true };

    /// <summary>Adds a contribution to the gradient of an operand. A gradient that nobody asked for is freed.</summary>
    /// <param name="operand">The operand.</param>
    /// <param name="gradient">A tensor of the operand's shape that nothing else will use, or <see cref="Upstream"/> itself.</param>
    public void Add(Tensor operand, Tensor gradient)
    {
        if (gradient.Shape != operand.Shape) throw new InvalidOperationException($"a gradient of shape {gradient.Shape} was made for an operand of shape {operand.Shape}");
        if (operand.Node is not { IsWanted: true } node)
        {
            Free(gradient);
        }
        else if (node.Pending is not { } pending)
        {
            // The upstream gradient is freed when its rule is done: share its memory instead.
            node.Pending = !CreateGraph && ReferenceEquals(gradient, Upstream) ? gradient.Detach() : gradient;
        }
        else if (!CreateGraph && !pending.Storage.IsShared)
        {
            pending.AddInPlace(gradient);
            Free(gradient);
        }
        else
        {
            node.Pending = pending + gradient;
            Free(pending);
            Free(gradient);
        }
    }

    /// <summary>
    /// Sends the upstream gradient on through the same result, made anew from the same operands out of operations
    /// whose gradients can be differentiated: the way of a fused operation when <see cref="CreateGraph"/> is set.
    /// </summary>
    /// <param name="composition">The result, recorded now. It may depend on no other tensors than the operands.</param>
    public void Through(Tensor composition) => Gradients.PassThrough(composition, Upstream, createGraph: true);

    /// <summary>Sends the upstream gradient on through the same result, made anew from the same operands, when nothing of its making was kept.</summary>
    /// <param name="compute">Makes the result. It may depend on no other tensors than the operands.</param>
    /// <param name="operands">All of them.</param>
    public void ThroughAnew(Func<Tensor> compute, Tensor[] operands) => Gradients.PassAnew(compute, operands, Upstream);

    private void Free(Tensor gradient)
    {
        if (!CreateGraph && !ReferenceEquals(gradient, Upstream)) gradient.Dispose();
    }
}

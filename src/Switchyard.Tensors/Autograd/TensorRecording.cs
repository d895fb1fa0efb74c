using Switchyard.Tensors.Autograd;

namespace Switchyard.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// Adds up, into <see cref="Gradient"/> of every leaf that this tensor was made from, the gradient of its sum
    /// or of its sum weighted by <paramref name="upstream"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// No gradient was recorded, or a tensor that a gradient needs was changed in place or freed.
    /// </exception>
    public void Backward(Tensor? upstream = null, bool createGraph = false) => Gradients.Backward(this, upstream, createGraph);

    /// <summary>The same, telling of every leaf as soon as its gradient is complete: what is done with it can go on beside the rest.</summary>
    /// <param name="upstream">The weight of every element; null stands for ones.</param>
    /// <param name="arrived">Is told, on this thread, in an order that depends only on how this tensor was made.</param>
    /// <inheritdoc cref="Backward(Tensor?, bool)"/>
    public void Backward(Tensor? upstream, Action<Tensor> arrived) => Gradients.Backward(this, upstream, arrived);

    /// <summary>Whether an operation on these operands must be recorded.</summary>
    internal static bool IsRecorded(Tensor a, Tensor? b = null, Tensor? c = null)
        => Gradients.AreRecorded && (a._requiresGradient || b is { _requiresGradient: true } || c is { _requiresGradient: true });

    /// <summary>Gives this result of an operation the rule for its gradient, if one will be needed.</summary>
    /// <param name="a">The operand.</param>
    /// <param name="rule">The rule; see <see cref="GradientFlow"/>.</param>
    /// <param name="saved">What the rule reads.</param>
    /// <returns>This tensor.</returns>
    internal Tensor WithGradient(Tensor a, GradientRule rule, Saved saved = Saved.All)
        => WithGradient(a, null, null, rule, saved);

    /// <inheritdoc cref="WithGradient(Tensor, GradientRule, Saved)"/>
    internal Tensor WithGradient(Tensor a, Tensor? b, GradientRule rule, Saved saved = Saved.All)
        => WithGradient(a, b, null, rule, saved);

    /// <inheritdoc cref="WithGradient(Tensor, GradientRule, Saved)"/>
    internal Tensor WithGradient(Tensor a, Tensor? b, Tensor? c, GradientRule rule, Saved saved = Saved.All)
    {
        if (IsRecorded(a, b, c)) SetNode(Node.Of(this, a, b, c, null, saved, rule));
        return this;
    }

    /// <inheritdoc cref="WithGradient(Tensor, GradientRule, Saved)"/>
    internal Tensor WithGradient(Tensor[] operands, GradientRule rule, Saved saved = Saved.All)
    {
        if (Gradients.AreRecorded && Array.Exists(operands, static operand => operand._requiresGradient))
            SetNode(Node.Of(this, operands[0], null, null, operands, saved, rule));
        return this;
    }
}

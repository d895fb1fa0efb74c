using Switchyard.Tensors.Autograd;

namespace Switchyard.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// Computes without keeping what comes up on the way, and computes once more when the gradient is asked for: less
    /// memory for more time (Chen et al. 2016, arXiv 1604.06174). The gradients are the same bits.
    /// </summary>
    /// <param name="compute">Makes the result, a tensor of its own, and the same each time: it draws no random numbers and changes nothing.</param>
    /// <param name="operands">Every tensor that it reads and that may require a gradient, parameters too.</param>
    /// <exception cref="InvalidOperationException">In the backward pass: a leaf has a part in the result that is not among the operands.</exception>
    public static Tensor Recomputed(Func<Tensor> compute, params Tensor[] operands)
    {
        ArgumentNullException.ThrowIfNull(compute);
        ArgumentNullException.ThrowIfNull(operands);
        Tensor result;
        using (TensorScope scope = new())
        using (Gradients.Paused())
            result = scope.Keep(compute());
        return result.WithGradient(operands, (dy, to) =>
        {
            if (to.CreateGraph) to.Through(compute());
            else to.ThroughAnew(compute, operands);
        }, Saved.Operands);
    }
}

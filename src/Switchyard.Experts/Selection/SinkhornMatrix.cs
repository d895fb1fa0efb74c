using Switchyard.Tensors;

namespace Switchyard.Experts.Selection;

/// <summary>
/// The matrix d₀·eᶻ·d₁ whose rows sum to 1/T and whose columns to 1/N, by scaling rows and columns in turn
/// (Sinkhorn-Knopp; as a router, S-BASE, arXiv 2202.01169).
/// </summary>
internal static class SinkhornMatrix
{
    /// <summary>Scales until the columns' factors hardly change.</summary>
    /// <param name="logits">[tokens, experts]</param>
    /// <param name="epsilon">Added to every sum before it divides.</param>
    /// <param name="tolerance">The mean change of the columns' factors to stop at.</param>
    /// <param name="mostRounds">The most rounds; they always end.</param>
    /// <returns>Float64 [tokens, experts], without gradient.</returns>
    public static Tensor Of(Tensor logits, double epsilon, double tolerance, int mostRounds)
    {
        using Gradients.Pause pause = Gradients.Paused();
        int tokens = logits.Shape[0], experts = logits.Shape[1];
        Tensor exact = logits.To(ElementType.Float64);
        if (tokens == 0) return exact;
        Tensor largest = exact.Largest([-1], keepAxes: true); // [tokens, 1]
        // A row may be scaled freely, as its factor makes up for it; so its largest entry becomes 1, and nothing overflows.
        Tensor kernel = (exact - largest).Exp(); // [tokens, experts]
        Tensor guard = (-largest).Exp() * epsilon; // the same epsilon, seen from the scaled row
        Tensor rows = Tensor.Full([tokens, 1], 1, ElementType.Float64), columns = Tensor.Full([experts, 1], 1, ElementType.Float64);
        for (int round = 0; round < mostRounds; round++)
        {
            rows = 1.0 / ((Tensor.MatMul(kernel, columns) + guard) * tokens);
            Tensor next = 1.0 / ((Tensor.MatMul(kernel, rows, transposeA: true) + epsilon) * experts);
            double change = (next - columns).Abs().Mean().ToDouble();
            columns = next;
            if (change <= tolerance) break;
        }
        return kernel * rows * columns.Reshape([1, experts]);
    }
}

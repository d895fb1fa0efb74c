using Switchyard.Experts.Gates;
using Switchyard.Tensors;

namespace Switchyard.Experts.Losses;

/// <summary>The router z-loss: the mean over tokens of (ln Σ eᶻ)², which keeps logits small (ST-MoE, arXiv 2202.08906, §3.1).</summary>
internal static class RouterZ
{
    /// <summary>Adds the loss, if it counts.</summary>
    public static void AddZ(this List<RoutingLoss> losses, Tensor logits, double coefficient, in RoutingContext context)
    {
        if (coefficient == 0) return;
        Tensor squares = logits.LogSumExp(-1, keepAxis: true).Square(); // [tokens, 1]
        if (context.Column(logits.Type) is { } column) squares = squares * column;
        losses.Add(new("z", squares.Sum() * (coefficient / Math.Max(1, context.Valid(logits.Shape[0])))));
    }
}

using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>One expert by the Sinkhorn matrix, weighted by a sigmoid; no loss. For more experts: softmax scores and a top-k.</summary>
public sealed record SinkhornOptions : TopKOptions
{
    /// <summary>Megatron-LM's policy for one expert.</summary>
    public SinkhornOptions() => (TopK, Score, Renormalise, BalanceCoefficient) = (1, ScoreFunction.Sigmoid, Renormalisation.None, 0);

    /// <summary>The mean change of the columns' factors to stop at.</summary>
    public double Tolerance { get; init; } = 1e-4;

    /// <summary>The most rounds of scaling.</summary>
    public int MostRounds { get; init; } = 100;

    /// <summary>Added to every sum before it divides.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <inheritdoc/>
    public override bool IsCausalInTraining => false;

    /// <inheritdoc/>
    public override Gate Make(GateSize size, Philox random) => new SinkhornGate(size.Width, size.Experts, this, random);

    /// <inheritdoc/>
    public override void Check(int experts)
    {
        base.Check(experts);
        if (MostRounds < 1 || !(Tolerance >= 0) || !(Epsilon >= 0)) throw new ArgumentException($"at most {MostRounds} rounds to a change of {Tolerance} with epsilon {Epsilon}: give at least one round, and no negative number");
    }
}

/// <summary>
/// While training, tokens choose by a matrix whose rows and columns are scaled to equal sums, so that all experts get about
/// as many; weights are those of the plain logits, the matrix has no gradient (Megatron-LM; S-BASE, arXiv 2202.01169, §3.2).
/// Evaluation chooses by the logits, which is causal.
/// </summary>
public sealed class SinkhornGate : TopKGate
{
    private readonly SinkhornOptions _options;

    /// <summary>Makes a gate.</summary>
    /// <inheritdoc cref="TopKGate(int, int, TopKOptions, Philox, double)"/>
    public SinkhornGate(int width, int experts, SinkhornOptions options, Philox random, double deviation = 0.02)
        : base(width, experts, options, random, deviation)
        => _options = options;

    private protected override Choices Select(Tensor logits, Tensor scores, in RoutingContext context)
    {
        if (!IsTraining) return base.Select(logits, scores, context);
        using Gradients.Pause pause = Gradients.Paused();
        Tensor matrix = SinkhornMatrix.Of(context.WithoutPadding(logits), _options.Epsilon, _options.Tolerance, _options.MostRounds);
        return Choices.Top(matrix, _options.TopK).Spread(context.Mask);
    }
}

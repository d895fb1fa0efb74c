using Switchyard.Experts.Dispatch;
using Switchyard.Experts.Losses;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>
/// The policy of a top-k gate. Systems differ on every one of these knobs; the defaults are dropless, ties to the
/// lowest expert, slots by (choice, token), weights renormalised before dropping.
/// </summary>
public record TopKOptions : SlotOptions
{
    /// <summary>How many experts each token chooses.</summary>
    public int TopK { get; init; } = 2;

    /// <summary>What makes scores out of logits.</summary>
    public ScoreFunction Score { get; init; } = ScoreFunction.Softmax;

    /// <summary>What the combine weights are.</summary>
    public CombineWeights Weights { get; init; } = CombineWeights.Score;

    /// <summary>
    /// Whether the weights of a token are made to sum to one. Null, the default: before dropping, or not at all where
    /// a token has one expert, whose weight would then always be 1 and teach the router nothing.
    /// </summary>
    public Renormalisation? Renormalise { get; init; }

    /// <summary>What weights are renormalised by: 1 for their sum, 2 for the Euclidean length.</summary>
    public double Norm { get; init; } = 1;

    /// <summary>What weights are multiplied by last.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>Whether the router has a bias that is learnt.</summary>
    public bool RouterBias { get; init; }

    /// <summary>While training, the router's input is multiplied element by element by a uniform number in 1 ± this.</summary>
    public double Jitter { get; init; }

    /// <summary>Coefficient of the load-balance loss (1 at perfect balance, before the coefficient).</summary>
    public double BalanceCoefficient { get; init; } = 0.01;

    /// <summary>Which choices the balance loss counts.</summary>
    public BalanceOver BalanceOver { get; init; } = BalanceOver.AllChoices;

    /// <summary>Over which tokens the balance loss wants balance.</summary>
    public BalanceScope BalanceScope { get; init; } = BalanceScope.Batch;

    /// <summary>Coefficient of the router z-loss.</summary>
    public double ZCoefficient { get; init; }

    /// <summary>What <see cref="Renormalise"/> comes to.</summary>
    public Renormalisation ActualRenormalise => Renormalise ?? (TopK == 1 ? Renormalisation.None : Renormalisation.BeforeDropping);

    /// <inheritdoc/>
    public override Gate Make(GateSize size, Philox random) => new TopKGate(size.Width, size.Experts, this, random);

    /// <inheritdoc/>
    public override double ExpertsPerToken(int experts) => TopK;

    /// <inheritdoc/>
    public override void Check(int experts)
    {
        base.Check(experts);
        if (TopK < 1 || TopK > experts) throw new ArgumentException($"top-k is {TopK} of {experts} experts: choose 1 to {experts}");
        CheckCoefficients(("balance loss", BalanceCoefficient), ("z-loss", ZCoefficient));
        if (!(Norm > 0)) throw new ArgumentException($"the norm of the weights is {Norm}: give 1 for their sum, 2 for the Euclidean length");
        if (Jitter is < 0 or >= 1) throw new ArgumentException($"the jitter is {Jitter}: give a number from 0 to below 1");
    }
}

namespace Switchyard.Experts.Gates;

/// <summary>What the combine weights of the chosen experts are.</summary>
public enum CombineWeights
{
    /// <summary>Their probabilities in the softmax over all experts.</summary>
    Softmax,

    /// <summary>A softmax over the logits of the chosen ones only.</summary>
    SoftmaxOverChosen,
}

/// <summary>Whether the weights of a token are divided by their sum.</summary>
public enum Renormalisation
{
    /// <summary>They stay as they are.</summary>
    None,

    /// <summary>By the sum over all chosen experts: a survivor's weight does not jump when its sibling is dropped.</summary>
    BeforeDropping,

    /// <summary>By the sum over those that were kept.</summary>
    AfterDropping,
}

/// <summary>In which order pairs of a token and an expert ask for the slots of an expert.</summary>
public enum SlotOrder
{
    /// <summary>All first choices by token, then all second choices, and so on.</summary>
    ChoiceThenToken,

    /// <summary>By token, and by choice within a token.</summary>
    TokenThenChoice,

    /// <summary>By choice, then by falling largest probability of the token (batch-priority routing).</summary>
    ChoiceThenPriority,
}

/// <summary>Which pairs an expert gives up when more ask than its capacity.</summary>
public enum DropRule
{
    /// <summary>Those that come last in the slot order.</summary>
    LastInOrder,

    /// <summary>Those of the lowest combine weight; of equals, the later token.</summary>
    LowestWeight,

    /// <summary>Those of the lowest router probability; of equals, the later token.</summary>
    LowestProbability,
}

/// <summary>
/// The policy of a top-k gate. Systems differ on every one of these knobs; the defaults are dropless, ties to the
/// lowest expert, slots by (choice, token), weights renormalised before dropping.
/// </summary>
public sealed record TopKOptions
{
    /// <summary>How many experts each token chooses.</summary>
    public int TopK { get; init; } = 2;

    /// <summary>What the combine weights are.</summary>
    public CombineWeights Weights { get; init; } = CombineWeights.Softmax;

    /// <summary>
    /// Whether the weights of a token are made to sum to one. Null, the default: before dropping, or not at all where
    /// a token has one expert, whose weight would then always be 1 and teach the router nothing.
    /// </summary>
    public Renormalisation? Renormalise { get; init; }

    /// <summary>
    /// Slots per expert while training, as a multiple of an even share: capacity = ⌈k·tokens·factor/experts⌉. Null: dropless.
    /// A decimal, because 1.1 has no exact binary value and the ceiling would betray it.
    /// </summary>
    public decimal? CapacityFactor { get; init; }

    /// <summary>The same in evaluation. Null, the default: dropless, so that results do not depend on the batch.</summary>
    public decimal? EvaluationCapacityFactor { get; init; }

    /// <summary>The capacity is rounded up to a multiple of this.</summary>
    public int CapacityAlignment { get; init; } = 1;

    /// <summary>The order in which pairs ask for slots.</summary>
    public SlotOrder SlotOrder { get; init; } = SlotOrder.ChoiceThenToken;

    /// <summary>Which pairs are dropped.</summary>
    public DropRule DropRule { get; init; } = DropRule.LastInOrder;

    /// <summary>While training, the router's input is multiplied element by element by a uniform number in 1 ± this.</summary>
    public double Jitter { get; init; }

    /// <summary>Coefficient of the load-balance loss (1 at perfect balance, before the coefficient).</summary>
    public double BalanceCoefficient { get; init; } = 0.01;

    /// <summary>Coefficient of the router z-loss.</summary>
    public double ZCoefficient { get; init; }

    /// <summary>What <see cref="Renormalise"/> comes to.</summary>
    public Renormalisation ActualRenormalise => Renormalise ?? (TopK == 1 ? Renormalisation.None : Renormalisation.BeforeDropping);

    /// <summary>Slots per expert for a number of tokens; null where nothing is dropped.</summary>
    /// <param name="tokens">Tokens in the batch.</param>
    /// <param name="experts">Experts that share them.</param>
    /// <param name="isTraining">Which of the two factors counts.</param>
    public int? Capacity(int tokens, int experts, bool isTraining)
    {
        if ((isTraining ? CapacityFactor : EvaluationCapacityFactor) is not { } factor) return null;
        decimal slots = Math.Ceiling((decimal)TopK * tokens * factor / experts);
        return (int)(Math.Ceiling(slots / CapacityAlignment) * CapacityAlignment);
    }

    /// <summary>Checks that the policy can be carried out.</summary>
    /// <param name="experts">How many experts there are.</param>
    /// <exception cref="ArgumentException">It cannot; the message says why.</exception>
    public void Check(int experts)
    {
        if (TopK < 1 || TopK > experts) throw new ArgumentException($"top-k is {TopK} of {experts} experts: choose 1 to {experts}");
        if (CapacityFactor <= 0 || EvaluationCapacityFactor <= 0) throw new ArgumentException($"the capacity factor is {CapacityFactor ?? EvaluationCapacityFactor}: give a positive one, or none for dropless routing");
        if (CapacityAlignment < 1) throw new ArgumentException($"the capacity alignment is {CapacityAlignment}: give 1 or more");
        if (!(BalanceCoefficient >= 0 && ZCoefficient >= 0)) throw new ArgumentException($"the weights of the balance loss and the z-loss are {BalanceCoefficient} and {ZCoefficient}: give 0 or more");
        if (Jitter is < 0 or >= 1) throw new ArgumentException($"the jitter is {Jitter}: give a number from 0 to below 1");
    }
}

using Switchyard.Experts.Gates;

namespace Switchyard.Experts.Dispatch;

/// <summary>In which order pairs of a token and an expert ask for the slots of an expert.</summary>
public enum SlotOrder
{
    /// <summary>All first choices by token, then all second choices, and so on.</summary>
    ChoiceThenToken,

    /// <summary>By token, and by choice within a token.</summary>
    TokenThenChoice,

    /// <summary>By choice, then by falling largest score of the token: batch-priority routing (V-MoE, arXiv 2106.05974, §3.4).</summary>
    ChoiceThenPriority,
}

/// <summary>Which pairs an expert gives up when more ask than its capacity.</summary>
public enum DropRule
{
    /// <summary>Those that come last in the slot order.</summary>
    LastInOrder,

    /// <summary>Those of the lowest combine weight; of equals, the later token.</summary>
    LowestWeight,

    /// <summary>Those of the lowest score; of equals, the later token.</summary>
    LowestProbability,

    /// <summary>Those of the lowest draw of a uniform number per token and expert: random token selection. In evaluation, the last in order.</summary>
    LowestDraw,
}

/// <summary>The part of a policy that hands out slots: for every gate whose tokens choose.</summary>
public abstract record SlotOptions : GateOptions
{
    /// <summary>
    /// Slots per expert while training, as a multiple of an even share: capacity = ⌈k·tokens·factor/experts⌉. Null: dropless.
    /// A decimal, because 1.1 has no exact binary value and the ceiling would betray it.
    /// </summary>
    public decimal? CapacityFactor { get; init; }

    /// <summary>The same in evaluation. Null, the default: dropless, so that results do not depend on the batch.</summary>
    public decimal? EvaluationCapacityFactor { get; init; }

    /// <summary>The least capacity, where there is one.</summary>
    public int MinimumCapacity { get; init; }

    /// <summary>The capacity is rounded up to a multiple of this.</summary>
    public int CapacityAlignment { get; init; } = 1;

    /// <summary>Whether every sequence has slots of its own, so that no sequence crowds out another.</summary>
    public bool SlotsPerSequence { get; init; }

    /// <summary>The order in which pairs ask for slots.</summary>
    public SlotOrder SlotOrder { get; init; } = SlotOrder.ChoiceThenToken;

    /// <summary>Which pairs are dropped.</summary>
    public DropRule DropRule { get; init; } = DropRule.LastInOrder;

    /// <inheritdoc/>
    public override bool IsCausal => EvaluationCapacityFactor is null || (SlotOrder == SlotOrder.TokenThenChoice && DropRule is DropRule.LastInOrder or DropRule.LowestDraw && SlotsPerSequence);

    /// <inheritdoc/>
    public override bool IsCausalInTraining => CapacityFactor is null || (SlotOrder == SlotOrder.TokenThenChoice && DropRule == DropRule.LastInOrder && SlotsPerSequence);

    /// <summary>Slots per expert for a number of tokens; null where nothing is dropped.</summary>
    /// <param name="tokens">Tokens that share them, padding not counted.</param>
    /// <param name="experts">Experts that share the tokens.</param>
    /// <param name="isTraining">Which of the two factors counts.</param>
    public int? Capacity(int tokens, int experts, bool isTraining)
    {
        if ((isTraining ? CapacityFactor : EvaluationCapacityFactor) is not { } factor) return null;
        decimal slots = Math.Ceiling((decimal)ExpertsPerToken(experts) * tokens * factor / experts);
        return (int)(Math.Ceiling(Math.Max(slots, MinimumCapacity) / CapacityAlignment) * CapacityAlignment);
    }

    /// <inheritdoc/>
    public override void Check(int experts)
    {
        if (CapacityFactor <= 0 || EvaluationCapacityFactor <= 0) throw new ArgumentException($"the capacity factor is {(CapacityFactor <= 0 ? CapacityFactor : EvaluationCapacityFactor)}: give a positive one, or none for dropless routing");
        if (CapacityAlignment < 1) throw new ArgumentException($"the capacity alignment is {CapacityAlignment}: give 1 or more");
        if (MinimumCapacity < 0) throw new ArgumentException($"the least capacity is {MinimumCapacity}: give 0 or more");
    }
}

using Switchyard.Tensors;

namespace Switchyard.Experts.Selection;

/// <summary>What the combine weights of the chosen experts are.</summary>
public enum CombineWeights
{
    /// <summary>Their scores, made over all experts.</summary>
    Score,

    /// <summary>A softmax over the logits of the chosen ones only.</summary>
    SoftmaxOverChosen,

    /// <summary>1: the router then learns nothing from the task.</summary>
    One,
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

/// <summary>How weights are made from scores.</summary>
internal static class Weighing
{
    /// <summary>The weights of chosen experts.</summary>
    /// <param name="kind">What they are.</param>
    /// <param name="logits">[tokens, experts]</param>
    /// <param name="scores">[tokens, experts]</param>
    /// <param name="choices">The chosen experts.</param>
    /// <returns>[tokens, choices]</returns>
    public static Tensor Of(this CombineWeights kind, Tensor logits, Tensor scores, Choices choices) => kind switch
    {
        CombineWeights.Score => scores.Gather(-1, choices.Columns),
        CombineWeights.SoftmaxOverChosen => logits.Gather(-1, choices.Columns).Softmax(),
        CombineWeights.One => Tensor.Full(choices.Experts.Shape, 1, logits.Type),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such weights"),
    };

    /// <summary>Weights [tokens, choices] with those of dropped pairs set to 0.</summary>
    /// <param name="weights">[tokens, choices]</param>
    /// <param name="pairs">The kept pairs, Int32 [pairs].</param>
    public static Tensor Kept(this Tensor weights, Tensor pairs)
    {
        Tensor dropped = Tensor.Full([(int)weights.Elements], 1, ElementType.Int32);
        Span<int> isDropped = dropped.AsSpan<int>();
        foreach (int pair in pairs.AsReadOnlySpan<int>()) isDropped[pair] = 0;
        return weights.MaskedFill(dropped.Reshape(weights.Shape), 0);
    }
}

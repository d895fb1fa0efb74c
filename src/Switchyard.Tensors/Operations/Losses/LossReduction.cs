namespace Switchyard.Tensors;

/// <summary>What a loss does with the losses of its items.</summary>
public enum LossReduction
{
    /// <summary>The mean over the items that count.</summary>
    Mean,

    /// <summary>The sum.</summary>
    Sum,

    /// <summary>The sum, divided by the extent of the first axis.</summary>
    BatchMean,

    /// <summary>One loss per item.</summary>
    None,
}

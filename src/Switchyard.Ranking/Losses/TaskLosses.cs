using Switchyard.Ranking.Features;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Losses;

/// <summary>Losses of heads, each over the examples where its label counts.</summary>
public static class TaskLosses
{
    /// <summary>The loss of each row: cross-entropy with a logit, or the squared error without ½.</summary>
    /// <param name="kind">What the head predicts.</param>
    /// <param name="outputs">Logits or values [rows].</param>
    /// <param name="labels">[rows]; where one does not count, any finite number.</param>
    /// <returns>[rows]</returns>
    public static Tensor PerRow(TaskKind kind, Tensor outputs, Tensor labels) => kind == TaskKind.Binary
        ? Tensor.BinaryCrossEntropy(outputs, labels, reduction: LossReduction.None)
        : Tensor.SquaredError(outputs, labels, LossReduction.None);

    /// <summary>The mean over the rows that count; 0 where none does.</summary>
    /// <param name="losses">[rows]</param>
    /// <param name="mask">1 where a row counts and 0 elsewhere [rows]; null where all do.</param>
    public static Tensor Mean(Tensor losses, Tensor? mask)
    {
        ArgumentNullException.ThrowIfNull(losses);
        if (mask is null) return losses.Mean();
        return (losses * mask).Sum() / Math.Max(1, mask.Detach().Sum().ToDouble());
    }

    /// <summary>
    /// Weighted logistic regression on watch time (Covington et al., RecSys 2016, §4.2): T·softplus(-z) for a click that was watched
    /// for T seconds, softplus(z) for none. exp(z) then estimates T·p/(1 - p), near the expected watch time where clicks are rare.
    /// </summary>
    /// <param name="logits">z [rows].</param>
    /// <param name="clicks">0 or 1 [rows].</param>
    /// <param name="seconds">T [rows]; without meaning where there was no click.</param>
    /// <returns>[rows]</returns>
    public static Tensor WatchTime(Tensor logits, Tensor clicks, Tensor seconds)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(clicks);
        return clicks * seconds * (-logits).Softplus() + (1 - clicks) * logits.Softplus();
    }

    /// <summary>(prediction - ln(1 + label))², for numbers of very different size: it is the logarithm that is predicted.</summary>
    /// <returns>[rows]</returns>
    public static Tensor SquaredLogarithm(Tensor predictions, Tensor labels)
    {
        ArgumentNullException.ThrowIfNull(predictions);
        ArgumentNullException.ThrowIfNull(labels);
        return Tensor.SquaredError(predictions, labels.Log1P(), LossReduction.None);
    }
}

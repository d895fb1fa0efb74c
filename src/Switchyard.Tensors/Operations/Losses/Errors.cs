namespace Switchyard.Tensors;

/// <content>Losses of predicted numbers. Operands broadcast; a mean is over all entries.</content>
public sealed partial class Tensor
{
    /// <summary>(a - b)².</summary>
    /// <exception cref="ArgumentException">The element types differ, or the shapes do not broadcast.</exception>
    public static Tensor SquaredError(Tensor a, Tensor b, LossReduction reduction = LossReduction.Mean) => (a - b).Square().Reduced(reduction);

    /// <summary>|a - b|.</summary>
    /// <inheritdoc cref="SquaredError"/>
    public static Tensor AbsoluteError(Tensor a, Tensor b, LossReduction reduction = LossReduction.Mean) => (a - b).Abs().Reduced(reduction);

    /// <summary>½d² where |d| is at most delta, else delta·(|d| - ½delta), for d = a - b (Huber, 1964).</summary>
    /// <inheritdoc cref="SquaredError"/>
    public static Tensor HuberError(Tensor a, Tensor b, double delta = 1, LossReduction reduction = LossReduction.Mean)
    {
        Tensor difference = a - b, clamped = difference.Clamp(-delta, delta);
        return (clamped * (difference - clamped * 0.5)).Reduced(reduction);
    }

    /// <summary>½d²/beta where |d| is below beta, else |d| - ½beta: Huber's error over beta (Girshick, "Fast R-CNN", 2015).</summary>
    /// <inheritdoc cref="SquaredError"/>
    public static Tensor SmoothAbsoluteError(Tensor a, Tensor b, double beta = 1, LossReduction reduction = LossReduction.Mean)
        => HuberError(a, b, beta, reduction) / beta;

    /// <summary>
    /// Cross-entropy of independent yes-or-no targets t with logits x:
    /// weight·((1 - t)·x + (1 + (positiveWeight - 1)·t)·softplus(-x)).
    /// </summary>
    /// <param name="logits">Of any shape.</param>
    /// <param name="targets">Probabilities of the same shape, differentiable.</param>
    /// <param name="weight">A constant that broadcasts; null for ones.</param>
    /// <param name="positiveWeight">How much a yes counts: a constant that broadcasts; null for ones.</param>
    /// <param name="reduction">What becomes of the losses of the entries.</param>
    /// <exception cref="ArgumentException">The element types differ, or the shapes do not broadcast.</exception>
    public static Tensor BinaryCrossEntropy(Tensor logits, Tensor targets, Tensor? weight = null, Tensor? positiveWeight = null, LossReduction reduction = LossReduction.Mean)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(targets);
        Tensor no = (-logits).Softplus();
        if (positiveWeight is not null) no *= (positiveWeight - 1) * targets + 1;
        Tensor items = (1 - targets) * logits + no;
        return (weight is null ? items : items * weight).Reduced(reduction);
    }

    /// <summary>
    /// The divergence of a model from target probabilities, t·(ln t - x) per entry, 0 where t is 0 (Kullback and
    /// Leibler, 1951). The mathematical one is the sum, or <see cref="LossReduction.BatchMean"/> over rows.
    /// </summary>
    /// <param name="logProbabilities">x, of the model.</param>
    /// <param name="targets">t, or ln t.</param>
    /// <param name="targetsAreLogarithms">Which of the two.</param>
    /// <param name="reduction">What becomes of the entries.</param>
    /// <exception cref="ArgumentException">The element types differ, or the shapes do not broadcast.</exception>
    public static Tensor KullbackLeiblerDivergence(Tensor logProbabilities, Tensor targets, bool targetsAreLogarithms = false, LossReduction reduction = LossReduction.BatchMean)
    {
        ArgumentNullException.ThrowIfNull(logProbabilities);
        ArgumentNullException.ThrowIfNull(targets);
        Tensor entries = targetsAreLogarithms
            ? targets.Exp() * (targets - logProbabilities)
            : targets * targets.MaskedFill(targets.IsEqualTo(0), 1).Log() - targets * logProbabilities;
        return entries.Reduced(reduction);
    }

    private Tensor Reduced(LossReduction reduction) => reduction switch
    {
        LossReduction.None => this,
        LossReduction.Sum => Sum(),
        LossReduction.BatchMean => Sum() / Shape[0],
        _ => Mean(),
    };
}

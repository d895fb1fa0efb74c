using Switchyard.Tensors.Autograd;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// Cross-entropy of logits with class numbers. With p = softmax(logits), y the target, w the weights and s the
    /// smoothing, an item is (1 - s)·w[y]·(-ln p[y]) + s/classes·Σ w[c]·(-ln p[c]).
    /// </summary>
    /// <param name="logits">[rows, classes, ..]: classes on axis 1, or [classes] for a single row.</param>
    /// <param name="targets">Int32, of the shape of the logits without the classes.</param>
    /// <param name="weight">[classes], a constant; null for ones.</param>
    /// <param name="reduction">The mean divides by Σ w[y] over the rows that count. It is 0 if none does.</param>
    /// <param name="ignoredTarget">Rows with this target do not count.</param>
    /// <param name="labelSmoothing">How much of the target is shared among all classes, 0 to 1.</param>
    /// <returns>A number; with <see cref="LossReduction.None"/>, a loss per target.</returns>
    /// <exception cref="ArgumentException">Shapes or element types do not match, or a target is no class.</exception>
    public static Tensor CrossEntropy(Tensor logits, Tensor targets, Tensor? weight = null, LossReduction reduction = LossReduction.Mean, int ignoredTarget = -100, double labelSmoothing = 0)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(targets);
        CheckClasses(logits, targets, weight, ignoredTarget);
        if (labelSmoothing is not (>= 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(labelSmoothing), labelSmoothing, "label smoothing is from 0 to 1");
        Tensor rows = ClassesLast(logits);
        Tensor items = CrossEntropyItems(rows, targets, weight, ignoredTarget, labelSmoothing);
        return reduction == LossReduction.Mean
            ? items.Sum() / TargetWeight(targets, weight, ignoredTarget)
            : items.Reshape(targets.Shape).Reduced(reduction);
    }

    /// <summary>
    /// Cross-entropy of logits with target probabilities: with t' = (1 - s)·t + s/classes, an item is
    /// -Σ w[c]·t'[c]·ln softmax(logits)[c]. The mean divides by the number of rows, whatever the weights.
    /// </summary>
    /// <param name="logits">[rows, classes]</param>
    /// <param name="targets">[rows, classes], differentiable.</param>
    /// <param name="weight">[classes], a constant; null for ones.</param>
    /// <param name="reduction">What becomes of the losses of the rows.</param>
    /// <param name="labelSmoothing">s, how much of the target is shared among all classes, 0 to 1.</param>
    /// <exception cref="ArgumentException">Shapes or element types do not match.</exception>
    public static Tensor SoftCrossEntropy(Tensor logits, Tensor targets, Tensor? weight = null, LossReduction reduction = LossReduction.Mean, double labelSmoothing = 0)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(targets);
        if (logits.Rank != 2 || targets.Shape != logits.Shape) throw new ArgumentException($"target probabilities {targets} were given for logits {logits}: both are [rows, classes]");
        Tensor smoothed = labelSmoothing == 0 ? targets : targets * (1 - labelSmoothing) + labelSmoothing / logits.Shape[1];
        Tensor terms = smoothed * logits.LogSoftmax();
        if (weight is not null) terms *= weight;
        return (-terms.Sum([-1])).Reduced(reduction);
    }

    /// <summary>The loss -w[y]·x[y] of log-probabilities x with class numbers y.</summary>
    /// <param name="x">[rows, classes, ..]: finite log-probabilities, classes on axis 1.</param>
    /// <param name="targets">Int32, of the shape of x without the classes.</param>
    /// <param name="weight">[classes], a constant; null for ones.</param>
    /// <param name="reduction">The mean divides by Σ w[y] over the rows that count. It is 0 if none does.</param>
    /// <param name="ignoredTarget">Rows with this target do not count.</param>
    /// <exception cref="ArgumentException">Shapes or element types do not match, or a target is no class.</exception>
    public static Tensor NegativeLogLikelihood(Tensor x, Tensor targets, Tensor? weight = null, LossReduction reduction = LossReduction.Mean, int ignoredTarget = -100)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(targets);
        CheckClasses(x, targets, weight, ignoredTarget);
        Tensor rows = ClassesLast(x);
        Tensor items = -(TargetShares(rows, targets, weight, ignoredTarget, 0) * rows).Sum([-1]);
        return reduction == LossReduction.Mean
            ? items.Sum() / TargetWeight(targets, weight, ignoredTarget)
            : items.Reshape(targets.Shape).Reduced(reduction);
    }

    /// <summary>The loss of every row of [rows, classes].</summary>
    private static Tensor CrossEntropyItems(Tensor logits, Tensor targets, Tensor? weight, int ignored, double smoothing)
    {
        Tensor items = Empty([logits.Shape[0]], logits.Type), normalisers = Empty([logits.Shape[0]], logits.Type);
        CrossEntropyRows.Forward(logits, targets, weight, ignored, smoothing, items, normalisers);
        items.WithGradient(logits, targets, weight, (ditems, to) =>
        {
            if (to.CreateGraph)
            {
                to.Through(-(TargetShares(logits, targets, weight, ignored, smoothing) * logits.LogSoftmax()).Sum([-1]));
                return;
            }
            Tensor dlogits = Empty(logits.Shape, logits.Type);
            CrossEntropyRows.Backward(logits, targets, weight, ignored, smoothing, normalisers, ditems, dlogits);
            to.Add(logits, dlogits);
        }, Saved.Operands);
        if (items.Node is null) normalisers.Dispose();
        return items;
    }

    /// <summary>What each class counts in the target of each row: [rows, classes].</summary>
    private static Tensor TargetShares(Tensor logits, Tensor targets, Tensor? weight, int ignored, double smoothing)
    {
        int classes = logits.Shape[1];
        ReadOnlySpan<int> classOf = targets.AsReadOnlySpan<int>();
        double[] shares = new double[classOf.Length * classes];
        double[] weights = Weights(weight, classes);
        for (int row = 0; row < classOf.Length; row++)
        {
            if (classOf[row] == ignored) continue;
            for (int c = 0; c < classes; c++) shares[row * classes + c] = smoothing / classes * weights[c];
            shares[row * classes + classOf[row]] += (1 - smoothing) * weights[classOf[row]];
        }
        return logits.Type == ElementType.Float64 ? From(shares, logits.Shape) : From(Array.ConvertAll(shares, share => (float)share), logits.Shape);
    }

    /// <summary>Σ w[y] over the rows that count; 1 if none does, so that their mean is 0.</summary>
    private static double TargetWeight(Tensor targets, Tensor? weight, int ignored)
    {
        double[]? weights = weight is null ? null : Weights(weight, weight.Shape[0]);
        double sum = 0;
        bool any = false;
        foreach (int target in targets.AsReadOnlySpan<int>())
        {
            if (target == ignored) continue;
            any = true;
            sum += weights is null ? 1 : weights[target];
        }
        return any ? sum : 1;
    }

    private static double[] Weights(Tensor? weight, int classes)
    {
        double[] weights = new double[classes];
        if (weight is null) Array.Fill(weights, 1);
        else if (weight.Type == ElementType.Float64) weight.AsReadOnlySpan<double>().CopyTo(weights);
        else for (int c = 0; c < classes; c++) weights[c] = weight.AsReadOnlySpan<float>()[c];
        return weights;
    }

    /// <summary>[rows, classes, ..] as [all rows, classes].</summary>
    private static Tensor ClassesLast(Tensor x)
    {
        int classes = ClassAxisExtent(x);
        int rows = checked((int)(classes == 0 ? 0 : x.Elements / classes));
        if (x.Rank <= 2) return x.Reshape([rows, classes]);
        Tensor flat = x.Reshape([x.Shape[0], classes, checked((int)x.Shape.Product(2, x.Rank))]);
        return flat.Transpose(1, 2).Reshape([rows, classes]);
    }

    private static int ClassAxisExtent(Tensor x) => x.Rank == 1 ? x.Shape[0] : x.Shape[1];

    private static void CheckClasses(Tensor x, Tensor targets, Tensor? weight, int ignored)
    {
        CheckComputed(x);
        if (x.Rank == 0) throw new ArgumentException($"{x} has no axis of classes");
        Shape expected = x.Shape.Without(x.Rank == 1 ? 0 : 1);
        if (targets.Type != ElementType.Int32 || targets.Shape != expected) throw new ArgumentException($"targets {targets} were given for {x}: they are Int32{expected}");
        int classes = ClassAxisExtent(x);
        if (weight is not null && (weight.Type != x.Type || weight.Rank != 1 || weight.Shape[0] != classes)) throw new ArgumentException($"{weight} does not weigh the {classes} classes of {x}");
        foreach (int target in targets.AsReadOnlySpan<int>())
            if (target != ignored && (uint)target >= (uint)classes) throw new ArgumentException($"target {target} is no class: they are numbered 0 to {classes - 1}, and {ignored} is ignored");
    }
}

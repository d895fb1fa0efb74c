using Switchyard.Tensors.Autograd;
using Switchyard.Tensors.Kernels;

namespace Switchyard.Tensors;

public sealed partial class Tensor
{
    /// <summary>
    /// Root-mean-square normalisation over the last axis: x / √(mean x² + epsilon) · weight (Zhang and Sennrich,
    /// "Root mean square layer normalization", 2019).
    /// </summary>
    /// <param name="x">[.., width]</param>
    /// <param name="weight">[width], or null for ones.</param>
    /// <param name="epsilon">Added inside the root.</param>
    /// <exception cref="ArgumentException">The element types or the widths do not match.</exception>
    public static Tensor RmsNorm(Tensor x, Tensor? weight, double epsilon)
    {
        ArgumentNullException.ThrowIfNull(x);
        CheckNormalised(x, weight, 1);
        Tensor y = Empty(x.Shape, x.Type);
        NormRows.Forward(x, weight, null, x.Shape[-1], centred: false, epsilon, y);
        return y.WithGradient(x, weight, (dy, to) =>
        {
            if (to.CreateGraph)
            {
                to.Through(RmsNormComposed(x, weight, epsilon));
                return;
            }
            Tensor dx = Empty(x.Shape, x.Type);
            Tensor? dweight = to.Wants(weight) ? Empty(weight!.Shape, x.Type) : null;
            NormRows.Backward(x, weight, x.Shape[-1], centred: false, epsilon, dy, dx, dweight, null);
            to.Add(x, dx);
            if (dweight is not null) to.Add(weight!, dweight);
        }, Saved.Operands);
    }

    /// <summary>
    /// Layer normalisation over the last axes: (x - mean) / √(variance + epsilon) · weight + bias, the variance
    /// divided by the number of elements (Ba, Kiros and Hinton, "Layer normalization", 2016).
    /// </summary>
    /// <param name="x">Of any shape.</param>
    /// <param name="weight">Of the shape of the normalised axes, or null for ones.</param>
    /// <param name="bias">Of the shape of the normalised axes, or null for none.</param>
    /// <param name="axes">How many trailing axes are normalised together.</param>
    /// <param name="epsilon">Added inside the root.</param>
    /// <exception cref="ArgumentException">The element types or the shapes do not match.</exception>
    public static Tensor LayerNorm(Tensor x, Tensor? weight, Tensor? bias, int axes, double epsilon)
    {
        ArgumentNullException.ThrowIfNull(x);
        CheckNormalised(x, weight, axes);
        CheckNormalised(x, bias, axes);
        int width = checked((int)x.Shape.Product(x.Rank - axes, x.Rank));
        Tensor y = Empty(x.Shape, x.Type);
        NormRows.Forward(x, weight, bias, width, centred: true, epsilon, y);
        return y.WithGradient(x, weight, bias, (dy, to) =>
        {
            if (to.CreateGraph)
            {
                to.Through(LayerNormComposed(x, weight, bias, axes, epsilon));
                return;
            }
            Tensor dx = Empty(x.Shape, x.Type);
            Tensor? dweight = to.Wants(weight) ? Empty(weight!.Shape, x.Type) : null;
            Tensor? dbias = to.Wants(bias) ? Empty(bias!.Shape, x.Type) : null;
            NormRows.Backward(x, weight, width, centred: true, epsilon, dy, dx, dweight, dbias);
            to.Add(x, dx);
            if (dweight is not null) to.Add(weight!, dweight);
            if (dbias is not null) to.Add(bias!, dbias);
        }, Saved.Operands);
    }

    private static Tensor RmsNormComposed(Tensor x, Tensor? weight, double epsilon)
    {
        Tensor y = x * ((x * x).Mean([-1], keepAxes: true) + epsilon).ReciprocalSqrt();
        return weight is null ? y : y * weight;
    }

    private static Tensor LayerNormComposed(Tensor x, Tensor? weight, Tensor? bias, int axes, double epsilon)
    {
        int[] normalised = [.. Enumerable.Range(x.Rank - axes, axes)];
        Tensor centred = x - x.Mean(normalised, keepAxes: true);
        Tensor y = centred * ((centred * centred).Mean(normalised, keepAxes: true) + epsilon).ReciprocalSqrt();
        if (weight is not null) y *= weight;
        return bias is null ? y : y + bias;
    }

    private static void CheckNormalised(Tensor x, Tensor? parameter, int axes)
    {
        CheckComputed(x);
        if (axes < 1 || axes > x.Rank) throw new ArgumentException($"{axes} axes of {x} cannot be normalised: it has {x.Rank}");
        if (parameter is null) return;
        CheckSameType(x, parameter);
        Shape shape = x.Shape;
        Shape normalised = Shape.Create(shape.AsSpan()[^axes..]);
        if (parameter.Shape != normalised) throw new ArgumentException($"{parameter} was given for the normalised axes of {x}: it has the shape {normalised}");
    }
}

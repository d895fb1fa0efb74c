using System.Numerics.Tensors;

namespace Switchyard.Experts.Classic;

/// <summary>
/// Σ_n Σ_k c_nk ln softmax_k(W φ_n) - ½ ridge |W|², which is concave in W: the M-step of gates (c the responsibilities)
/// and of experts for classes (c the responsibility where k is the class). With more classes than rows of W the last
/// logit is held at 0.
/// </summary>
/// <param name="design">φ, [rows, columns].</param>
/// <param name="columns">The length of φ.</param>
/// <param name="counts">c, not negative, [rows, classes].</param>
/// <param name="classes">How many classes there are.</param>
/// <param name="ridge">How strongly W is drawn to 0.</param>
internal sealed class SoftmaxRegression(ReadOnlyMemory<double> design, int columns, ReadOnlyMemory<double> counts, int classes, double ridge)
{
    private const int MostSteps = 200, MostHalvings = 20;
    private readonly int _rows = design.Length / columns;

    /// <summary>Newton's method from the given weights to the maximum, to rounding (Jordan and Jacobs 1994, appendix A: IRLS).</summary>
    /// <param name="weights">W, [classes or classes - 1, columns]; changed in place.</param>
    public void Maximise(Span<double> weights)
    {
        double[] gradient = new double[weights.Length], hessian = new double[weights.Length * weights.Length];
        double[] trial = new double[weights.Length];
        double enough = 1e-16 * Math.Max(1, TensorPrimitives.Sum(counts.Span));
        double value = Evaluate(weights, gradient, hessian);
        for (int i = 0; i < MostSteps; i++)
        {
            double[] step = SymmetricSystem.Solve(hessian, gradient);
            double gain = TensorPrimitives.Dot<double>(gradient, step); // twice what a quadratic would gain
            if (!(gain > 0)) return;
            bool last = gain <= enough;
            double reached = Climb(weights, step, trial, value, last ? double.NegativeInfinity : 1e-4 * gain);
            if (double.IsNaN(reached)) return;
            if (last) return;
            value = Evaluate(weights, gradient, hessian);
        }
    }

    /// <summary>
    /// One simultaneous step of every row by its own block of the curvature, W_k += s (Φᵀ diag(c g_k (1 - g_k)) Φ +
    /// ridge I)⁻¹ (Φᵀ (c_k - c g_k) - ridge W_k) with c the sum of the row's counts: s = 1, halved while the objective falls.
    /// </summary>
    /// <inheritdoc cref="Maximise"/>
    public void BlockStep(Span<double> weights)
    {
        int order = weights.Length;
        double[] gradient = new double[order], hessian = new double[order * order], step = new double[order], block = new double[columns * columns];
        double value = Evaluate(weights, gradient, hessian);
        for (int start = 0; start < order; start += columns)
        {
            for (int row = 0; row < columns; row++) hessian.AsSpan((start + row) * order + start, columns).CopyTo(block.AsSpan(row * columns));
            SymmetricSystem.Solve(block, gradient.AsSpan(start, columns)).CopyTo(step.AsSpan(start));
        }
        Climb(weights, step, new double[order], value, 0);
    }

    /// <summary>Goes along a step, half as far while less than a share of what it promises is gained; NaN if nothing is.</summary>
    private double Climb(Span<double> weights, ReadOnlySpan<double> step, double[] trial, double value, double promised)
    {
        double length = 1;
        for (int i = 0; i <= MostHalvings; i++, length /= 2)
        {
            TensorPrimitives.MultiplyAdd(step, length, weights, trial);
            double reached = Evaluate(trial, [], []);
            if (!(reached >= value + length * promised)) continue;
            trial.CopyTo(weights);
            return reached;
        }
        return double.NaN;
    }

    /// <summary>The objective, and where there is room for them its gradient and its negated second derivatives.</summary>
    private double Evaluate(ReadOnlySpan<double> weights, Span<double> gradient, Span<double> hessian)
    {
        int free = weights.Length / columns;
        ReadOnlySpan<double> allRows = design.Span, allCounts = counts.Span;
        Span<double> share = stackalloc double[classes];
        double value = -0.5 * ridge * TensorPrimitives.SumOfSquares(weights);
        TensorPrimitives.Multiply(weights[..gradient.Length], -ridge, gradient);
        hessian.Clear();
        for (int n = 0; n < _rows; n++)
        {
            ReadOnlySpan<double> row = allRows.Slice(n * columns, columns), count = allCounts.Slice(n * classes, classes);
            share.Clear();
            for (int k = 0; k < free; k++) share[k] = TensorPrimitives.Dot(weights.Slice(k * columns, columns), row);
            double largest = TensorPrimitives.Max<double>(share), total = TensorPrimitives.Sum(count);
            double normaliser = 0;
            for (int k = 0; k < classes; k++) normaliser += Math.Exp(share[k] - largest);
            normaliser = largest + Math.Log(normaliser);
            for (int k = 0; k < classes; k++)
            {
                double logarithm = share[k] - normaliser;
                if (count[k] > 0) value += count[k] * logarithm;
                share[k] = Math.Exp(logarithm);
            }
            for (int k = 0; k < free && gradient.Length > 0; k++)
            {
                Span<double> slope = gradient.Slice(k * columns, columns);
                TensorPrimitives.MultiplyAdd(row, count[k] - total * share[k], slope, slope);
            }
            if (hessian.Length > 0 && total > 0) AddCurvature(hessian, row, share[..free], total);
        }
        if (hessian.Length > 0) Complete(hessian, weights.Length);
        return value;
    }

    // The blocks on and below the diagonal: c (g_k [k = l] - g_k g_l) φ φᵀ.
    private void AddCurvature(Span<double> hessian, ReadOnlySpan<double> row, ReadOnlySpan<double> share, double total)
    {
        int order = share.Length * columns;
        for (int k = 0; k < share.Length; k++)
        {
            for (int l = 0; l <= k; l++)
            {
                double curvature = total * share[k] * ((k == l ? 1 : 0) - share[l]);
                for (int i = 0; i < columns; i++)
                {
                    Span<double> line = hessian.Slice((k * columns + i) * order + l * columns, columns);
                    TensorPrimitives.MultiplyAdd(row, curvature * row[i], line, line);
                }
            }
        }
    }

    private void Complete(Span<double> hessian, int order)
    {
        for (int i = 0; i < order; i++)
        {
            hessian[i * order + i] += ridge;
            for (int j = 0; j < i; j++) hessian[j * order + i] = hessian[i * order + j];
        }
    }
}

using Switchyard.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Switchyard.Experts.Classic;

/// <summary>
/// Σ_n Σ_k c_nk ln softmax_k(W φ_n) - ½ ridge |W|², which is concave in W: the M-step of gates (c the responsibilities)
/// and of experts for classes (c the responsibility where k is the class). With one class more than W has rows, the
/// last logit is held at 0.
/// </summary>
/// <param name="design">φ, [rows, columns].</param>
/// <param name="counts">c, not negative, [rows, classes].</param>
/// <param name="ridge">How strongly W is drawn to 0.</param>
internal sealed class SoftmaxRegression(Tensor design, Tensor counts, double ridge)
{
    private const int MostSteps = 200, MostHalvings = 20;
    private readonly Tensor _totals = counts.Sum([-1], keepAxes: true); // [rows, 1]
    private readonly Tensor _transposed = design.Transpose(0, 1); // [columns, rows]

    /// <summary>Newton's method from the given weights to the maximum, to rounding (Jordan and Jacobs 1994, appendix A: IRLS).</summary>
    /// <param name="weights">W, [classes or classes - 1, columns]; changed in place.</param>
    public void Maximise(Tensor weights)
    {
        double enough = 1e-16 * Math.Max(1, _totals.Sum().ToDouble());
        for (int i = 0; i < MostSteps; i++)
        {
            using TensorScope scope = new();
            Tensor shares = Shares(weights);
            double[] gradient = Gradient(weights, shares).ToArray<double>();
            double[] step = SymmetricSystem.Solve(Curvature(shares, weights.Shape[0]), gradient);
            double gain = TensorPrimitives.Dot<double>(gradient, step); // twice what a quadratic would gain
            if (!(gain > 0)) return;
            bool isLast = gain <= enough;
            // So near the top rounding hides what is gained: the last step needs no proof.
            if (!Climb(weights, step, isLast ? double.NegativeInfinity : 1e-4 * gain) || isLast) return;
        }
    }

    /// <summary>
    /// One simultaneous step of every row by its own block of the curvature, W_k += s (Φᵀ diag(c g_k (1 - g_k)) Φ +
    /// ridge I)⁻¹ (Φᵀ (c_k - c g_k) - ridge W_k) with c the sum of a row's counts: s = 1, halved while the objective falls.
    /// </summary>
    /// <param name="weights">W, [classes or classes - 1, columns]; changed in place.</param>
    public void BlockStep(Tensor weights)
    {
        using TensorScope scope = new();
        (int classes, int columns) = (weights.Shape[0], weights.Shape[1]);
        Tensor shares = Shares(weights);
        double[] gradient = Gradient(weights, shares).ToArray<double>(), step = new double[gradient.Length];
        for (int k = 0; k < classes; k++)
        {
            Tensor share = shares.Slice(1, k, k + 1); // [rows, 1]
            double[] block = Tensor.MatMul(design * (share * (1 - share) * _totals), design, transposeA: true).ToArray<double>();
            for (int i = 0; i < columns; i++) block[i * columns + i] += ridge;
            SymmetricSystem.Solve(block, gradient.AsSpan(k * columns, columns)).CopyTo(step.AsSpan(k * columns));
        }
        Climb(weights, step, 0);
    }

    /// <summary>Goes along a step, half as far while less than a share of what it promises is gained; false if nothing is.</summary>
    private bool Climb(Tensor weights, double[] step, double promised)
    {
        Tensor direction = Tensor.From(step, weights.Shape);
        double value = Objective(weights), length = 1;
        for (int i = 0; i <= MostHalvings; i++, length /= 2)
        {
            Tensor trial = weights + direction * length;
            if (!(Objective(trial) >= value + length * promised)) continue;
            weights.CopyFrom(trial);
            return true;
        }
        return false;
    }

    private double Objective(Tensor weights)
        => (counts * Logits(weights).LogSoftmax()).Sum().ToDouble() - 0.5 * ridge * weights.Square().Sum().ToDouble();

    private Tensor Gradient(Tensor weights, Tensor shares)
    {
        int free = weights.Shape[0];
        Tensor errors = counts.Slice(1, 0, free) - shares.Slice(1, 0, free) * _totals; // [rows, free]
        return Tensor.MatMul(errors, design, transposeA: true) - weights * ridge; // [free, columns]
    }

    /// <summary>The negated second derivatives, [free · columns, free · columns]: the block k, l is Φᵀ diag(c g_k ([k = l] - g_l)) Φ.</summary>
    private double[] Curvature(Tensor shares, int free)
    {
        int rows = design.Shape[0], columns = design.Shape[1], order = free * columns;
        // Transposed, so that every sum over the rows runs along memory.
        ReadOnlySpan<double> phi = _transposed.AsReadOnlySpan<double>(), share = shares.Transpose(0, 1).AsReadOnlySpan<double>();
        ReadOnlySpan<double> totals = _totals.AsReadOnlySpan<double>();
        double[] curvature = new double[order * order], weight = new double[rows], weighted = new double[rows];
        for (int k = 0; k < free; k++)
        {
            for (int l = 0; l <= k; l++)
            {
                TensorPrimitives.Multiply(share.Slice(l * rows, rows), -1, weight);
                if (k == l) TensorPrimitives.Add(weight, 1, weight);
                TensorPrimitives.Multiply(weight, share.Slice(k * rows, rows), weight);
                TensorPrimitives.Multiply(weight, totals, weight);
                for (int i = 0; i < columns; i++)
                {
                    TensorPrimitives.Multiply(weight, phi.Slice(i * rows, rows), weighted);
                    for (int j = 0; j <= i; j++)
                    {
                        double value = TensorPrimitives.Dot(weighted, phi.Slice(j * rows, rows)) + (k == l && i == j ? ridge : 0);
                        (int ki, int kj, int li, int lj) = (k * columns + i, k * columns + j, l * columns + i, l * columns + j);
                        curvature[ki * order + lj] = curvature[lj * order + ki] = curvature[kj * order + li] = curvature[li * order + kj] = value;
                    }
                }
            }
        }
        return curvature;
    }

    private Tensor Shares(Tensor weights) => Logits(weights).Softmax(); // [rows, classes]

    private Tensor Logits(Tensor weights)
    {
        Tensor logits = Tensor.Linear(design, weights);
        return logits.Shape[1] == counts.Shape[1] ? logits : Tensor.Concat([logits, Tensor.Zeros([logits.Shape[0], 1], logits.Type)], 1);
    }
}

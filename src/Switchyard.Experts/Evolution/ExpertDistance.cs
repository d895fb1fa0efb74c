using Switchyard.Collectives;
using Switchyard.Experts.Banks;
using Switchyard.Tensors;

namespace Switchyard.Experts.Evolution;

/// <summary>How far the experts of a layer are from one another.</summary>
public static class ExpertDistance
{
    /// <summary>
    /// 1 less the cosine of the angle between the weights of two experts, on average over all pairs: 0 for copies, about 1
    /// for experts that have nothing to do with one another.
    /// </summary>
    /// <param name="bank">The experts; one of them is 0 from itself. Where ranks share them, every rank asks.</param>
    /// <returns>The distance; null for experts whose weights are no feed-forward matrices.</returns>
    public static double? Of(ExpertBank bank)
    {
        ArgumentNullException.ThrowIfNull(bank);
        (ExpertBank own, ProcessGroup? ranks) = bank is ParallelBank shared ? (shared.Own, shared.Ranks) : (bank, null);
        if (own is not FeedForwardBank) return null;
        int experts = bank.Experts, owned = own.Experts;
        if (experts < 2) return 0;
        double[] squares = new double[owned];
        foreach ((_, Tensor tensor) in own.Parameters())
            for (int expert = 0; expert < owned; expert++)
                foreach (float weight in Of(tensor, expert)) squares[expert] += (double)weight * weight;

        // |Σ u|² = n + Σ of the cosines of all ordered pairs, for unit vectors u: no pair is looked at by itself.
        double squareOfSum = 0;
        foreach ((_, Tensor tensor) in own.Parameters())
        {
            double[] sum = new double[tensor.Shape.Without(0).Elements];
            for (int expert = 0; expert < owned; expert++)
            {
                double factor = squares[expert] > 0 ? 1 / Math.Sqrt(squares[expert]) : 0;
                ReadOnlySpan<float> weights = Of(tensor, expert);
                for (int i = 0; i < sum.Length; i++) sum[i] += factor * weights[i];
            }
            ranks?.AllReduce<double>(sum);
            foreach (double entry in sum) squareOfSum += entry * entry;
        }
        return 1 - (squareOfSum - experts) / ((double)experts * (experts - 1));
    }

    private static ReadOnlySpan<float> Of(Tensor tensor, int expert)
    {
        int length = (int)tensor.Shape.Without(0).Elements;
        return tensor.AsReadOnlySpan<float>().Slice(expert * length, length);
    }
}

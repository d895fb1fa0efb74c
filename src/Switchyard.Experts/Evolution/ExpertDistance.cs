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
    /// <param name="bank">The experts; one of them is 0 from itself.</param>
    public static double Of(FeedForwardBank bank)
    {
        ArgumentNullException.ThrowIfNull(bank);
        int experts = bank.Experts;
        if (experts < 2) return 0;
        double[] squares = new double[experts];
        foreach ((_, Tensor tensor) in bank.Parameters())
            for (int expert = 0; expert < experts; expert++)
                foreach (float weight in Of(tensor, expert)) squares[expert] += (double)weight * weight;

        // |Σ u|² = n + Σ of the cosines of all ordered pairs, for unit vectors u: no pair is looked at by itself.
        double squareOfSum = 0;
        foreach ((_, Tensor tensor) in bank.Parameters())
        {
            double[] sum = new double[tensor.Elements / experts];
            for (int expert = 0; expert < experts; expert++)
            {
                double factor = squares[expert] > 0 ? 1 / Math.Sqrt(squares[expert]) : 0;
                ReadOnlySpan<float> own = Of(tensor, expert);
                for (int i = 0; i < sum.Length; i++) sum[i] += factor * own[i];
            }
            foreach (double entry in sum) squareOfSum += entry * entry;
        }
        return 1 - (squareOfSum - experts) / ((double)experts * (experts - 1));
    }

    private static ReadOnlySpan<float> Of(Tensor tensor, int expert)
    {
        int length = (int)(tensor.Elements / tensor.Shape[0]);
        return tensor.AsReadOnlySpan<float>().Slice(expert * length, length);
    }
}

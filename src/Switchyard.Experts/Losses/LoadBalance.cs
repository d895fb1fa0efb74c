using Switchyard.Experts.Gates;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts.Losses;

/// <summary>Which choices the balance loss counts.</summary>
public enum BalanceOver
{
    /// <summary>All choices of a token, divided by their number.</summary>
    AllChoices,

    /// <summary>First choices only (GShard, arXiv 2006.16668, §3.2).</summary>
    FirstChoices,

    /// <summary>All choices, summed: k times the loss over all choices.</summary>
    SumOverChoices,
}

/// <summary>Over which tokens the balance loss wants balance.</summary>
public enum BalanceScope
{
    /// <summary>The tokens of a forward pass.</summary>
    Batch,

    /// <summary>Each sequence by itself, then the mean (DeepSeek-V3, arXiv 2412.19437, §2.1.2).</summary>
    Sequence,

    /// <summary>The counts of all micro-batches of the optimiser step so far (arXiv 2501.11873).</summary>
    GlobalBatch,
}

/// <summary>
/// The load-balance loss: experts · Σ_e f_e·P_e, with f_e the share of the choices that went to expert e, before dropping
/// and without gradient, and P_e the mean probability: 1 at perfect balance, the number of experts at collapse (Switch
/// Transformers, arXiv 2101.03961, eq. 4, for any k). Padding counts in neither.
/// </summary>
internal static class LoadBalance
{
    /// <summary>The loss of one gate on one batch.</summary>
    /// <param name="probabilities">Scores that sum to one for each token [tokens, experts].</param>
    /// <param name="choices">What was chosen.</param>
    /// <param name="over">Which choices count.</param>
    /// <param name="scope">Over which tokens; <see cref="BalanceScope.GlobalBatch"/> needs <paramref name="counts"/>.</param>
    /// <param name="coefficient">Scales the loss.</param>
    /// <param name="counts">Choices of each expert in the earlier micro-batches of the step; those of this batch are added.</param>
    /// <param name="context">The mask and the sequences.</param>
    public static Tensor Loss(Tensor probabilities, Choices choices, BalanceOver over, BalanceScope scope, double coefficient, long[]? counts, in RoutingContext context)
    {
        int tokens = choices.Tokens, experts = probabilities.Shape[1], sequences = scope == BalanceScope.Sequence ? context.Sequences : 1;
        Span<double> factor = experts * sequences <= 1024 ? stackalloc double[experts * sequences] : new double[experts * sequences]; // what each probability of a sequence is multiplied by
        for (int sequence = 0; sequence < sequences; sequence++)
        {
            Range rows = sequences == 1 ? .. : context.Rows(sequence, tokens);
            long[] load = choices.Load(experts, rows, over == BalanceOver.FirstChoices);
            int valid = context.Valid(rows, tokens);
            if (scope == BalanceScope.GlobalBatch && counts is not null)
                for (int expert = 0; expert < experts; expert++) load[expert] = counts[expert] += load[expert];
            double pairs = Math.Max(1, load.Sum()) / (over == BalanceOver.SumOverChoices ? (double)choices.Count : 1);
            for (int expert = 0; expert < experts; expert++) factor[sequence * experts + expert] = coefficient * experts * load[expert] / (pairs * Math.Max(1, valid) * sequences);
        }
        return WeightedSum(probabilities, factor, context);
    }

    /// <summary>The loss with the share of tokens instead of that of pairs: experts · Σ_e (mean weight_e)·(tokens of e / tokens).</summary>
    /// <param name="weights">[tokens, experts]</param>
    /// <param name="load">Tokens of each expert.</param>
    /// <param name="coefficient">Scales the loss.</param>
    /// <param name="context">The mask.</param>
    public static Tensor ByTokens(Tensor weights, ReadOnlySpan<long> load, double coefficient, in RoutingContext context)
    {
        double valid = Math.Max(1, context.Valid(weights.Shape[0]));
        double[] factor = new double[load.Length];
        for (int expert = 0; expert < load.Length; expert++) factor[expert] = coefficient * load.Length * load[expert] / (valid * valid);
        return WeightedSum(weights, factor, context);
    }

    /// <summary>Σ_te probability_te · factor_e over the tokens that are no padding.</summary>
    /// <param name="probabilities">[tokens, experts]</param>
    /// <param name="factors">[sequences · experts]</param>
    /// <param name="context">The mask.</param>
    private static Tensor WeightedSum(Tensor probabilities, ReadOnlySpan<double> factors, in RoutingContext context)
    {
        if (context.Column(probabilities.Type) is { } column) probabilities = probabilities * column;
        int experts = probabilities.Shape[1], sequences = factors.Length / experts;
        Tensor typed = Tensor.Empty(sequences == 1 ? [experts] : [sequences, 1, experts], probabilities.Type);
        if (probabilities.Type == ElementType.Float64) factors.CopyTo(typed.AsSpan<double>());
        else System.Numerics.Tensors.TensorPrimitives.ConvertTruncating(factors, typed.AsSpan<float>());
        return sequences == 1
            ? (probabilities * typed).Sum()
            : (probabilities.Reshape([sequences, probabilities.Shape[0] / sequences, experts]) * typed).Sum();
    }
}

using Switchyard.Experts.Dispatch;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>Quantile balancing: top-k of z - b, no loss.</summary>
public sealed record QuantileOptions : TopKOptions
{
    /// <summary>Megatron-LM's policy.</summary>
    public QuantileOptions() => BalanceCoefficient = 0;

    /// <inheritdoc/>
    public override Gate Make(GateSize size, Philox random) => new QuantileGate(size.Width, size.Experts, this, random);

    /// <inheritdoc/>
    public override void Check(int experts)
    {
        base.Check(experts);
        if (TopK >= experts) throw new ArgumentException($"top-k is {TopK} of {experts} experts: quantile balancing needs an expert that is not chosen");
    }
}

/// <summary>
/// Tokens choose the top k of z - b. With a_t the (k+1)-th value of token t, the next b_e is the (T·k/E + 1)-th largest of
/// z_te - a_t: the bias at which exactly an even share would have chosen e (Megatron-LM). The mean over the micro-batches
/// of a step takes the place of b after it; b is a buffer, without gradient or decay.
/// </summary>
public sealed class QuantileGate : TopKGate
{
    private readonly Tensor _bias;
    private readonly double[] _stepSums;
    private int _stepBatches;

    /// <summary>Makes a gate.</summary>
    /// <inheritdoc cref="TopKGate(int, int, TopKOptions, Philox, double)"/>
    public QuantileGate(int width, int experts, QuantileOptions options, Philox random, double deviation = 0.02)
        : base(width, experts, options, random, deviation)
    {
        _bias = AddBuffer("balancing_bias", Tensor.Zeros([experts]));
        _stepSums = new double[experts];
    }

    /// <inheritdoc/>
    public override void EndStep()
    {
        base.EndStep();
        if (_stepBatches == 0) return;
        int batches = _stepBatches;
        using Tensor mean = Tensor.From(Array.ConvertAll(_stepSums, sum => sum / batches), [Experts]).To(_bias.Type);
        _bias.CopyFrom(mean);
        Array.Clear(_stepSums);
        _stepBatches = 0;
    }

    /// <summary>The bias at which every expert would have been chosen by an even share of the tokens.</summary>
    /// <param name="logits">[tokens, experts]</param>
    /// <param name="bias">The bias that the tokens chose with [experts].</param>
    /// <param name="topK">How many experts each token chooses.</param>
    /// <returns>[experts]</returns>
    internal static Tensor NextBias(Tensor logits, Tensor bias, int topK)
    {
        using Gradients.Pause pause = Gradients.Paused();
        int tokens = logits.Shape[0], experts = logits.Shape[1];
        Tensor next = (logits - bias).TopK(topK + 1).Values.Slice(-1, topK); // [tokens, 1]: a_t
        int share = Math.Min((int)((long)tokens * topK / experts), tokens - 1);
        return (logits - next).TopK(share + 1, 0).Values.Slice(0, share).Reshape([experts]);
    }

    private protected override Choices Select(Tensor logits, Tensor scores, in RoutingContext context)
    {
        using Gradients.Pause pause = Gradients.Paused();
        return Choices.Top(logits - _bias, Options.TopK);
    }

    private protected override void Learn(Tensor logits, in Slots slots, in RoutingContext context)
    {
        using Gradients.Pause pause = Gradients.Paused();
        Tensor counted = context.WithoutPadding(logits);
        if (counted.Shape[0] == 0) return;
        double[] next = NextBias(counted, _bias, Options.TopK).To(ElementType.Float64).ToArray<double>();
        for (int expert = 0; expert < Experts; expert++) _stepSums[expert] += next[expert];
        _stepBatches++;
    }
}

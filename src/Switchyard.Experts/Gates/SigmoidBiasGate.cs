using Switchyard.Experts.Dispatch;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>Balancing by a bias instead of by a loss; k of the sigmoid scores, weights normalised, optionally within groups.</summary>
public sealed record SigmoidBiasOptions : GroupLimitedOptions
{
    /// <summary>DeepSeek-V3's policy, without groups.</summary>
    public SigmoidBiasOptions() => (Score, BalanceCoefficient, Groups, GroupsKept, Renormalise) = (ScoreFunction.Sigmoid, 0, 1, 1, Renormalisation.BeforeDropping);

    /// <summary>How much an expert's bias rises or falls in an optimiser step (γ).</summary>
    public double BiasRate { get; init; } = 0.001;

    /// <inheritdoc/>
    public override Gate Make(GateSize size, Philox random) => new SigmoidBiasGate(size.Width, size.Experts, this, random);
}

/// <summary>
/// Balance without a loss: s = σ(z), the top k of s + b are chosen, weighted by s without b over the sum of the chosen.
/// After each step b_e rises by γ where expert e had less than the mean load and falls where it had more (arXiv
/// 2408.15664, algorithm 1; DeepSeek-V3, arXiv 2412.19437, §2.1.2). The bias is a buffer: it gets no gradient and no decay.
/// </summary>
public sealed class SigmoidBiasGate : GroupLimitedGate
{
    private readonly double _rate;
    private readonly Tensor _bias;
    private readonly long[] _stepLoad;

    /// <summary>Makes a gate.</summary>
    /// <inheritdoc cref="TopKGate(int, int, TopKOptions, Philox, double)"/>
    public SigmoidBiasGate(int width, int experts, SigmoidBiasOptions options, Philox random, double deviation = 0.02)
        : base(width, experts, options, random, deviation)
    {
        _rate = options.BiasRate;
        _bias = AddBuffer("balancing_bias", Tensor.Zeros([experts]));
        _stepLoad = new long[experts];
    }

    /// <inheritdoc/>
    public override void EndStep()
    {
        base.EndStep();
        if (_bias.Type == ElementType.Float32) Update(_bias.AsSpan<float>(), _stepLoad, (float)_rate);
        else Update(_bias.AsSpan<double>(), _stepLoad, _rate);
        Array.Clear(_stepLoad);
    }

    /// <summary>b_e += rate·sign(mean load - load_e).</summary>
    internal static void Update<T>(Span<T> bias, ReadOnlySpan<long> load, T rate)
        where T : unmanaged, System.Numerics.IFloatingPointIeee754<T>
    {
        long sum = 0;
        foreach (long count in load) sum += count;
        // The mean need not be whole: both sides times the number of experts are.
        for (int expert = 0; expert < load.Length; expert++) bias[expert] += rate * T.CreateChecked(Math.Sign(sum - load[expert] * load.Length));
    }

    private protected override Tensor Preference(Tensor scores) => scores + _bias;

    private protected override void Learn(Tensor logits, in Slots slots, in RoutingContext context)
    {
        for (int expert = 0; expert < _stepLoad.Length; expert++) _stepLoad[expert] += slots.Load[expert];
    }
}

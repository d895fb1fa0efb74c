using System.Numerics;
using Switchyard.Experts.Dispatch;
using Switchyard.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Switchyard.Experts.Gates;

/// <summary>
/// Every token goes to the k experts of its largest router probabilities; ties to the lowest index. The general
/// token-choice gate: GShard (arXiv 2006.16668), Switch (arXiv 2101.03961) and Mixtral's are settings of it.
/// </summary>
public class TopKGate : Gate
{
    private const double SmallestNormal = 1.1754943508222875e-38;

    private readonly TopKOptions _options;
    private readonly Tensor _weight;

    /// <summary>Makes a gate.</summary>
    /// <param name="width">Length of a token's hidden vector.</param>
    /// <param name="experts">How many experts there are.</param>
    /// <param name="options">The policy.</param>
    /// <param name="random">Draws the initial router weights, normal.</param>
    /// <param name="deviation">Standard deviation of the initial router weights.</param>
    /// <exception cref="ArgumentException">The policy does not fit the number of experts.</exception>
    public TopKGate(int width, int experts, TopKOptions options, Philox random, double deviation = 0.02)
        : base(experts)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check(experts);
        _options = options;
        _weight = AddParameter("weight", Tensor.Normal([experts, width], 0, deviation, random));
    }

    /// <summary>The policy.</summary>
    public TopKOptions Options => _options;

    /// <inheritdoc/>
    public override Routing Route(Tensor tokens, RoutingContext context)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        if (IsTraining && _options.Jitter > 0 && context.Random is { } random)
            tokens = tokens * Tensor.Uniform(tokens.Shape, 1 - _options.Jitter, 1 + _options.Jitter, random, tokens.Type);
        return Route(Tensor.Linear(tokens, _weight));
    }

    /// <summary>Routes by given router logits [tokens, experts].</summary>
    /// <exception cref="ArgumentException">The logits are not one per expert.</exception>
    public Routing Route(Tensor logits)
    {
        ArgumentNullException.ThrowIfNull(logits);
        if (logits.Rank != 2 || logits.Shape[1] != Experts) throw new ArgumentException($"router logits have shape {logits.Shape}, the gate has {Experts} experts: give [tokens, {Experts}]");
        int tokens = logits.Shape[0], topK = _options.TopK;
        Tensor probabilities = logits.Softmax(-1); // [tokens, experts]
        Tensor chosen = TopExperts(probabilities); // Int32 [tokens, k]
        Tensor weights = Weigh(logits, probabilities, chosen); // [tokens, k]

        // In tensors, whose memory is reused from step to step.
        Tensor ordered = Tensor.Empty([tokens * topK], ElementType.Int32), pairs = Tensor.Empty([tokens * topK], ElementType.Int32);
        Tensor offsets = Tensor.Empty([Experts + 1], ElementType.Int32);
        long[] load = new long[Experts];
        SlotAssignment.Order(tokens, topK, _options.SlotOrder, Priority(probabilities), ordered.AsSpan<int>());
        SlotAssignment.Assign(
            chosen.AsReadOnlySpan<int>(), ordered.AsReadOnlySpan<int>(), _options.Capacity(tokens, Experts, IsTraining), DropRank(probabilities, chosen, weights),
            load, offsets.AsSpan<int>(), pairs.AsSpan<int>());

        Tensor kept = pairs.Slice(0, 0, offsets.AsReadOnlySpan<int>()[^1]); // token·k + choice of each kept pair
        if (_options.ActualRenormalise == Renormalisation.AfterDropping) weights = RenormaliseOver(weights, kept.AsReadOnlySpan<int>());
        return new Routing(
            tokens,
            TokensOf(kept.AsReadOnlySpan<int>(), topK),
            offsets,
            weights.Reshape([tokens * topK]).IndexSelect(0, kept),
            Losses(logits, probabilities, load),
            new RoutingStatistics(load, tokens * topK - kept.Elements, MeanEntropy(probabilities)))
        { Logits = logits };
    }

    private Tensor TopExperts(Tensor probabilities)
    {
        using Gradients.Pause pause = Gradients.Paused();
        return probabilities.TopK(_options.TopK, -1).Indices;
    }

    private Tensor Weigh(Tensor logits, Tensor probabilities, Tensor chosen)
    {
        Tensor weights = _options.Weights == CombineWeights.Softmax
            ? probabilities.Gather(-1, chosen)
            : logits.Gather(-1, chosen).Softmax(-1);
        return _options.ActualRenormalise == Renormalisation.BeforeDropping ? weights / weights.Sum([-1], keepAxes: true) : weights;
    }

    private List<RoutingLoss> Losses(Tensor logits, Tensor probabilities, long[] load)
    {
        List<RoutingLoss> losses = [];
        if (_options.BalanceCoefficient != 0)
        {
            losses.Add(new("balance", LoadBalance.Loss(probabilities, load, _options.BalanceCoefficient)));
        }
        if (_options.ZCoefficient != 0)
        {
            losses.Add(new("z", logits.LogSumExp(-1, keepAxis: false).Square().Mean() * _options.ZCoefficient));
        }
        return losses;
    }

    private float[] Priority(Tensor probabilities)
    {
        if (_options.SlotOrder != SlotOrder.ChoiceThenPriority) return [];
        using Gradients.Pause pause = Gradients.Paused();
        return probabilities.Max(-1).Values.To(ElementType.Float32).ToArray<float>();
    }

    private float[] DropRank(Tensor probabilities, Tensor chosen, Tensor weights)
    {
        using Gradients.Pause pause = Gradients.Paused();
        return _options.DropRule switch
        {
            DropRule.LowestWeight => weights.To(ElementType.Float32).ToArray<float>(),
            DropRule.LowestProbability => probabilities.Gather(-1, chosen).To(ElementType.Float32).ToArray<float>(),
            _ => [],
        };
    }

    private static Tensor RenormaliseOver(Tensor weights, ReadOnlySpan<int> kept)
    {
        // A token that keeps nothing divides 0 by the smallest normal number instead of by 0.
        Tensor mask = Tensor.Zeros([(int)weights.Elements], ElementType.Float32);
        Span<float> isKept = mask.AsSpan<float>();
        foreach (int pair in kept) isKept[pair] = 1;
        Tensor surviving = weights * mask.Reshape(weights.Shape).To(weights.Type);
        return surviving / surviving.Sum([-1], keepAxes: true).Clamp(SmallestNormal, null);
    }

    private static Tensor TokensOf(ReadOnlySpan<int> pairs, int topK)
    {
        Tensor tokens = Tensor.Empty([pairs.Length], ElementType.Int32);
        Span<int> tokenOf = tokens.AsSpan<int>();
        for (int pair = 0; pair < pairs.Length; pair++) tokenOf[pair] = pairs[pair] / topK;
        return tokens;
    }

    private static double MeanEntropy(Tensor probabilities)
    {
        double sum = probabilities.Type == ElementType.Float32 ? Entropy(probabilities.AsReadOnlySpan<float>()) : Entropy(probabilities.AsReadOnlySpan<double>());
        return sum / Math.Max(1, probabilities.Shape[0]);
    }

    /// <summary>-Σ p·ln p.</summary>
    private static double Entropy<T>(ReadOnlySpan<T> probabilities)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        const int Run = 256;
        Span<T> logarithms = stackalloc T[Run];
        double sum = 0;
        for (int start = 0; start < probabilities.Length; start += Run)
        {
            ReadOnlySpan<T> p = probabilities[start..Math.Min(start + Run, probabilities.Length)];
            // 0·ln 0 is 0: the smallest normal number stands in for 0 under the logarithm.
            TensorPrimitives.Max(p, T.CreateChecked(SmallestNormal), logarithms);
            TensorPrimitives.Log(logarithms[..p.Length], logarithms);
            sum -= double.CreateChecked(TensorPrimitives.Dot(p, logarithms[..p.Length]));
        }
        return sum;
    }
}

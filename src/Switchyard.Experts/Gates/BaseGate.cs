using Switchyard.Experts.Dispatch;
using Switchyard.Experts.Losses;
using Switchyard.Experts.Selection;
using Switchyard.Tensors;

namespace Switchyard.Experts.Gates;

/// <summary>The BASE layer's policy: balanced while training, greedy in evaluation; no loss for balance.</summary>
public sealed record BaseOptions : GateOptions
{
    /// <summary>Coefficient of the router z-loss.</summary>
    public double ZCoefficient { get; init; }

    /// <inheritdoc/>
    public override bool IsCausalInTraining => false;

    /// <inheritdoc/>
    public override Gate Make(GateSize size, Philox random) => new BaseGate(size.Width, size.Experts, this, random);

    /// <inheritdoc/>
    public override double ExpertsPerToken(int experts) => 1;

    /// <inheritdoc/>
    public override void Check(int experts) => CheckCoefficients(("z-loss", ZCoefficient));
}

/// <summary>
/// While training, the assignment of tokens to experts of the greatest Σ x_t·w_{e(t)} with ⌊T/E⌋ or ⌈T/E⌉ tokens for each:
/// exact, where an auction comes close. In evaluation the best expert, which is causal. The weight is σ(x·w_e), the only
/// way of gradients to the centroids w (BASE Layers, arXiv 2103.16716, §3). They begin as orthogonal rows of length 0.1.
/// </summary>
public sealed class BaseGate : RouterGate
{
    private const double Gain = 0.1;

    private readonly BaseOptions _options;
    private readonly Tensor _centroids;

    /// <summary>Makes a gate.</summary>
    /// <param name="width">Length of a token's hidden vector.</param>
    /// <param name="experts">How many experts there are.</param>
    /// <param name="options">The policy.</param>
    /// <param name="random">Draws the centroids.</param>
    public BaseGate(int width, int experts, BaseOptions options, Philox random)
        : base(experts)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check(experts);
        _options = options;
        _centroids = AddParameter("weight", OrthogonalRows(experts, width, random));
    }

    /// <inheritdoc/>
    protected override Tensor Logits(Tensor tokens, RoutingContext context) => Tensor.Linear(tokens, _centroids);

    /// <inheritdoc/>
    protected override Routing Choose(Tensor logits, RoutingContext context)
    {
        Choices choices = context.Replay is { } replay ? new(replay.Recorded.Choices) : IsTraining ? Assign(logits, context) : Choices.Top(logits, 1).Without(context.Mask);
        Tensor weights = logits.Gather(-1, choices.Columns).Sigmoid(); // [tokens, 1]
        List<RoutingLoss> losses = [];
        losses.AddZ(logits, _options.ZCoefficient, context);
        return new Routing(choices, Slots.ForAll(choices, Experts, context), weights, losses, RouterEntropy.Mean(Repaired(logits).Softmax(), context)) { Logits = logits };
    }

    /// <summary>The balanced assignment of the tokens that are no padding.</summary>
    private static Choices Assign(Tensor logits, in RoutingContext context)
    {
        using Gradients.Pause pause = Gradients.Paused();
        Tensor scores = context.WithoutPadding(logits).To(ElementType.Float64);
        int[] expertOf = BalancedAssignment.Solve(scores.AsReadOnlySpan<double>(), logits.Shape[1]);
        return new Choices(Tensor.From(expertOf, [expertOf.Length, 1])).Spread(context.Mask);
    }

    /// <summary>Scores that are not finite do not stop this gate: they count as 0 in the statistics.</summary>
    private static Tensor Repaired(Tensor logits)
    {
        using Gradients.Pause pause = Gradients.Paused();
        Tensor difference = logits - logits; // 0, or NaN
        return Tensor.Where(difference.IsEqualTo(0), logits, Tensor.Zeros(logits.Shape, logits.Type));
    }

    /// <summary>Rows of length <see cref="Gain"/> at right angles to one another, as far as the width allows (Gram–Schmidt).</summary>
    private static Tensor OrthogonalRows(int rows, int width, Philox random)
    {
        using Tensor drawn = Tensor.Normal([rows, width], 0, 1, random, ElementType.Float64);
        double[] numbers = drawn.ToArray<double>();
        for (int row = 0; row < rows; row++)
        {
            Span<double> own = numbers.AsSpan(row * width, width);
            for (int other = row - row % width; other < row; other++)
            {
                ReadOnlySpan<double> before = numbers.AsSpan(other * width, width);
                double overlap = System.Numerics.Tensors.TensorPrimitives.Dot(own, before);
                for (int i = 0; i < width; i++) own[i] -= overlap * before[i];
            }
            double length = System.Numerics.Tensors.TensorPrimitives.Norm<double>(own);
            for (int i = 0; i < width; i++) own[i] /= length;
        }
        using Tensor unit = Tensor.From(numbers, [rows, width]);
        using Tensor scaled = unit * Gain;
        return scaled.To(ElementType.Float32);
    }
}

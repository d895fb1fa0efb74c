using Switchyard.Modules;
using Switchyard.Tensors;

namespace Switchyard.Experts.Classic;

/// <summary>
/// The classic mixture of experts: a soft gate, linear in the features, weighs the distributions that the experts give
/// for the target, p(y|x) = Σ g_i(x) P_i(y|x) (Jacobs et al. 1991). With two levels g_ij = g_i(x) g_j|i(x) (Jordan and
/// Jacobs, "Hierarchical Mixtures of Experts and the EM Algorithm", Neural Computation 6, 1994). Fit it by
/// <see cref="ExpectationMaximisation"/> or <see cref="GradientFit"/>, from where <see cref="Start"/> puts it.
/// Features are Float64 [rows, inputs]; targets are Float64 [rows, outputs]: numbers, 0 or 1, or one-hot classes.
/// Expert j of group i has the index i · experts per group + j.
/// </summary>
/// <remarks>
/// Parameters: <c>top</c> [groups, 1 + inputs], with two levels <c>low</c> [groups, experts per group, 1 + inputs],
/// those of the experts, and for Gaussian ones <c>log_variance</c> [experts]. A gate whose last logit is held at 0 has
/// one row less.
/// </remarks>
public sealed class ClassicMixture : Module
{
    /// <summary>Makes a mixture whose parameters are all zero (variances 1): its experts are alike until <see cref="Start"/>.</summary>
    /// <exception cref="ArgumentException">The options make no mixture.</exception>
    public ClassicMixture(MixtureOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Options = options;
        int columns = 1 + options.Inputs, held = options.LastGateRowZero ? 1 : 0;
        TopGate = AddParameter("top", Tensor.Zeros([options.Groups - held, columns], ElementType.Float64));
        if (options.ExpertsPerGroup > 1)
            LowGates = AddParameter("low", Tensor.Zeros([options.Groups, options.ExpertsPerGroup - held, columns], ElementType.Float64));
        Experts = AddChild<MixtureExperts>("experts", options.Hidden > 0
            ? new MlpExperts(options.Experts, options.Outputs, options.Inputs, options.Hidden)
            : new LinearExperts(options.Experts, options.Outputs, options.Inputs));
        if (options.Family != ExpertFamily.Gaussian) return;
        Tensor logVariance = Tensor.Zeros([options.Experts], ElementType.Float64);
        LogVariance = options.LearnVariance ? AddParameter("log_variance", logVariance) : AddBuffer("log_variance", logVariance);
    }

    /// <summary>What it was made of.</summary>
    public MixtureOptions Options { get; }

    /// <summary>The rows of the top gate, one per logit: [groups, 1 + inputs], less the row that is held at 0.</summary>
    public Tensor TopGate { get; }

    /// <summary>The rows of the lower gates, [groups, experts per group, 1 + inputs], less those held at 0; null with one expert per group.</summary>
    public Tensor? LowGates { get; }

    /// <summary>The experts.</summary>
    public MixtureExperts Experts { get; }

    /// <summary>ln σ² of each Gaussian expert, [experts]; null for classes.</summary>
    public Tensor? LogVariance { get; }

    /// <summary>σ² of each Gaussian expert, at least the floor: [experts].</summary>
    /// <exception cref="InvalidOperationException">The experts are not Gaussian.</exception>
    public Tensor Variance() => LogVariance?.Exp().Clamp(Options.VarianceFloor, null) ?? throw new InvalidOperationException($"experts of the {Options.Family} family have no variance");

    /// <summary>ln g: the logarithm of every expert's share in every row, [rows, experts].</summary>
    public Tensor LogGate(Tensor features)
    {
        Tensor design = Design(features);
        Tensor top = WithHeldRow(Tensor.Linear(design, TopGate)).LogSoftmax(); // [rows, groups]
        if (LowGates is null) return top;
        (int rows, int groups, int free) = (design.Shape[0], Options.Groups, LowGates.Shape[1]);
        Tensor low = Tensor.Linear(design, LowGates.Reshape([groups * free, LowGates.Shape[2]])).Reshape([rows, groups, free]);
        Tensor shares = top.Reshape([rows, groups, 1]) + WithHeldRow(low).LogSoftmax(); // [rows, groups, experts per group]
        return shares.Reshape([rows, Options.Experts]);
    }

    /// <summary>ln P_i(y|x): how every expert likes every target, [rows, experts].</summary>
    public Tensor LogDensity(Tensor features, Tensor targets)
    {
        Tensor outputs = Outputs(features, targets);
        return Options.Family switch
        {
            ExpertFamily.Gaussian => MixtureErrors.LogNormal(outputs, targets, Variance()),
            ExpertFamily.Bernoulli => LogProbability(WithZero(outputs), Tensor.Concat([targets, 1 - targets], -1)),
            _ => LogProbability(outputs, targets),
        };
    }

    /// <summary>ln g_i(x) P_i(y|x), [rows, experts]: its log-sum-exp is the log-likelihood, its softmax the responsibilities.</summary>
    public Tensor LogJoint(Tensor features, Tensor targets) => LogGate(features) + LogDensity(features, targets);

    /// <summary>ln p(y|x) of every row, [rows].</summary>
    public Tensor LogLikelihood(Tensor features, Tensor targets) => LogJoint(features, targets).LogSumExp();

    /// <summary>h: the probability of every expert given x and y (the E-step), [rows, experts].</summary>
    public Tensor Responsibilities(Tensor features, Tensor targets) => LogJoint(features, targets).Softmax();

    /// <summary>½ ridge |parameters|² over gates and experts: what is taken from the log-likelihood, one number.</summary>
    public Tensor Penalty()
    {
        Tensor gates = TopGate.Square().Sum();
        if (LowGates is not null) gates += LowGates.Square().Sum();
        Tensor penalty = gates * (0.5 * Options.GateRidge);
        foreach ((_, Tensor parameter) in Experts.Parameters()) penalty += parameter.Square().Sum() * (0.5 * Options.ExpertRidge);
        return penalty;
    }

    /// <summary>What every expert predicts by itself: means or probabilities, [rows, experts, outputs].</summary>
    public Tensor ExpertMeans(Tensor features)
    {
        Tensor outputs = Experts.Forward(Design(features));
        return Options.Family switch
        {
            ExpertFamily.Gaussian => outputs,
            ExpertFamily.Bernoulli => outputs.Sigmoid(),
            _ => outputs.Softmax(),
        };
    }

    /// <summary>What the mixture predicts: the mean of y, or the probabilities of 1 or of the classes, [rows, outputs].</summary>
    public Tensor Predict(Tensor features)
    {
        Tensor gate = LogGate(features).Exp();
        return (gate.Reshape([gate.Shape[0], gate.Shape[1], 1]) * ExpertMeans(features)).Sum([1]);
    }

    /// <summary>
    /// Puts the mixture where experts can part. Linear experts for classes begin alike, at zero, and the gates part
    /// them: every branch begins around a row of its own, drawn far from the others, so features should have deviations
    /// of about 1. Where experts have numbers or hidden units, these and the gates begin at normal weights of deviation
    /// 1/√inputs, so that rules which hold in one and the same place can be told apart too. Variances begin at 1.
    /// </summary>
    /// <param name="features">The rows to be fitted, Float64 [rows, inputs]; at least one.</param>
    /// <param name="random">Draws the rows and the weights.</param>
    public void Start(Tensor features, Philox random)
    {
        ArgumentNullException.ThrowIfNull(random);
        using TensorScope scope = new();
        using Gradients.Pause pause = Gradients.Paused();
        double[] x = Design(features).Slice(1, 1).ToArray<double>();
        if (features.Shape[0] == 0) throw new ArgumentException("there are no rows to start from");
        bool beginAlike = Experts is LinearExperts && Options.Family != ExpertFamily.Gaussian;
        foreach ((_, Tensor parameter) in Parameters())
        {
            double deviation = beginAlike || ReferenceEquals(parameter, LogVariance) ? 0 : 1 / Math.Sqrt(parameter.Shape[-1]);
            parameter.CopyFrom(Tensor.Normal(parameter.Shape, 0, deviation, random, ElementType.Float64));
        }
        if (beginAlike) PlaceGates(x, [.. Enumerable.Range(0, features.Shape[0])], random);
    }

    private void PlaceGates(double[] features, int[] rows, Philox random)
    {
        ILookup<int, int> owned = GateStart.Place(features, Options.Inputs, rows, TopGate.AsSpan<double>(), Options.Groups, random);
        if (LowGates is null) return;
        int size = (int)LowGates.Elements / Options.Groups;
        for (int group = 0; group < Options.Groups; group++)
        {
            int[] own = owned.Contains(group) ? [.. owned[group]] : rows;
            GateStart.Place(features, Options.Inputs, own, LowGates.AsSpan<double>().Slice(group * size, size), Options.ExpertsPerGroup, random);
        }
    }

    /// <summary>[1, x]: the constant before the features.</summary>
    internal Tensor Design(Tensor features)
    {
        ArgumentNullException.ThrowIfNull(features);
        if (features.Rank != 2 || features.Shape[1] != Options.Inputs || features.Type != ElementType.Float64)
            throw new ArgumentException($"the features are {features}; Float64[rows, {Options.Inputs}] was expected");
        return Tensor.Concat([Tensor.Full([features.Shape[0], 1], 1, ElementType.Float64), features], 1); // [rows, 1 + inputs]
    }

    private Tensor Outputs(Tensor features, Tensor targets)
    {
        ArgumentNullException.ThrowIfNull(targets);
        Tensor outputs = Experts.Forward(Design(features));
        if (targets.Rank != 2 || targets.Shape[0] != features.Shape[0] || targets.Shape[1] != Options.Outputs || targets.Type != ElementType.Float64)
            throw new ArgumentException($"the targets are {targets}; Float64[{features.Shape[0]}, {Options.Outputs}] was expected");
        return outputs;
    }

    private Tensor WithHeldRow(Tensor logits) => Options.LastGateRowZero ? WithZero(logits) : logits;

    private static Tensor WithZero(Tensor logits) => Tensor.Concat([logits, Tensor.Zeros(logits.Shape.With(-1, 1), logits.Type)], -1);

    // [rows, experts, classes] and [rows, classes] -> [rows, experts]
    private static Tensor LogProbability(Tensor logits, Tensor classes)
        => (logits.LogSoftmax() * classes.Reshape([classes.Shape[0], 1, classes.Shape[1]])).Sum([-1]);
}

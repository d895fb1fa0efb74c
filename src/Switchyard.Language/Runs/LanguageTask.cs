using Switchyard.Experts;
using Switchyard.Experts.Gates;
using Switchyard.Tensors;
using Switchyard.Training;
using Switchyard.Training.Reports;

namespace Switchyard.Language.Runs;

/// <summary>What every task of a model of text has in common: the gates' schedules, the loss and its routing, the report.</summary>
public abstract class LanguageTask : TrainingTask
{
    private readonly IReadOnlyList<int> _mixtureLayers;
    private readonly Gate[] _gates;

    /// <summary>Makes a task.</summary>
    /// <param name="model">What learns.</param>
    private protected LanguageTask(LanguageModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        Model = model;
        _mixtureLayers = model.Options.MixtureLayers;
        _gates = [.. model.Modules().Select(static module => module.Module).OfType<Gate>()];
    }

    /// <inheritdoc/>
    public override LanguageModel Model { get; }

    /// <inheritdoc/>
    public override string ModelDescription => Model.Options.Describe();

    /// <inheritdoc/>
    public override void BeginStep(double progress)
    {
        foreach (Gate gate in _gates) gate.BeginStep(progress);
    }

    /// <inheritdoc/>
    public override void EndStep()
    {
        foreach (Gate gate in _gates) gate.EndStep();
    }

    /// <inheritdoc/>
    public abstract override LanguageEvaluation Evaluate(IProgress<WorkProgress>? progress, CancellationToken cancellation);

    /// <summary>What the report of a run shows of this task, made with the model as it is.</summary>
    public abstract TaskReport Report();

    /// <summary>The loss of a micro-batch.</summary>
    /// <param name="output">Of the model.</param>
    /// <param name="targets">The tokens that its logits are to predict, Int32 [rows]; of a negative one nothing is learnt.</param>
    /// <param name="tokens">How many tokens the micro-batch counts.</param>
    /// <param name="labelSmoothing">How much of each target is shared among all tokens; the loss that is shown is without it.</param>
    /// <param name="meanOver">
    /// What the sum over the targets is divided by, where that is not their number: ranks that have not as many targets for
    /// a token as the batch then still add up to its mean.
    /// </param>
    private protected TaskLoss Loss(LanguageModelOutput output, Tensor targets, long tokens, double labelSmoothing, double? meanOver = null)
    {
        Tensor logits = output.Logits.Reshape([(int)targets.Elements, Model.Options.Vocabulary]); // [rows, vocabulary]
        Tensor loss = CrossEntropy(logits, targets, labelSmoothing, meanOver);
        Tensor total = output.RoutingLoss() is { } routing ? loss + routing : loss;
        return new TaskLoss(total, labelSmoothing == 0 ? loss.ToDouble() : Plain(logits, targets, meanOver), tokens, Metrics(output.Routings.Select(static routing => routing.Statistics)));
    }

    /// <summary>The routing of every mixture layer as it is recorded.</summary>
    private protected IReadOnlyList<LayerMetrics> Metrics(IEnumerable<RoutingStatistics> layers, IReadOnlyList<int[]>? mainExperts = null) =>
        [.. layers.Select((statistics, index) => Metrics(_mixtureLayers[index], statistics) with { MainExperts = mainExperts?[index] })];

    /// <summary>The expert that handled each token of a text, for some of the routings of a forward pass.</summary>
    /// <param name="routings">Of all mixture layers, in order.</param>
    /// <param name="isShown">Which layers.</param>
    private protected IReadOnlyList<LayerChoices> Choices(IReadOnlyList<Routing> routings, Predicate<int> isShown) =>
        [.. routings.Zip(_mixtureLayers).Where(layer => isShown(layer.Second)).Select(static layer => new LayerChoices(layer.Second, layer.First.Experts, layer.First.MainExperts()))];

    private static double Plain(Tensor logits, Tensor targets, double? meanOver)
    {
        using Gradients.Pause pause = Gradients.Paused();
        return CrossEntropy(logits, targets, 0, meanOver).ToDouble();
    }

    private static Tensor CrossEntropy(Tensor logits, Tensor targets, double labelSmoothing, double? meanOver) => meanOver is { } count
        ? Tensor.CrossEntropy(logits, targets, labelSmoothing: labelSmoothing, reduction: LossReduction.Sum) * (1 / count)
        : Tensor.CrossEntropy(logits, targets, labelSmoothing: labelSmoothing);

    private static LayerMetrics Metrics(int layer, RoutingStatistics statistics)
    {
        double pairs = Math.Max(1, statistics.Pairs);
        double[] load = new double[statistics.Load.Count];
        for (int expert = 0; expert < load.Length; expert++) load[expert] = statistics.Load[expert] / pairs;
        return new LayerMetrics
        {
            Layer = layer,
            Load = load,
            Entropy = statistics.LoadEntropy,
            DroppedFraction = statistics.DroppedFraction,
            MaxOverMean = statistics.MaxOverMean,
            ActivePerToken = statistics.ActivePerToken,
        };
    }
}

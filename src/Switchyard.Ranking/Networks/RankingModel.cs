using Switchyard.Modules;
using Switchyard.Ranking.Bias;
using Switchyard.Ranking.Data;
using Switchyard.Ranking.Features;
using Switchyard.Ranking.Losses;
using Switchyard.Tensors;

namespace Switchyard.Ranking.Networks;

/// <summary>What learns: the scorer that will serve, and beside it what explains the page away and is left behind.</summary>
public sealed class RankingModel : Module
{
    private readonly DebiasingOptions _debiasing;
    private readonly PositionTower? _tower;
    private readonly ExaminationHead? _examination;
    private readonly PositionAdversary? _adversary;
    private readonly TaskWeights _weights;

    /// <summary>Makes a model.</summary>
    /// <param name="layout">How examples are laid out.</param>
    /// <param name="network">The shape of the network.</param>
    /// <param name="debiasing">How position bias is dealt with.</param>
    /// <param name="weighting">How the losses become one.</param>
    /// <param name="random">Draws the initial weights; those of the scorer do not depend on the de-biasing.</param>
    /// <exception cref="ArgumentException">The options do not fit the schema.</exception>
    public RankingModel(ExampleLayout layout, NetworkOptions network, DebiasingOptions debiasing, TaskWeighting weighting, Philox random)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(debiasing);
        ArgumentNullException.ThrowIfNull(random);
        debiasing.Check();
        _debiasing = debiasing;
        PositionColumns? place = layout.Schema.Position;
        if (debiasing.Kind != Debiasing.None && place is null) throw new ArgumentException($"de-biasing by {debiasing.Kind} needs positions: name their column in the schema, or choose none");
        Philox bias = random.Split("bias");
        PositionInput? input = PositionInput.For(layout.Schema, debiasing, bias);
        Scorer = AddChild("scorer", new Scorer(layout, network, input, random.Split("scorer")));
        if (debiasing.Kind == Debiasing.Tower) _tower = AddChild("bias", new PositionTower(place!.Positions, place.DeviceCount, debiasing.Width, debiasing.MissingRow, bias));
        if (debiasing.Kind == Debiasing.Pal) _examination = AddChild("bias", new ExaminationHead(place!.Positions, place.DeviceCount));
        if (debiasing.Kind == Debiasing.Adversarial) _adversary = AddChild("bias", new PositionAdversary(Scorer.Network.Width, place!.Positions, debiasing.Reversal, bias));
        _weights = AddChild("weights", new TaskWeights([.. layout.Schema.Tasks.Select(static task => task.Weight)], weighting));
    }

    /// <summary>What serves.</summary>
    public Scorer Scorer { get; }

    /// <summary>θ [positions, devices], for inverse propensity weighting.</summary>
    public double[,]? Propensities { get; set; }

    /// <summary>The loss of a batch, and what the scorer made of it.</summary>
    /// <param name="batch">The examples.</param>
    /// <param name="random">For dropout; null for none.</param>
    /// <param name="step">The step under way, from 0.</param>
    /// <returns>What is minimised, the same without what is only means to an end, and the scores.</returns>
    public (Tensor Total, Tensor Loss, ScorerOutput Output) Loss(ExampleBatch batch, Philox? random, long step)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ScorerOutput output = Scorer.Forward(batch, random);
        bool[]? keep = PositionTable.Keep(batch.Count, _tower is null ? 0 : _debiasing.PositionDropout, random?.Split("position"));
        List<Tensor> losses = [];
        Tensor? adversarial = null;
        IReadOnlyList<TaskColumn> tasks = batch.Layout.Schema.Tasks;
        for (int task = 0; task < tasks.Count; task++)
        {
            (Tensor labels, Tensor? mask) = Labels(batch, task);
            Tensor logits = output.Logits[task];
            Tensor rows = tasks[task].Biased ? Biased(batch, logits, labels, keep) : TaskLosses.PerRow(tasks[task].Kind, logits, labels);
            losses.Add(TaskLosses.Mean(rows, mask));
            if (tasks[task].Biased && _adversary is not null) adversarial = _adversary.Loss(output.Network.Streams[task], batch.Positions());
        }
        Tensor loss = _weights.Total(losses, step, random is null ? null : [.. Scorer.Network.Parameters().Select(static parameter => parameter.Tensor)]);
        return (adversarial is null ? loss : loss + adversarial, loss, output);
    }

    /// <summary>What the model has learnt of the bias: the logarithm of how likely each place is examined, up to a constant [positions, devices]; null where it has learnt none.</summary>
    public double[,]? LogBias()
    {
        if (_tower is null && _examination is null) return null;
        PositionColumns place = Scorer.Layout.Schema.Position!;
        using TensorScope scope = new();
        using Gradients.Pause pause = Gradients.Paused();
        double[,] bias = new double[place.Positions, place.DeviceCount];
        for (int position = 0; position < place.Positions; position++)
            for (int device = 0; device < place.DeviceCount; device++)
                bias[position, device] = _tower?.Logit(position, device) ?? _examination!.LogProbability([position], [device]).ToDouble();
        return bias;
    }

    private Tensor Biased(ExampleBatch batch, Tensor logits, Tensor labels, bool[]? keep)
    {
        if (_tower is not null) return TaskLosses.PerRow(TaskKind.Binary, logits + _tower.Forward(batch, keep), labels);
        if (_examination is not null) return ExaminationHead.Loss(logits, _examination.LogProbability(batch.Positions(), batch.Devices()), labels);
        if (_debiasing.Kind == Debiasing.Ipw) return InversePropensity.Loss(logits, labels, ThetaOf(batch), _debiasing.Clip);
        return TaskLosses.PerRow(TaskKind.Binary, logits, labels);
    }

    private Tensor ThetaOf(ExampleBatch batch)
    {
        double[,] theta = Propensities ?? throw new InvalidOperationException("propensities are needed to weigh clicks by: estimate them first");
        int[] positions = batch.Positions(), devices = batch.Devices();
        float[] of = new float[batch.Count];
        for (int row = 0; row < of.Length; row++) of[row] = positions[row] < 0 ? 1 : (float)theta[Math.Min(positions[row], theta.GetLength(0) - 1), devices[row]];
        return Tensor.From(of, [of.Length]);
    }

    private static (Tensor Labels, Tensor? Mask) Labels(ExampleBatch batch, int task)
    {
        float[] labels = batch.Labels(task);
        if (!Array.Exists(labels, float.IsNaN)) return (Tensor.From(labels, [labels.Length]), null);
        float[] mask = Array.ConvertAll(labels, static label => float.IsNaN(label) ? 0f : 1f);
        return (Tensor.From(Array.ConvertAll(labels, static label => float.IsNaN(label) ? 0 : label), [labels.Length]), Tensor.From(mask, [mask.Length]));
    }
}

using Switchyard.Collectives;
using Switchyard.Experts;
using Switchyard.Experts.Evolution;
using Switchyard.Experts.Gates;
using Switchyard.Experts.Ranks;
using Switchyard.Language.Runs;
using Switchyard.Modules;
using Switchyard.Tensors;
using Switchyard.Training;
using Switchyard.Training.Ranks;
using Switchyard.Training.Reports;

namespace Switchyard.Language.Evolution;

/// <summary>
/// A task whose model changes from phase to phase: weights go on under their names, and where a dense model gets experts,
/// they are made out of its blocks. Knows nothing of what is learnt: that is the task of each phase.
/// </summary>
public sealed class PhasedTask : TrainingTask
{
    private readonly LanguageRunOptions _options;
    private readonly Func<LanguageModel, LanguageTask> _makeTask;
    private readonly IReadOnlyList<LanguagePhase> _phases;
    private readonly int _spawning; // the phase that begins with experts made out of a dense model, or -1
    private readonly ExpertSpawner? _spawner;
    private LanguageTask _task;
    private (ProcessGroup Ranks, ExchangeQueue? Queue)? _distribution;
    private ShardedParameters? _shards;
    private MoeLayer[] _mixtures = [];
    private List<(Tensor Weights, IReadOnlyList<int> Places)> _masked = [];

    /// <summary>Makes a task in its first phase.</summary>
    /// <param name="options">The model, the phases and the seed.</param>
    /// <param name="makeTask">What is learnt by a model.</param>
    public PhasedTask(LanguageRunOptions options, Func<LanguageModel, LanguageTask> makeTask)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(makeTask);
        (_options, _makeTask) = (options, makeTask);
        _phases = options.Phases.Count > 0 ? options.Phases : [new LanguagePhase { Name = "training", Dense = !options.Model.HasExperts }];
        LanguagePhase.Check(_phases, options.Model);
        int first = _phases.TakeWhile(static phase => phase.Dense).Count();
        _spawning = first < _phases.Count && (first > 0 || options.From is not null) ? first : -1;
        _spawner = _spawning < 0 ? null : new ExpertSpawner(_phases[_spawning].Spawn, options.Learning.Seed);
        _task = Make(0);
        if (options.Phases.Count > 0 && first == 0) BeginAsDense();
    }

    /// <summary>Shares the experts of all phases out among ranks; see <see cref="LanguageModel.Distribute"/>.</summary>
    public void Distribute(ProcessGroup ranks, ExchangeQueue? queue)
    {
        _distribution = (ranks, queue);
        Prepare(Model);
    }

    /// <summary>The model of the phase.</summary>
    public override LanguageModel Model => _task.Model;

    /// <inheritdoc/>
    public override string ModelDescription => _task.ModelDescription;

    /// <inheritdoc/>
    public override long TokensPerMicroBatch => _task.TokensPerMicroBatch;

    /// <inheritdoc/>
    public override string Unit => _task.Unit;

    /// <inheritdoc/>
    public override IReadOnlyList<TrainingPhase> Phases => _phases;

    /// <inheritdoc/>
    public override Module? Enter(int phase)
    {
        LanguageModel former = Model;
        _task = Make(phase);
        return former;
    }

    /// <inheritdoc/>
    public override Tensor? Carry(string name, Func<string, Tensor?> former, bool isMoment)
    {
        ArgumentNullException.ThrowIfNull(former);
        if (former(name) is { } same) return same;
        if (_spawner is null || ExpertName.Parse(name) is not { } expert || former(expert.OfBlock) is not { } block) return null;
        int experts = Model.Options.Experts;
        Tensor all = isMoment ? _spawner.Averages(expert.Layer, expert.Matrix, block, experts) : _spawner.Weights(expert.Layer, expert.Matrix, block, experts);
        // Every rank has the block, and keeps its own of the experts that were made out of it.
        return _shards is null ? all : _shards.Own(name, all);
    }

    /// <summary>How the experts are made with which a phase begins; null where it does not begin by making any.</summary>
    public SpawnOptions? SpawnOf(TrainingPhase phase) => _spawning >= 0 && _phases[_spawning] == phase ? _phases[_spawning].Spawn : null;

    /// <summary>Begins with the weights of a dense model instead of random ones.</summary>
    /// <param name="dense">The model.</param>
    /// <param name="progress">Is told how far the evaluations have come, or null.</param>
    /// <returns>How good the model was, and how good what begins is.</returns>
    /// <exception cref="SwitchyardException">The models differ in more than experts and gates.</exception>
    public PhaseEntry BeginWith(LanguageModel dense, IProgress<WorkProgress>? progress)
    {
        ArgumentNullException.ThrowIfNull(dense);
        using TensorScope scope = new();
        using Gradients.Pause pause = Gradients.Paused();
        double before = Evaluate(_makeTask(dense), progress).Loss;
        CarryFrom(dense);
        BeginStep(0);
        return new PhaseEntry(0, _phases[0], before, Evaluate(_task, progress).Loss);
    }

    /// <inheritdoc/>
    public override double FlopsPerToken(IReadOnlyList<LayerMetrics> layers)
    {
        ArgumentNullException.ThrowIfNull(layers);
        double flops = Model.TrainingFlopsPerToken;
        if (layers.Count != _mixtures.Length) return flops;
        // The model counts the experts that a token has in the end; six operations for each weight of one more.
        double usual = Model.Options.HasExperts ? Model.Options.Routing.ExpertsPerToken(Model.Options.Experts) : 0;
        for (int i = 0; i < layers.Count; i++)
            if (layers[i].ActivePerToken is { } active) flops += 6 * (active - usual) * _mixtures[i].Experts.Parameters().Sum(static weight => weight.Tensor.Shape.Without(0).Elements);
        return flops;
    }

    /// <inheritdoc/>
    public override void BeginStep(double progress) => _task.BeginStep(progress);

    /// <inheritdoc/>
    public override void EndStep()
    {
        _task.EndStep();
        foreach ((Tensor weights, IReadOnlyList<int> places) in _masked)
        {
            Span<float> entries = weights.AsSpan<float>();
            foreach (int place in places) entries[place] = 0;
        }
    }

    /// <inheritdoc/>
    public override TaskLoss Loss(long microBatch, Philox random)
    {
        TaskLoss loss = _task.Loss(microBatch, random);
        return loss with { Layers = [.. WithTemperature(loss.Layers)] };
    }

    /// <inheritdoc/>
    public override LanguageEvaluation Evaluate(IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        LanguageEvaluation evaluation = _task.Evaluate(progress, cancellation);
        if (evaluation.Layers.Count != _mixtures.Length) return evaluation;
        return evaluation with { Layers = [.. WithTemperature(evaluation.Layers).Select((layer, index) => layer with { ExpertDistance = ExpertDistance.Of(_mixtures[index].Experts) })] };
    }

    /// <summary>What the report of a run shows of what is learnt.</summary>
    public TaskReport Report() => _task.Report();

    /// <inheritdoc/>
    public override string? FirstNonFinite(Tensor loss) => _task.FirstNonFinite(loss);

    private LanguageTask Make(int phase)
    {
        LanguageTask task = _makeTask(_phases[phase].ModelIn(_options.Model).Make(InitialWeights()));
        Prepare(task.Model);
        return task;
    }

    private void Prepare(LanguageModel model)
    {
        if (_distribution is { } to)
        {
            model.Distribute(to.Ranks, to.Queue);
            _shards = new ShardedParameters(model, to.Ranks);
        }
        _mixtures = [.. model.Modules().Select(static module => module.Module).OfType<MoeLayer>()];
        _masked = _spawning < 0 || !_phases[_spawning].Spawn.Persistent ? [] : [.. model.Parameters()
            .Select(weight => (Parameter: weight.Name, weight.Tensor, Name: ExpertName.Parse(weight.Name)))
            .Where(static weight => weight.Name is not null)
            .Select(weight => (weight.Tensor, MaskedPlaces(weight.Parameter, weight.Name!.Value, weight.Tensor.Shape)))];
    }

    /// <summary>The masked places among the rows that this rank has.</summary>
    private int[] MaskedPlaces(string parameter, ExpertName name, Shape own)
    {
        int experts = _options.Model.Experts, length = (int)own.Without(0).Elements;
        (int first, int count) = _shards?.RowsOf(parameter) ?? (0, experts);
        return [.. _spawner!.MaskedPlaces(name.Layer, name.Matrix, own.With(0, experts)).Where(place => place / length >= first && place / length < first + count).Select(place => place - first * length)];
    }

    /// <summary>
    /// All but experts and gates begins as in the dense model of the seed, whatever the recipe draws before it: two recipes
    /// then differ in nothing else.
    /// </summary>
    private void BeginAsDense()
    {
        using Gradients.Pause pause = Gradients.Paused();
        using LanguageModel dense = (_options.Model with { Experts = 0 }).Make(InitialWeights());
        Dictionary<string, Tensor> values = dense.Parameters().ToDictionary(static weight => weight.Name, static weight => weight.Tensor);
        foreach ((string name, Tensor target) in Model.Parameters())
            if (values.GetValueOrDefault(name) is { } value && value.Shape == target.Shape) target.CopyFrom(value);
    }

    private Philox InitialWeights() => new Philox(_options.Learning.Seed).Split("initial weights");

    private static Evaluation Evaluate(TrainingTask task, IProgress<WorkProgress>? progress)
    {
        task.Model.Train(false);
        Evaluation evaluation = task.Evaluate(progress, CancellationToken.None);
        task.Model.Train();
        return evaluation;
    }

    private IEnumerable<LayerMetrics> WithTemperature(IReadOnlyList<LayerMetrics> layers)
        => layers.Count != _mixtures.Length ? layers : layers.Select((layer, index) => _mixtures[index].Gate is DenseToSparseGate gate ? layer with { Temperature = gate.Temperature } : layer);
}

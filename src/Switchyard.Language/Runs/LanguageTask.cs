using Switchyard.Experts;
using Switchyard.Experts.Gates;
using Switchyard.Language.Evaluations;
using Switchyard.Language.Text;
using Switchyard.Language.Tokenizers;
using Switchyard.Modules;
using Switchyard.Tensors;
using Switchyard.Training;
using Switchyard.Training.Reports;

namespace Switchyard.Language.Runs;

/// <summary>Next-token prediction on windows of a text.</summary>
public sealed class LanguageTask : TrainingTask
{
    private readonly LanguageModel _model;
    private readonly Tokenizer _tokenizer;
    private readonly WindowSampler _windows;
    private readonly EvaluationWindows _heldOut;
    private readonly int _batch;
    private readonly IReadOnlyList<int> _mixtureLayers;
    private readonly Gate[] _gates;

    /// <summary>Makes a task.</summary>
    /// <param name="model">What learns.</param>
    /// <param name="tokenizer">Tells how many bytes a token stands for.</param>
    /// <param name="windows">What it learns from.</param>
    /// <param name="heldOut">What it is judged by.</param>
    /// <param name="batch">Windows per micro-batch.</param>
    public LanguageTask(LanguageModel model, Tokenizer tokenizer, WindowSampler windows, EvaluationWindows heldOut, int batch)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(windows);
        if (batch < 1 || (long)batch * (windows.WindowLength - 1) > int.MaxValue) throw new ArgumentException($"the batch is {batch} windows of {windows.WindowLength - 1} tokens: give 1 window or more, and at most {int.MaxValue:N0} tokens");
        (_model, _tokenizer, _windows, _heldOut, _batch) = (model, tokenizer, windows, heldOut, batch);
        _mixtureLayers = model.Options.MixtureLayers;
        _gates = [.. model.Modules().Select(static module => module.Module).OfType<Gate>()];
    }

    /// <inheritdoc/>
    public override Module Model => _model;

    /// <inheritdoc/>
    public override string ModelDescription => _model.Options.Describe();

    /// <inheritdoc/>
    public override long TokensPerMicroBatch => (long)_batch * (_windows.WindowLength - 1);

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
    /// <remarks>A model whose experts are shared out gets this rank's share of the windows.</remarks>
    public override TaskLoss Loss(long microBatch, Philox random)
    {
        (int first, int count) = _model.Ranks is { } ranks ? WindowBatch.Share(_batch, ranks) : (0, _batch);
        WindowBatch windows = new(count, _windows.WindowLength);
        for (int i = 0; i < count; i++) windows.Set(i, _windows.Window(microBatch * _batch + first + i));
        LanguageModelOutput output = _model.Forward(windows.Inputs, count == _batch ? random : random.Part(first, count, _batch));
        Tensor logits = output.Logits.Reshape([(int)windows.Targets.Elements, _model.Options.Vocabulary]); // [batch · context, vocabulary]
        Tensor loss = Tensor.CrossEntropy(logits, windows.Targets);
        Tensor total = output.RoutingLoss() is { } routing ? loss + routing : loss;
        return new TaskLoss(total, loss.ToDouble(), windows.Targets.Elements, [.. output.Routings.Select((routing, index) => Metrics(_mixtureLayers[index], routing.Statistics))]);
    }

    /// <inheritdoc/>
    public override Evaluation Evaluate(IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        TextEvaluation evaluation = TextEvaluator.Evaluate(
            _model, _tokenizer, _heldOut, _batch, done => progress?.Report(new("evaluating", "windows", done, _heldOut.Count)), cancellation);
        return new LanguageEvaluation(evaluation, [.. evaluation.Layers.Select((layer, index) => Metrics(_mixtureLayers[index], layer))]);
    }

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
        };
    }
}

/// <summary>An evaluation on held-out text, with its figures per byte.</summary>
/// <param name="Text">The figures.</param>
/// <param name="Layers">The routing of each mixture layer.</param>
public sealed record LanguageEvaluation(TextEvaluation Text, IReadOnlyList<LayerMetrics> Layers)
    : Evaluation(Text.NatsPerToken, Text.Tokens, Layers);

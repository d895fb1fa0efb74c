using Switchyard.Language.Evaluations;
using Switchyard.Language.Generation;
using Switchyard.Language.Text;
using Switchyard.Language.Tokenizers;
using Switchyard.Tensors;
using Switchyard.Training;
using Switchyard.Training.Reports;

namespace Switchyard.Language.Runs;

/// <summary>Next-token prediction on windows of a text.</summary>
public sealed class CausalTask : LanguageTask
{
    private const int SampleTokens = 400;

    private readonly CausalModel _model;
    private readonly Tokenizer _tokenizer;
    private readonly WindowSampler _windows;
    private readonly EvaluationWindows _heldOut;
    private readonly LearningOptions _learning;

    /// <summary>Makes a task.</summary>
    /// <param name="model">What learns.</param>
    /// <param name="tokenizer">Tells how many bytes a token stands for.</param>
    /// <param name="windows">What it learns from.</param>
    /// <param name="heldOut">What it is judged by.</param>
    /// <param name="learning">Windows per micro-batch, and label smoothing.</param>
    public CausalTask(CausalModel model, Tokenizer tokenizer, WindowSampler windows, EvaluationWindows heldOut, LearningOptions learning)
        : base(model)
    {
        ArgumentNullException.ThrowIfNull(windows);
        ArgumentNullException.ThrowIfNull(learning);
        learning.CheckBatch(windows.WindowLength - 1);
        (_model, _tokenizer, _windows, _heldOut, _learning) = (model, tokenizer, windows, heldOut, learning);
    }

    /// <summary>The built-in text with its domains and its entropy, if that is what is learnt.</summary>
    public GeneratedCorpus? Generated { get; init; }

    /// <inheritdoc/>
    public override long TokensPerMicroBatch => (long)_learning.Batch * (_windows.WindowLength - 1);

    /// <inheritdoc/>
    public override TaskLoss Loss(long microBatch, Philox random)
    {
        BatchShare share = BatchShare.Of(_learning.Batch, _model.Ranks);
        WindowBatch windows = new(share.Count, _windows.WindowLength);
        for (int i = 0; i < share.Count; i++) windows.Set(i, _windows.Window(microBatch * _learning.Batch + share.First + i));
        LanguageModelOutput output = _model.Forward(windows.Inputs, share.Part(random));
        return Loss(output, windows.Targets, windows.Targets.Elements, _learning.LabelSmoothing);
    }

    /// <inheritdoc/>
    public override CausalEvaluation Evaluate(IProgress<WorkProgress>? progress, CancellationToken cancellation)
    {
        TextEvaluation evaluation = TextEvaluator.Evaluate(
            _model, _tokenizer, _heldOut, _learning.Batch, done => progress?.Report(new("evaluating", "windows", done, _heldOut.Count)), cancellation);
        return new CausalEvaluation(evaluation, Metrics(evaluation.Layers, evaluation.MainExperts)) { SourceNatsPerByte = Generated?.NatsPerByte };
    }

    /// <inheritdoc/>
    public override TaskReport Report()
    {
        double bytesPerToken = (double)_heldOut.Stream.Bytes / _heldOut.Stream.Tokens.Length;
        return new TaskReport
        {
            Loss = "Cross-entropy of the next token: on each batch while training, and on text that was held out.",
            Samples = [Sample()],
            RoutedTexts = _model.Options.HasExperts ? [Routed()] : [],
            Domains = Generated is { } generated && _model.Options.HasExperts ? DomainLoads(generated) : [],
            BytesPerToken = bytesPerToken,
            SourceEntropy = Generated?.NatsPerByte * bytesPerToken,
        };
    }

    private TextSample Sample()
    {
        int[] prompt = _heldOut.Stream.Tokens[..Math.Min(32, _heldOut.Stream.Tokens.Length)].ToArray();
        SamplingOptions options = new() { Temperature = 0.8, TopP = 0.95 };
        TextGenerator generator = new(_model, new Sampler(options, new Philox(_learning.Seed).Split("sample")));
        int[] tokens = [.. generator.Continue(prompt).Take(SampleTokens)];
        return new TextSample(_tokenizer.Decode(prompt), _tokenizer.Decode(tokens), "temperature 0.8, top-p 0.95; the prompt begins the held-out text");
    }

    /// <summary>One window of the held-out text with the expert that handled each token.</summary>
    private RoutedText Routed()
    {
        int[] ids = _heldOut.Stream.Tokens[..Math.Min(_model.Options.Context, _heldOut.Stream.Tokens.Length)].ToArray();
        return new RoutedText("the beginning of the held-out text", [.. ids.Select(id => _tokenizer.Decode([id]))], Choices(ids));
    }

    /// <summary>Which share of each domain's tokens each expert handles, over some windows of the built-in text.</summary>
    private List<DomainLoad> DomainLoads(GeneratedCorpus generated)
    {
        const int Windows = 64;
        int context = _model.Options.Context, position = TextCorpus.CutOf(generated.Utf8.Span);
        List<string> domains = [.. GeneratedCorpus.Domains];
        SortedDictionary<int, double[,]> counts = [];
        int experts = _model.Options.Experts, token = 0;
        for (int window = 0; window < Windows && token + context <= _heldOut.Stream.Tokens.Length; window++)
        {
            int[] ids = _heldOut.Stream.Tokens.Slice(token, context).ToArray();
            token += context;
            int[] domainOf = new int[context];
            for (int i = 0; i < context; i++)
            {
                domainOf[i] = domains.IndexOf(generated.DomainAt(position));
                position += _tokenizer.TokenBytes(ids[i]).Length;
            }
            foreach (LayerChoices layer in Choices(ids))
            {
                if (!counts.TryGetValue(layer.Layer, out double[,]? table)) counts[layer.Layer] = table = new double[domains.Count, experts];
                for (int i = 0; i < context; i++)
                    if (layer.Choices[i] >= 0) table[domainOf[i], layer.Choices[i]]++;
            }
        }
        return [.. counts.Select(layer => new DomainLoad(layer.Key, domains, Shares(layer.Value)))];
    }

    private static double[,] Shares(double[,] counts)
    {
        for (int row = 0; row < counts.GetLength(0); row++)
        {
            double sum = 0;
            for (int column = 0; column < counts.GetLength(1); column++) sum += counts[row, column];
            for (int column = 0; column < counts.GetLength(1); column++) counts[row, column] /= Math.Max(1, sum);
        }
        return counts;
    }

    private IReadOnlyList<LayerChoices> Choices(int[] ids)
    {
        using Gradients.Pause pause = Gradients.Paused();
        using TensorScope scope = new();
        _model.Train(false);
        return Choices(_model.Forward(Tensor.From(ids, [1, ids.Length])).Routings, static _ => true);
    }
}

/// <summary>An evaluation on held-out text, with its figures per byte.</summary>
/// <param name="Text">The figures.</param>
/// <param name="Layers">The routing of each mixture layer.</param>
public sealed record CausalEvaluation(TextEvaluation Text, IReadOnlyList<LayerMetrics> Layers)
    : LanguageEvaluation(Text.NatsPerToken, Text.Tokens, Layers)
{
    /// <summary>The entropy of the text, where it is known.</summary>
    public double? SourceNatsPerByte { get; init; }

    /// <inheritdoc/>
    public override string Headline => $"{Text.NatsPerByte:f4} nats per byte";

    /// <inheritdoc/>
    public override string Description => $"{Headline} on the held-out text ({Text.NatsPerToken:f4} per token, perplexity {Text.Perplexity:f2})";

    /// <inheritdoc/>
    public override IReadOnlyList<(string Name, double? Value)> Summary =>
        [("validation_loss", Text.NatsPerToken), ("nats_per_byte", Text.NatsPerByte), ("perplexity", Text.Perplexity), ("source_nats_per_byte", SourceNatsPerByte)];

    /// <inheritdoc/>
    public override double DroppedFraction => Text.DroppedFraction;
}
